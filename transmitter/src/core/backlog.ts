import { keyOf } from "./affinity.js";
import { type Span, singles, spanBytes, spanCount } from "./ledger.js";
import { Fifo } from "./ring.js";

/** The events of a group that no cell has: first in, first out, with what comes back in front. */
export class Backlog {
  events = 0;
  bytes = 0;
  private readonly spans = new Fifo<Span>();
  /** Events of groups with affinity, one span each, by key; within a key in order. */
  private readonly keyed = new Map<string, Fifo<Span>>();

  get first(): Span | undefined {
    return this.spans.first;
  }

  push(span: Span): void {
    this.count(span, 1);
    this.spans.push(span);
  }

  /** Puts back what was taken, in front of all, keeping the order of the numbers. */
  pushFront(spans: readonly Span[]): void {
    const ordered = [...spans].sort((a, b) => b.from - a.from);
    for (const span of ordered) {
      this.count(span, 1);
      this.spans.unshift(span);
    }
  }

  /** Takes the first `count` deliveries, all of one span; there must be one. */
  take(count: number): Span {
    const first = this.spans.first as Span;
    if (count >= spanCount(first)) {
      this.spans.shift();
      this.count(first, -1);
      return first;
    }
    const front = { ...first, to: first.from + count };
    first.from += count;
    this.count(front, -1);
    return front;
  }

  /** Takes everything. */
  takeAll(): Span[] {
    const spans = [...this];
    this.spans.clear();
    this.keyed.clear();
    this.events = 0;
    this.bytes = 0;
    return spans;
  }

  /** Sorts what has a key under it; what has none stays in line. */
  sortByKey(): void {
    const spans = [...this.spans];
    this.spans.clear();
    for (const span of spans) {
      if (span.lot.run.extras === undefined) this.spans.push(span);
      else for (const single of singles(span)) this.sort(single);
    }
  }

  /** The keys with events that wait. */
  keys(): string[] {
    return [...this.keyed.keys()];
  }

  /** Takes the first event of a key; there must be one. */
  takeKey(key: string): Span {
    const spans = this.keyed.get(key) as Fifo<Span>;
    const span = spans.shift() as Span;
    if (spans.length === 0) this.keyed.delete(key);
    this.count(span, -1);
    return span;
  }

  /** Takes what came before this time, from the front and from the front of each key. */
  takeBefore(timeMs: number): Span[] {
    const old: Span[] = [];
    const isOld = (span: Span | undefined): boolean =>
      span !== undefined && span.lot.receivedMs <= timeMs;
    while (isOld(this.first)) old.push(this.take(spanCount(this.first as Span)));
    for (const [key, spans] of this.keyed) {
      while (isOld(spans.first)) old.push(this.takeKey(key));
    }
    return old;
  }

  *[Symbol.iterator](): IterableIterator<Span> {
    yield* this.spans;
    for (const spans of this.keyed.values()) yield* spans;
  }

  private sort(span: Span): void {
    const key = keyOf(span);
    if (key === undefined) {
      this.spans.push(span);
      return;
    }
    let spans = this.keyed.get(key);
    if (spans === undefined) {
      spans = new Fifo();
      this.keyed.set(key, spans);
    }
    // What comes back has a lower number than what waits, and goes first again.
    const first = spans.first;
    if (first !== undefined && span.from < first.from) spans.unshift(span);
    else spans.push(span);
  }

  private count(span: Span, sign: number): void {
    this.events += sign * spanCount(span);
    this.bytes += sign * spanBytes(span);
  }
}
