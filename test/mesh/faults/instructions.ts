import type { AnycatchOptions, MulticatchOptions, SendOptions } from "@thynapse/cell-sdk";

/** What a process that is to be a cell is told when it is started. */
export interface Seat {
  readonly id: string;
  readonly service: string;
  readonly command: string;
  /** Where its log goes; without one it only counts. */
  readonly log?: string;
  /** Without a log: the highest number of its one sender, each of which it marks. */
  readonly marksMax?: number;
  /** Without a log: counts each event of each sender. */
  readonly isCounted?: boolean;
}

/** By sender: marks of its events, by number, as `roles/counts.ts` has them. */
export type EventCounts = Map<string, Uint8Array>;

/**
 * What the handler of an anycatch does at the first attempt of an event; otherwise it just acks.
 *
 * - `die`: kills its process when everything is done but the ack.
 * - `dieLater`: kills its process `ms` after the ack.
 * - `hold`: says that it has begun, and waits until it is told to finish.
 * - `block`: keeps the event loop of its process busy for `ms`.
 */
export type Deed = "die" | "dieLater" | "hold" | "block";

/** What an event carries: what to do with it, and by which delivery it was sent if it is an output. */
export interface FaultBody {
  readonly deed?: Deed;
  readonly ms?: number;
  /** Channel on which the handler sends an output. */
  readonly output?: string;
  readonly cause?: string;
  readonly pad?: string;
}

/** An anycatch to begin. */
export interface Anycatching {
  readonly pattern: string;
  readonly options?: AnycatchOptions;
  /** How long this cell takes for each event, in ms; default no time at all. */
  readonly workMs?: number;
}

/** Events to be sent, one after the other. */
export interface Load {
  readonly channel: string;
  readonly count: number;
  readonly data?: FaultBody;
  /** Bytes of padding in each; default none. */
  readonly padBytes?: number;
  /** Events per second; default as fast as there is room. */
  readonly perSecond?: number;
  readonly options?: SendOptions;
  /** Ends the process so many ms after the last send, unconfirmed as that is. */
  readonly dieAfterMs?: number;
}

/** Events to be sent until told otherwise. */
export interface Stream {
  readonly channels: readonly string[];
  readonly perSecond: number;
  /** What is due goes out every so many ms, at once; default one by one. */
  readonly burstMs?: number;
  /** Different keys that go round; default none has a key. */
  readonly keys?: number;
  /** Of so many events one has an output, on this channel. */
  readonly output?: { readonly channel: string; readonly every: number };
  readonly options?: SendOptions;
}

/** What became of a stream, when each of its events has its confirm. */
export interface StreamReport {
  readonly sent: number;
  readonly refused: readonly string[];
}

/** An event of the mesh about itself. */
export interface Notice {
  readonly timeMs: number;
  readonly channel: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** How sending went. */
export interface SendReport {
  /** From send to confirm. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly repeats: number;
  readonly refused: readonly string[];
  /** How often there was no room and the sender had to wait. */
  readonly waits: number;
}

/** Events to be sent without a look at what becomes of each. */
export interface Flood {
  readonly channel: string;
  readonly count: number;
  readonly padBytes: number;
}

/** Which numbers have come. */
export interface MarksReport {
  readonly doubles: number;
  readonly disordered: number;
  readonly seen: Uint8Array;
}

/** How far a cell is. */
export interface Tally {
  readonly begun: number;
  /** Handlers that have ended, and how long those that waited took, together. */
  readonly ended: number;
  readonly workedMs: number;
  readonly caught: number;
  /** Events that multicatches lost and reported. */
  readonly gone: number;
  /** Highest number of events in hand at once. */
  readonly heldMax: number;
  /** Events that a flood has sent. */
  readonly flooded: number;
  readonly statuses: Readonly<Record<string, number>>;
}

/** What the harness tells a cell to do, and what it answers when that is done. */
export interface Instructions {
  anycatch: [Anycatching, void];
  multicatch: [{ readonly pattern: string; readonly options?: MulticatchOptions }, void];
  send: [Load, SendReport];
  /** Sends until `dry`. */
  pour: [Stream, void];
  /** Ends `pour`, and resolves when everything is confirmed. */
  dry: [void, StreamReport];
  /** Changes how long a handler takes, in ms. */
  pace: [{ readonly workMs: number }, void];
  /** Asks from a connection of its own to one transmitter. */
  ask: [{ readonly command: string; readonly channel: string }, unknown];
  /** Collects what the mesh tells of itself. */
  watch: [void, void];
  /** What `watch` has collected since it was asked last. */
  watched: [void, readonly Notice[]];
  /** Sends as fast as there is room, and resolves when all is accepted. */
  flood: [Flood, void];
  marks: [void, MarksReport];
  counts: [void, EventCounts];
  /** Lets go of the handlers that hold. */
  finish: [void, void];
  tally: [void, Tally];
  /** Collects, where the process was started with `--expose-gc`, and says what is left, in MB. */
  liveMb: [void, number];
  /** Farewell; the process ends by itself. The answer: events that nobody has confirmed. */
  close: [void, number];
}

export type InstructionName = keyof Instructions;

/** From the harness to a cell. */
export interface Instruction<N extends InstructionName = InstructionName> {
  readonly number: number;
  readonly name: N;
  readonly with: Instructions[N][0];
}

/** From a cell to the harness. */
export type Answer =
  | { readonly kind: "joined" }
  | { readonly kind: "holding"; readonly event: string }
  | { readonly kind: "done"; readonly number: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly number?: number; readonly why: string };
