import { keyOf, type KeyOwners } from "./affinity.js";
import { type KeyLine, KeyLines } from "./key-lines.js";
import { isBack, type Span, singles, spanBytes, spanCount } from "./ledger.js";
import { Fifo } from "../fifo.js";

/** The events of a group that no cell has: first in, first out, with what comes back in front. */
export class Backlog {
  events = 0;
  bytes = 0;
  /** While events wait by key: those that have one. */
  readonly lines: KeyLines;
  private readonly spans = new Fifo<Span>();
  /** How many of them, at the front, have come back: in the order of their numbers. */
  private backCount = 0;
  private byKey = false;

  constructor(owners: KeyOwners) {
    this.lines = new KeyLines(owners);
  }

  get first(): Span | undefined {
    return this.spans.first;
  }

  /** Those that wait in the one line, for whoever has credit. */
  get lineEvents(): number {
    return this.events - this.lines.events;
  }

  push(span: Span): void {
    this.count(span, 1);
    for (const rest of this.sortOut([span])) this.append(rest);
  }

  /**
   * Puts back what was taken, in front of all that has not been out, keeping the order of the
   * numbers.
   */
  pushFront(spans: readonly Span[]): void {
    const ordered = [...spans].sort((a, b) => a.from - b.from);
    for (const span of ordered) this.count(span, 1);
    // What came back before, and is older, stays in front.
    for (let rest = this.sortOut(ordered); rest.length > 0; ) {
      const at = this.olderThan((rest[0] as Span).from);
      const next = at < this.backCount ? this.spans.at(at) : undefined;
      const end = next === undefined ? -1 : rest.findIndex((span) => span.from > next.from);
      const chunk = end < 0 ? rest : rest.slice(0, end);
      if (at === 0) for (const span of chunk.toReversed()) this.spans.unshift(span);
      else for (const [index, span] of chunk.entries()) this.spans.splice(at + index, 0, span);
      this.backCount += chunk.length;
      rest = end < 0 ? [] : rest.slice(end);
    }
  }

  /**
   * Puts in what has never been out, where its number stands among the others of that kind. What
   * comes event by event is one span again, and goes out as one run.
   */
  insert(span: Span): void {
    this.count(span, 1);
    for (const rest of this.sortOut([span])) {
      let at = this.backCount;
      let next = this.spans.at(at);
      while (next !== undefined && (isBack(next) || next.from < rest.from)) {
        next = this.spans.at(++at);
      }
      const before = at === 0 ? undefined : this.spans.at(at - 1);
      if (before !== undefined && isOneWith(before, rest)) before.to = rest.to;
      else if (next === undefined) this.spans.push(rest);
      else if (at === 0) this.spans.unshift(rest);
      else this.spans.splice(at, 0, rest);
    }
  }

  /** Takes the first `count` deliveries, all of one span; there must be one. */
  take(count: number): Span {
    const first = this.spans.first as Span;
    if (count >= spanCount(first)) {
      this.spans.shift();
      if (this.backCount > 0) this.backCount--;
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
    const spans = this.clear();
    this.events = 0;
    this.bytes = 0;
    return spans;
  }

  /** Takes everything for which `isWanted`; the rest keeps its order. */
  takeIf(isWanted: (span: Span) => boolean): Span[] {
    if (![...this].some(isWanted)) return [];
    const all = this.takeAll();
    for (const span of all) if (!isWanted(span)) this.push(span);
    return all.filter(isWanted);
  }

  /** Lets events wait by key from now on, or all in one line; those without a key always do. */
  setByKey(on: boolean): void {
    if (on === this.byKey) return;
    this.byKey = on;
    const waiting = this.clear();
    if (!on) waiting.sort((a, b) => Number(isBack(b)) - Number(isBack(a)) || a.from - b.from);
    for (const rest of this.sortOut(waiting)) this.append(rest);
  }

  /** Takes the first event of a line of a key; there must be one. */
  takeKey(line: KeyLine): Span {
    const span = this.lines.take(line);
    this.count(span, -1);
    return span;
  }

  /** Takes what came before this time, from the front and from the front of each key. */
  takeBefore(timeMs: number): Span[] {
    const old: Span[] = [];
    const isOld = (span: Span | undefined): boolean =>
      span !== undefined && span.lot.receivedMs <= timeMs;
    while (isOld(this.first)) old.push(this.take(spanCount(this.first as Span)));
    for (const line of this.lines) {
      while (isOld(line.spans.first)) old.push(this.takeKey(line));
    }
    return old;
  }

  *[Symbol.iterator](): IterableIterator<Span> {
    yield* this.spans;
    for (const line of this.lines) yield* line.spans;
  }

  private clear(): Span[] {
    const spans = [...this];
    this.spans.clear();
    this.lines.clear();
    this.backCount = 0;
    return spans;
  }

  private append(span: Span): void {
    if (this.backCount === this.spans.length && isBack(span)) this.backCount++;
    this.spans.push(span);
  }

  /** How many have come back and have lower numbers. */
  private olderThan(number: number): number {
    let low = 0;
    let high = this.backCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.spans.at(middle) as Span).from < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts what has a key under it, if events wait so, and returns the rest. */
  private sortOut(spans: readonly Span[]): readonly Span[] {
    if (!this.byKey) return spans;
    return spans.flatMap((span) => {
      if (span.lot.run.extras === undefined) return [span];
      return singles(span).filter((single) => !this.sort(single));
    });
  }

  private sort(span: Span): boolean {
    const key = keyOf(span);
    if (key !== undefined) this.lines.push(key, span);
    return key !== undefined;
  }

  private count(span: Span, sign: number): void {
    this.events += sign * spanCount(span);
    this.bytes += sign * spanBytes(span);
  }
}

/** Whether two spans that were never out are neighbours in one run. */
function isOneWith(before: Span, next: Span): boolean {
  const isFresh = !isBack(before) && !isBack(next);
  return isFresh && before.lot === next.lot && before.to === next.from;
}
