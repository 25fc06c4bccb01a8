import type { Deadlines } from "../deadlines.js";

/** Time-outs are told in steps of this: one look for many. */
const bucketMs = 10;

/** What runs out of time; when it does is up to `TimeOuts.dueMs`. */
export interface Timed {
  readonly dueMs: number;
}

/**
 * Calls for what runs out of time, unless that ends before. One look is planned at a time, so what
 * has ended wakes nobody up.
 */
export class TimeOuts<T extends Timed> {
  private readonly byDue = new Map<number, Set<T>>();
  private readonly deadlines: Deadlines;
  private readonly onDue: (timed: T) => void;
  private lookMs = Number.POSITIVE_INFINITY;

  constructor(deadlines: Deadlines, onDue: (timed: T) => void) {
    this.deadlines = deadlines;
    this.onDue = onDue;
  }

  /** When something ends that may take so long from now on. */
  dueMs(nowMs: number, timeoutMs: number): number {
    return Math.ceil((nowMs + timeoutMs) / bucketMs) * bucketMs;
  }

  add(timed: T): void {
    const bucket = this.byDue.get(timed.dueMs);
    if (bucket === undefined) this.byDue.set(timed.dueMs, new Set([timed]));
    else bucket.add(timed);
    this.plan(timed.dueMs);
  }

  /** It has ended. */
  delete(timed: T): void {
    const bucket = this.byDue.get(timed.dueMs);
    bucket?.delete(timed);
    if (bucket?.size === 0) this.byDue.delete(timed.dueMs);
  }

  private plan(dueMs: number): void {
    if (dueMs >= this.lookMs) return;
    this.lookMs = dueMs;
    this.deadlines.at(dueMs, () => {
      if (this.lookMs === dueMs) this.look(dueMs);
    });
  }

  private look(nowMs: number): void {
    this.lookMs = Number.POSITIVE_INFINITY;
    for (const [dueMs, bucket] of this.byDue) {
      if (dueMs <= nowMs) for (const timed of bucket) this.onDue(timed);
      else this.plan(dueMs);
    }
  }
}
