import type { Thid } from "@thynapse/protocol";
import type { Answers, Gathering } from "./answers.js";
import type { Catch, CatchStream, Delivery } from "./catch.js";
import type { CaughtEvent } from "./core/caught-event.js";
import type { AnycatchHandler, MulticatchHandler } from "./handlers.js";
import { connectCell } from "./connecting.js";
import type {
  AnycatchOptions,
  AskOptions,
  ConnectOptions,
  GatherOptions,
  MulticatchOptions,
  SendOptions,
} from "./options.js";
import { resolveConnect } from "./resolve-options.js";
import type { Sending } from "./sending.js";
import type { StatusStream } from "./status-stream.js";

/** Names the type of the data on a channel, for those channels that a program cares to name. */
export type ChannelMap = object;

/** The data of a channel: by the map, else unknown. */
export type DataOf<Channels, C> = C extends keyof Channels ? Channels[C] : unknown;

/** The data that a catch gives: the type argument if there is one, else by the map. */
export type CaughtOf<Channels, T, P> = [T] extends [never] ? DataOf<Channels, P> : T;

/**
 * One worker process of a service, attached to one transmitter at a time.
 *
 * Everything that a cell promises survives the loss of that transmitter: it attaches to another
 * one, sends again what is not confirmed, and catches again what it caught.
 */
export interface Cell<Channels extends ChannelMap = Record<string, unknown>>
  extends AsyncDisposable {
  readonly id: Thid;
  readonly service: string;
  /** What happens to the cell: to be iterated, or listened to. */
  readonly status: StatusStream;
  /**
   * Whether a sender should go on: false while the outbox is three quarters full, 65 536 events are
   * not handled, or 4 MiB are not accepted. Events that are sent all the same wait in the outbox.
   */
  readonly hasRoom: boolean;
  /** Settles when the cell has ended; rejects if it was not closed but refused. */
  readonly closed: Promise<Closing>;

  /** Resolves as soon as `hasRoom` is true. @throws {MeshError} `CLOSED`. */
  room(): Promise<void>;

  /**
   * Sends one event and returns at once; awaiting what it returns waits for the receipt.
   *
   * @throws {MeshError} `BAD_CHANNEL`, `DENIED`, `TOO_LARGE`, `TOO_DEEP`, `TOO_MANY_KEYS`,
   *   `BAD_PAYLOAD`, `BAD_TTL`, `BAD_OPTION`, `CLOSED`, at once. The receipt rejects with
   *   `GROUP_FULL`, `OUTBOX_FULL`, `EXPIRED`, `ABORTED`, `CLOSED`.
   */
  send<C extends string>(channel: C, data: DataOf<Channels, C>, options?: SendOptions): Sending;

  /**
   * Resolves when everything sent so far is accepted; rejects with the first refusal that nobody
   * was waiting for since the last `flush`.
   */
  flush(): Promise<void>;

  /**
   * Asks one cell of each service that catches the channel in mode any, and resolves with the first
   * result.
   *
   * @throws {MeshError} `NO_LISTENER`, `TIMEOUT`, `HANDLER_FAILED`, `REJECTED`, `ABORTED`, and what
   *   `send` throws.
   */
  ask<R = unknown>(
    channel: string,
    data: unknown,
    options?: AskOptions & { readonly parts?: false },
  ): Promise<R>;
  /** Asks for an answer in parts; what is returned can be iterated once. */
  ask<R = unknown>(
    channel: string,
    data: unknown,
    options: AskOptions & { readonly parts: true },
  ): Answers<R>;

  /** Asks every cell that catches the channel in mode multi. */
  gather<R = unknown>(channel: string, data?: unknown, options?: GatherOptions): Gathering<R>;

  /**
   * Catches every event that matches. Resolves when armed: nothing that is sent anywhere in the
   * mesh from then on is missed unnoticed.
   *
   * @throws {MeshError} `BAD_PATTERN`, `BAD_OPTION`, `TOO_MANY_CATCHES`, `DENIED`, `CLOSED`,
   *   `ABORTED`.
   */
  multicatch<T = never, P extends string = string>(
    pattern: P,
    handler: MulticatchHandler<CaughtOf<Channels, T, P>>,
    options?: MulticatchOptions,
  ): Promise<Catch>;
  /** The same as an async iterator. */
  multicatch<T = never, P extends string = string>(
    pattern: P,
    options?: MulticatchOptions,
  ): Promise<CatchStream<CaughtEvent<CaughtOf<Channels, T, P>>>>;

  /**
   * Catches each event that matches in exactly one cell of this service.
   *
   * @throws {MeshError} as `multicatch`, and `CATCH_EXISTS` if this cell already has an anycatch of
   *   that pattern.
   */
  anycatch<T = never, P extends string = string>(
    pattern: P,
    handler: AnycatchHandler<CaughtOf<Channels, T, P>>,
    options?: AnycatchOptions,
  ): Promise<Catch>;
  /**
   * The same as an async iterator: a delivery that was not settled is acked when the next one is
   * asked for.
   */
  anycatch<T = never, P extends string = string>(
    pattern: P,
    options?: AnycatchOptions,
  ): Promise<CatchStream<Delivery<CaughtOf<Channels, T, P>>>>;

  /**
   * Drains and ends the cell: takes nothing more, waits for handlers that run, for their
   * settlements and for `handled` of all that was sent, at most `drainTimeoutMs`. A second call
   * returns the same promise.
   */
  close(): Promise<Closing>;
}

/** How a cell ended. */
export interface Closing {
  /** Events that nobody has confirmed as handled. */
  readonly unconfirmed: number;
}

/**
 * Attaches a cell to the first transmitter that answers.
 *
 * @throws {MeshError} `BAD_OPTION`, `BAD_SERVICE`; `UNREACHABLE` after `connectTimeoutMs`, naming
 *   the addresses that were tried; what the transmitter refuses the cell for: `ID_TAKEN`,
 *   `BAD_VERSION`, `DENIED`; `ABORTED`.
 */
export async function connect<Channels extends ChannelMap = Record<string, unknown>>(
  options: ConnectOptions,
): Promise<Cell<Channels>> {
  return (await connectCell(resolveConnect(options))) as unknown as Cell<Channels>;
}
