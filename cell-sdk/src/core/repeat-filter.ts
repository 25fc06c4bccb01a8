import type { Run } from "@thynapse/protocol";
import { SenderRanges } from "./sender-ranges.js";

/**
 * Finds the events of one catch that it has had before. Exact: it knows each number above the
 * sender's floor, and everything below the floor was handled and is never sent again.
 *
 * Not so where a floor stands for so long that the lowest numbers above it had to be forgotten.
 * What comes from there was here or is late: it is dropped, and may be lost, which is told once.
 *
 * What comes behind newer events of its sender comes too late if it is older than the first one
 * that came, since it was sent before anybody listened; or if there has been a gap, since it may
 * have been told as lost. It is dropped: order goes before completeness.
 *
 * Runs must be given in the order of their stream. Hot path: a run without repeats costs one
 * look-up and one range for each unbroken row of numbers.
 *
 * @see PROTOCOL.md §8.11, §11.3
 */
export class RepeatFilter {
  repeats = 0;
  /** Events that came too late. */
  late = 0;
  private hasGap = false;
  private readonly senders = new SenderRanges();
  private readonly mayLose: () => void;

  /** @param mayLose something may be lost, and no gap was told yet. */
  constructor(mayLose: () => void) {
    this.mayLose = mayLose;
  }

  get senderCount(): number {
    return this.senders.senderCount;
  }

  /** Events were told as lost. */
  gap(): void {
    this.hasGap = true;
  }

  /**
   * Notes the events of `run` from the index `from` on.
   *
   * @returns the indexes of those that are new; `undefined` if all of them are.
   */
  fresh(run: Run, from: number, nowMs: number): Uint32Array | undefined {
    const { sender, floor } = run.header;
    const seen = this.senders.of(sender, floor, nowMs);
    const known = this.senders.floorOf(sender);
    const first = run.seqAt(from);
    const oldest = this.senders.firstOf(sender, first);
    if (first >= known && first > (seen.highest ?? 0)) {
      addRows(run, from, (low, high) => seen.add(low, high));
      return undefined;
    }
    const forgottenBelow = this.senders.forgottenBelow(sender);
    const fresh: number[] = [];
    const newest = seen.highest ?? 0;
    let late = 0;
    for (let index = from; index < run.count; index++) {
      const seq = run.seqAt(index);
      if (seq < known || seen.has(seq)) continue;
      if (seq < forgottenBelow) {
        this.doubt();
        late++;
        continue;
      }
      seen.add(seq);
      if (seq > newest || (seq >= oldest && !this.hasGap)) fresh.push(index);
      else late++;
    }
    if (fresh.length === run.count - from) return undefined;
    this.late += late;
    this.repeats += run.count - from - fresh.length - late;
    return Uint32Array.from(fresh);
  }

  private doubt(): void {
    if (this.hasGap) return;
    this.hasGap = true;
    this.mayLose();
  }
}

/** Calls `add` for each unbroken row of sequence numbers. */
function addRows(run: Run, from: number, add: (first: number, last: number) => void): void {
  if (run.seqs === undefined) {
    add(run.seqAt(from), run.last);
    return;
  }
  let first = run.seqAt(from);
  let last = first;
  for (let index = from + 1; index < run.count; index++) {
    const seq = run.seqAt(index);
    if (seq !== last + 1) {
      add(first, last);
      first = seq;
    }
    last = seq;
  }
  add(first, last);
}
