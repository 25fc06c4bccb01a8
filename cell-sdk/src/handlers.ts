import type { CaughtEvent } from "./core/caught-event.js";
import type { OutputOptions } from "./options.js";

/**
 * Handles an event of a multicatch. What it returns counts only if the event is a gather: then it
 * is the reply. If it throws, the cell says so in its status and goes on.
 */
export type MulticatchHandler<T = unknown> = (event: CaughtEvent<T>) => unknown;

/**
 * Handles an event of an anycatch. Returning acks it, with the value as the result if the event
 * asks; an async iterable is replied part by part. Throwing nacks it: it is delivered again after a
 * back-off.
 */
export type AnycatchHandler<T = unknown> = (event: CaughtEvent<T>, ctx: DeliveryContext) => unknown;

/**
 * What a handler of an anycatch can do besides returning. After the settlement all of it does
 * nothing.
 */
export interface DeliveryContext {
  /**
   * Aborts when the delivery was taken back, or when the cell closes without waiting any longer.
   */
  readonly signal: AbortSignal;
  /** Gives the event back for another cell; not counted as an attempt. */
  release(): void;
  /** Puts the event to the dead letters now; an asker gets `REJECTED`. */
  reject(reason?: string): void;
  /** Says that the work goes on: `ackTimeoutMs` begins anew. */
  progress(): void;
  /**
   * Sends an event through the settlement: it goes out if this attempt is acked while it is
   * current, and not at all otherwise.
   *
   * @throws {MeshError} as `Cell.send`; `TOO_LARGE` past 1 MiB for all outputs of one delivery.
   */
  send(channel: string, data: unknown, options?: OutputOptions): void;
  /**
   * Sends one part of the answer to an event that asks for parts. @throws {MeshError} `TOO_LARGE`,
   * …
   */
  reply(part: unknown): void;
}
