import type { CatchMode } from "@thynapse/protocol";

/**
 * What a handler of an anycatch may do with a delivery.
 *
 * - `hold`: settles it long after its time-out, `late` at about that moment, with outputs.
 * - `long`: works for seconds, and may: its time-out is longer still.
 * - `progress`: works for longer than that, and says so.
 */
export type Fate =
  | "ack"
  | "nack"
  | "throw"
  | "release"
  | "reject"
  | "crash"
  | "hold"
  | "late"
  | "long"
  | "progress"
  | "output";

/** One catch of a simulated cell. */
export interface CatchPlan {
  readonly mode: CatchMode;
  readonly pattern: string;
  readonly concurrency: number;
  /** Mean time of a handler; 0 is at once. */
  readonly workMs: number;
  /** Handlers end only at multiples of it, many at a time; 0 is at any time. */
  readonly grainMs: number;
  /** Anycatch: fixed credit, or none for the automatic one. */
  readonly credit: number | undefined;
  readonly redeliver: boolean;
  readonly affinity: boolean;
  readonly attemptsMax: number;
  readonly ackTimeoutMs: number;
  /** Anycatch: what becomes of deliveries, by weight. */
  readonly fates: Readonly<Partial<Record<Fate, number>>>;
  /** Where outputs go. */
  readonly outputChannels: readonly string[];
  /** Multicatch. */
  readonly bufferBytesMax: number;
  readonly dropOldest: boolean;
}

/**
 * How a sender goes on: `flood` by the clock alone, the others when the last event of a burst is
 * accepted or handled.
 */
export type Pace = "flood" | "accepted" | "handled";

/** What a simulated cell sends. */
export interface SendPlan {
  readonly channels: readonly string[];
  /** Whether the events of one burst go to different channels. */
  readonly isMixed: boolean;
  readonly pace: Pace;
  readonly everyMs: number;
  readonly burstMax: number;
  /** Bytes of padding in a body, at most. */
  readonly paddingMax: number;
  readonly keys: readonly string[];
  readonly keyShare: number;
  readonly headersShare: number;
  readonly ttlShare: number;
  readonly sameShare: number;
  readonly askShare: number;
  readonly gatherShare: number;
}

/** One simulated cell: what it catches, and what it sends. */
export interface CellPlan {
  readonly service: string;
  /** Which transmitter it tries first, by its place in the list. */
  readonly home: number;
  readonly catches: readonly CatchPlan[];
  readonly sends: SendPlan | undefined;
}
