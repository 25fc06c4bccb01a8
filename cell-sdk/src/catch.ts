import type { CatchMode } from "@thynapse/protocol";
import type { CaughtEvent } from "./core/caught-event.js";
import type { DeliveryContext } from "./handlers.js";

/**
 * One standing wish of a cell to get events. Ends by `release`, by its signal, or with its cell.
 */
export interface Catch extends AsyncDisposable {
  readonly pattern: string;
  readonly mode: CatchMode;
  /**
   * Starts no further handler until `resume`. An anycatch is given no new deliveries, and those
   * that were not started go to other cells, unless it has `redeliver: false`; a multicatch buffers
   * up to its bound and repairs the rest later.
   */
  pause(): void;
  resume(): void;
  /**
   * Ends the catch. Not to be awaited by its own handler, which it waits for.
   *
   * Starts no further handler and resolves when those that run are done and, of an
   * anycatch, settled. Deliveries that were not started go to other cells. A second call returns
   * the same promise.
   */
  release(): Promise<void>;
}

/**
 * A catch without a handler: its events are iterated, once, by one loop. Leaving the loop releases
 * the catch.
 */
export interface CatchStream<E> extends Catch, AsyncIterable<E> {}

/** An event of an anycatch that is iterated: the event, its context, and its settlement. */
export interface Delivery<T = unknown> extends CaughtEvent<T>, DeliveryContext {
  /** Settles it as done; `result` is the answer if the event asks. */
  ack(result?: unknown): void;
  /** Has it delivered again after a back-off. */
  nack(reason?: string): void;
}
