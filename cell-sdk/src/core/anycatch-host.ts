import type { MeshError } from "@thynapse/protocol";
import type { Anycatch } from "./anycatch.js";

/**
 * How an anycatch of this cell wants its events; what is `undefined` is left to the transmitter.
 */
export interface AnycatchWish {
  readonly pattern: string;
  readonly concurrency: number;
  readonly credit: number | undefined;
  readonly redeliver: boolean | undefined;
  readonly affinity: boolean | undefined;
  readonly attemptsMax: number | undefined;
  readonly ackTimeoutMs: number | undefined;
}

/** What an anycatch needs of the cell. */
export interface AnycatchHost {
  nowMs(): number;
  /** There are deliveries to begin. */
  ready(supply: Anycatch): void;
  armed(pattern: string): void;
  /** A body cannot be decoded; its delivery was rejected. */
  bad(pattern: string, error: MeshError): void;
}
