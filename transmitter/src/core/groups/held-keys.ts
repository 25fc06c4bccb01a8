import type { Thid } from "@thynapse/protocol";
import type { Span } from "./ledger.js";
import { RankHeap, type Ranked } from "./rank-heap.js";

/** The events of one key that are held back: what stands behind one of them waits. */
export class HeldKey {
  private readonly numbers = new Lowest();
  private readonly seqs = new Map<Thid, Lowest>();

  get isEmpty(): boolean {
    return this.numbers.first === undefined;
  }

  add(sender: Thid, number: number, seq: number): void {
    this.numbers.add(number, number);
    const seqs = this.seqs.get(sender) ?? new Lowest();
    this.seqs.set(sender, seqs);
    seqs.add(number, seq);
  }

  remove(sender: Thid, number: number): void {
    this.numbers.remove(number);
    const seqs = this.seqs.get(sender);
    seqs?.remove(number);
    if (seqs?.first === undefined) this.seqs.delete(sender);
  }

  /** Whether one of them stands before an event, here or at the sender of both. */
  isBefore({ lot: { run, firstNumber }, from }: Span): boolean {
    const { first = from } = this.numbers;
    if (first < from) return true;
    const seq = run.seqAt(from - firstNumber);
    return (this.seqs.get(run.header.sender)?.first ?? seq) < seq;
  }
}

/** Ranks by name, of which the lowest is known; a name may be there more than once. */
class Lowest {
  private readonly heap = new RankHeap<Counted>();
  private readonly byName = new Map<number, Counted>();

  get first(): number | undefined {
    return this.heap.first?.rank;
  }

  add(name: number, rank: number): void {
    const known = this.byName.get(name);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const item = { rank, at: -1, count: 1 };
    this.byName.set(name, item);
    this.heap.put(item, rank);
  }

  remove(name: number): void {
    const item = this.byName.get(name);
    if (item === undefined || --item.count > 0) return;
    this.byName.delete(name);
    this.heap.remove(item);
  }
}

interface Counted extends Ranked {
  count: number;
}
