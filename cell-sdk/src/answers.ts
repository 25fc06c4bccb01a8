import type { EventSource } from "./core/caught-event.js";

/** The parts of one answer, in order; the value that the handler returned comes last. */
export type Answers<R = unknown> = AsyncIterable<R>;

/** What one cell replied to a gather. */
export interface Reply<R = unknown> {
  readonly data: R;
  readonly from: EventSource;
}

/** The replies to a gather, as they come. Ends with the last reply or at the time-out. */
export interface Gathering<R = unknown> extends AsyncIterable<Reply<R>> {
  /** Cells that were asked and have not replied: final when the iteration has ended. */
  readonly missing: readonly EventSource[];
  /** Cells whose handler failed, with the reason. */
  readonly failed: readonly { readonly from: EventSource; readonly error: Error }[];
}
