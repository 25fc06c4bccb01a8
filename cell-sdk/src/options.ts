import type { Thid } from "@thynapse/protocol";
import type { GapStatus } from "./core/status.js";
import type { Transport } from "./transport/transport.js";

/** Where the SDK writes what an operator should see; pino fits. Silent without one. */
export interface Logger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

/** Options of `connect`. */
export interface ConnectOptions {
  /** The service that this process is a cell of: one channel segment. */
  readonly service: string;
  /**
   * Command addresses, tried in turn; default `tcp://127.0.0.1:5454`. More are learned from the
   * mesh.
   */
  readonly transmitters?: string | readonly string[];
  /** The identity of this run of the process; default: drawn at random, which is what you want. */
  readonly id?: Thid;
  /** Whether multicatches get the events that this cell sends: default true. */
  readonly echo?: boolean;
  /** How long to wait for the first welcome, in ms: 1 … 3 600 000, default 5 000. */
  readonly connectTimeoutMs?: number;
  /** How long `close` waits for handlers and confirms, in ms: 0 … 3 600 000, default 10 000. */
  readonly drainTimeoutMs?: number;
  /**
   * Signals of the process on which the cell closes, such as `["SIGTERM"]`, or one; default none.
   * Not `SIGKILL` and `SIGSTOP`, which nobody can catch.
   */
  readonly drainOn?: readonly NodeJS.Signals[] | NodeJS.Signals;
  /** Closes the cell when it aborts. */
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
  /**
   * Bytes of unconfirmed events that the outbox keeps: 1 MiB … 1 GiB, default 64 MiB. Costs that
   * much memory while no transmitter answers; beyond it `send` waits, as many bytes again and
   * 65 536 events at most, then it is refused with `OUTBOX_FULL`.
   */
  readonly outboxBytesMax?: number;
  /** Unconfirmed events that the outbox keeps: 1 … 4 194 304, default 262 144. */
  readonly outboxEventsMax?: number;
  /**
   * How to reach a transmitter; default ZeroMQ. `inProcess(transmitter)` for one in this process.
   */
  readonly transport?: Transport;
}

/** What else an event can carry. */
export interface OutputOptions {
  /** At most 64 entries, together at most 8 KiB. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Key of affinity: 1 … 255 bytes. */
  readonly key?: string;
  /** Dropped and counted when older than this at delivery, in ms: at least 1. */
  readonly ttlMs?: number;
  /** Idempotency key, 1 … 255 bytes: the same one within 120 s goes nowhere. */
  readonly id?: string;
}

/** What a receipt waits for. */
export type Until = "accepted" | "handled";

/** Options of `send`. */
export interface SendOptions extends OutputOptions {
  /**
   * `accepted`: the origin holds it in memory, the default; `handled`: every group has settled it.
   */
  readonly until?: Until;
  /** Gives up waiting: for room in the outbox, then the event is not sent; or for the receipt. */
  readonly signal?: AbortSignal;
}

/** Options of `ask`. */
export interface AskOptions {
  /** How long to wait, in ms: 1 … 3 600 000, default 5 000. */
  readonly timeoutMs?: number;
  /** Whether a handler that throws is followed by another attempt: default false. */
  readonly retry?: boolean;
  /** Whether the answer comes in parts: default false. */
  readonly parts?: boolean;
  /**
   * With `parts`: whether to begin again when another attempt does, instead of throwing
   * `RESTARTED`.
   */
  readonly restart?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: string;
  readonly signal?: AbortSignal;
}

/** Options of `gather`. */
export interface GatherOptions {
  /** How long to wait, in ms: 1 … 3 600 000, default 5 000. */
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Options of `multicatch`. */
export interface MulticatchOptions {
  /**
   * Handlers that run at once: 1 … 65 535, default 1. They start in order; with more than 1 they
   * may end in another.
   */
  readonly concurrency?: number;
  /** Whether events of this cell come too; default as in `connect`. */
  readonly echo?: boolean;
  /** Bytes that wait for the handler: 64 KiB … 1 GiB, default 16 MiB. */
  readonly bufferBytesMax?: number;
  /**
   * At that bound: `repair`, the default, leaves the newest and fetches them again later, from a
   * ring that may have moved on; `drop-oldest` drops what has waited longest, but keeps the
   * newest run, however large. Either way what is lost is reported as a gap.
   */
  readonly overflow?: Overflow;
  /**
   * Called for each gap of this catch, besides the status. What it throws, or its promise is
   * rejected with, is a `warning`, and goes no further.
   */
  readonly onGap?: (gap: GapStatus) => unknown;
  /** Releases the catch when it aborts. */
  readonly signal?: AbortSignal;
}

/** What a full buffer does. */
export type Overflow = "repair" | "drop-oldest";

/** Options of `anycatch`. */
export interface AnycatchOptions {
  /** Handlers that run at once: 1 … 65 535, default 1. */
  readonly concurrency?: number;
  /**
   * Deliveries that this cell may hold unsettled: 1 … 65 535; default: found by itself, at least
   * `concurrency`, at most what the handlers do in 20 ms or 8 192.
   */
  readonly credit?: number;
  /**
   * `false` is at most once: an event that was given to a cell is never given to another. Default
   * true.
   */
  readonly redeliver?: boolean;
  /** Whether events of one key go to one cell, one at a time: default false. */
  readonly affinity?: boolean;
  /**
   * Counted attempts after which an event is a dead letter: 1 … 100, default 5. The smallest of the
   * group is in force.
   */
  readonly attemptsMax?: number;
  /**
   * How long a handler may take without `progress`, in ms: 100 … 3 600 000, default 30 000; the
   * longest is in force.
   */
  readonly ackTimeoutMs?: number;
  /** Releases the catch when it aborts. */
  readonly signal?: AbortSignal;
}
