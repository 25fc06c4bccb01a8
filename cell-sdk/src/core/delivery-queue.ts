import type { Run } from "@thynapse/protocol";
import type { DeliveryBatch } from "./delivery.js";

interface QueuedBatch {
  readonly run: Run;
  readonly batch: DeliveryBatch;
  /** The next index to take. */
  at: number;
  /** Indexes that are not to be taken. */
  skips: Set<number> | undefined;
}

/** Where a delivery lies. */
interface Place {
  readonly queued: QueuedBatch;
  readonly index: number;
}

/**
 * Deliveries that were not begun, as the runs that they came in. Hot path: nothing is made until
 * one is taken.
 */
export class DeliveryQueue {
  /** What `next` found. */
  run: Run | undefined;
  batch: DeliveryBatch | undefined;
  index = 0;
  /** Deliveries in the queue. */
  count = 0;
  private batches: QueuedBatch[] = [];
  private head = 0;

  /** @param skips indexes of the run that are no deliveries. */
  push(run: Run, batch: DeliveryBatch, skips?: Set<number>): void {
    const count = run.count - (skips?.size ?? 0);
    if (count === 0) return;
    this.batches.push({ run, batch, at: 0, skips });
    this.count += count;
  }

  /**
   * Moves to the next delivery; it stands in `run`, `batch` and `index`. @returns false if there is
   * none.
   */
  next(): boolean {
    while (this.head < this.batches.length) {
      const queued = this.batches[this.head] as QueuedBatch;
      if (queued.at >= queued.run.count) {
        this.leaveFirst();
        continue;
      }
      const index = queued.at++;
      if (queued.skips?.has(index) === true) continue;
      this.run = queued.run;
      this.batch = queued.batch;
      this.index = index;
      this.count--;
      return true;
    }
    return false;
  }

  /**
   * Takes out the deliveries of one origin and attempt with these numbers. @returns how many that
   * were.
   */
  removeNumbers(name: { origin: string; attempt: number }, first: number, last: number): number {
    return this.remove((queued, index) => {
      const { batch } = queued;
      const number = batch.number + index;
      const isNamed = batch.origin === name.origin && batch.attempt === name.attempt;
      return isNamed && number >= first && number <= last;
    });
  }

  /**
   * Finds the events that have a number of this run, under whatever name. @returns what takes one
   * of them out, and says whether it was there; good until anything else is done with the queue.
   */
  remover({ header: { sender, first }, last }: Run): (seq: number) => boolean {
    const found = new Map<number, Place[]>();
    for (let at = this.head; at < this.batches.length; at++) {
      const queued = this.batches[at] as QueuedBatch;
      const { run } = queued;
      if (run.header.sender !== sender || run.header.first > last || run.last < first) continue;
      for (let index = queued.at; index < run.count; index++) {
        if (queued.skips?.has(index) === true) continue;
        const seq = run.seqAt(index);
        const places = found.get(seq);
        if (places === undefined) found.set(seq, [{ queued, index }]);
        else places.push({ queued, index });
      }
    }
    return (seq) => {
      const places = found.get(seq) ?? [];
      found.delete(seq);
      for (const { queued, index } of places) (queued.skips ??= new Set()).add(index);
      this.count -= places.length;
      return places.length > 0;
    };
  }

  /** Calls `visit` for each delivery, in order. */
  forEach(visit: (run: Run, index: number, batch: DeliveryBatch) => void): void {
    for (let at = this.head; at < this.batches.length; at++) {
      const queued = this.batches[at] as QueuedBatch;
      for (let index = queued.at; index < queued.run.count; index++) {
        if (queued.skips?.has(index) !== true) visit(queued.run, index, queued.batch);
      }
    }
  }

  /** Moves what is meant behind what is in another queue. */
  moveTo(other: DeliveryQueue, isMeant: (batch: DeliveryBatch) => boolean): void {
    const queued = this.batches.slice(this.head);
    this.clear();
    for (const each of queued) (isMeant(each.batch) ? other : this).take(each);
  }

  clear(): void {
    this.batches = [];
    this.head = 0;
    this.count = 0;
  }

  private take(queued: QueuedBatch): void {
    this.batches.push(queued);
    for (let index = queued.at; index < queued.run.count; index++) {
      if (queued.skips?.has(index) !== true) this.count++;
    }
  }

  private remove(isMeant: (queued: QueuedBatch, index: number) => boolean): number {
    let removed = 0;
    for (let at = this.head; at < this.batches.length; at++) {
      const queued = this.batches[at] as QueuedBatch;
      for (let index = queued.at; index < queued.run.count; index++) {
        if (queued.skips?.has(index) === true || !isMeant(queued, index)) continue;
        (queued.skips ??= new Set()).add(index);
        removed++;
      }
    }
    this.count -= removed;
    return removed;
  }

  private leaveFirst(): void {
    this.head++;
    if (this.head * 2 > this.batches.length) {
      this.batches = this.batches.slice(this.head);
      this.head = 0;
    }
  }
}
