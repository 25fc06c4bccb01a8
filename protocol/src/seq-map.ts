import type { Thid } from "./thid.js";

/**
 * Something for each of some events, by sender and sequence number. Hot path: a key of both as text
 * would be built and hashed anew for each look.
 */
export class SeqMap<Value> {
  private readonly bySender = new Map<Thid, Map<number, Value>>();
  private total = 0;

  get size(): number {
    return this.total;
  }

  get(sender: Thid, seq: number): Value | undefined {
    return this.bySender.get(sender)?.get(seq);
  }

  set(sender: Thid, seq: number, value: Value): void {
    let bySeq = this.bySender.get(sender);
    if (bySeq === undefined) {
      bySeq = new Map();
      this.bySender.set(sender, bySeq);
    }
    this.total -= bySeq.size;
    bySeq.set(seq, value);
    this.total += bySeq.size;
  }

  delete(sender: Thid, seq: number): void {
    const bySeq = this.bySender.get(sender);
    if (bySeq?.delete(seq) !== true) return;
    this.total--;
    if (bySeq.size === 0) this.bySender.delete(sender);
  }

  /** Each value, by sender and in the order of entry; what is deleted meanwhile is left out. */
  *values(): Generator<Value> {
    for (const bySeq of this.bySender.values()) yield* bySeq.values();
  }
}
