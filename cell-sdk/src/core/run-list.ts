import type { RunRecord } from "./run-record.js";

/**
 * The runs of a cell that may still be sent again, ascending; those that may not stay as holes
 * until swept.
 */
export class RunList {
  private records: RunRecord[] = [];
  private head = 0;
  private holes = 0;

  /** The lowest sequence number that is kept; `undefined` if nothing is. */
  get lowest(): number | undefined {
    return this.records[this.head]?.first;
  }

  push(record: RunRecord): void {
    this.records.push(record);
  }

  /** Takes a record out. Amortised constant. */
  drop(record: RunRecord): void {
    record.part = undefined;
    record.dropped = true;
    this.holes++;
    while (this.records[this.head]?.dropped === true) {
      this.head++;
      this.holes--;
    }
    if (this.head + this.holes > 32 && (this.head + this.holes) * 2 > this.records.length) {
      this.records = this.records.filter((each) => !each.dropped);
      this.head = 0;
      this.holes = 0;
    }
  }

  /** All that is kept, ascending. */
  kept(): RunRecord[] {
    return this.records.filter((record) => !record.dropped);
  }

  /** The record of `seq`, or else the first one behind it. */
  atOrBehind(seq: number): RunRecord | undefined {
    for (let at = this.search(seq); at < this.records.length; at++) {
      const record = this.records[at] as RunRecord;
      if (!record.dropped && record.last >= seq) return record;
    }
    return undefined;
  }

  /** Goes on from `from` to the first event that was not answered; `end` if all were. */
  answeredBelow(from: number, end: number): number {
    let below = from;
    for (;;) {
      const record = this.atOrBehind(below);
      if (record === undefined) return end;
      if (!record.isAnswered) return below;
      below = record.last + 1;
    }
  }

  /** Calls `visit` for each record that has events of `first … last`, with the part that it has. */
  overlapping(
    first: number,
    last: number,
    visit: (record: RunRecord, from: number, to: number) => void,
  ): void {
    const touched: RunRecord[] = [];
    for (let at = this.search(first); at < this.records.length; at++) {
      const record = this.records[at] as RunRecord;
      if (record.first > last) break;
      if (!record.dropped && record.count > 0 && record.last >= first) touched.push(record);
    }
    // Visiting may drop records, and so move them: only now.
    for (const record of touched) {
      visit(record, Math.max(first, record.first), Math.min(last, record.last));
    }
  }

  /** The index of the last record that begins at `seq` or before it; else the first one. */
  private search(seq: number): number {
    let low = this.head;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.records[middle] as RunRecord).first <= seq) low = middle + 1;
      else high = middle;
    }
    return Math.max(this.head, low - 1);
  }
}
