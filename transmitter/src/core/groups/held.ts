import { cutBelow, type Span, spanCount } from "./ledger.js";
import { type Place, SpanIndex } from "./span-index.js";

/** Deliveries of one attempt, as a settlement names them. */
export interface SpanName {
  readonly origin: string;
  readonly first: number;
  readonly last: number;
  readonly attempt: number;
}

/**
 * What somebody holds, in the order of delivery, and found by its name: among many as fast as among
 * few. What was begun stands before all that was not.
 */
export class Held implements Iterable<Span> {
  /** How many deliveries there are. */
  count = 0;
  /** Since when the first one that was begun is, or earlier; `Infinity` while none is. */
  begunMs = Number.POSITIVE_INFINITY;
  private begunCount = 0;
  private first: Place | undefined;
  private last: Place | undefined;
  /** The first one that was not begun. */
  private idle: Place | undefined;
  private readonly byOrigin = new Map<string, SpanIndex>();

  *[Symbol.iterator](): IterableIterator<Span> {
    for (let place = this.first; place !== undefined; place = place.after) yield place.span;
  }

  /** Adds what was not begun. */
  push(span: Span): void {
    const place = this.insert(span, this.last, this.indexOf(span.lot.origin));
    this.idle ??= place;
    this.count += spanCount(span);
  }

  /** The span that has this delivery, if it is held. */
  find(origin: string, number: number, attempt: number): Span | undefined {
    return this.byOrigin.get(origin)?.find(attempt, number, number)?.span;
  }

  /** Takes out what is held of this name, as spans. */
  take({ origin, first, last, attempt }: SpanName): Span[] {
    const taken: Span[] = [];
    const index = this.byOrigin.get(origin);
    for (let from = first; from <= last; ) {
      const place = index?.find(attempt, from, last);
      if (place === undefined) break;
      const span = this.takeOut(this.cutOut(place, from, last + 1));
      taken.push(span);
      from = span.to;
    }
    return taken;
  }

  /** Takes out what was begun `timeoutMs` ago, or earlier. */
  takeOverdue(timeoutMs: number, nowMs: number): Span[] {
    const taken: Span[] = [];
    let oldestMs = Number.POSITIVE_INFINITY;
    for (let place = this.first; place !== this.idle && place !== undefined; place = place.after) {
      const { begunMs } = place.span;
      if (begunMs + timeoutMs > nowMs) oldestMs = Math.min(oldestMs, begunMs);
      else taken.push(this.takeOut(place));
    }
    this.begunMs = oldestMs;
    return taken;
  }

  takeAll(): Span[] {
    const all = [...this];
    this.count = 0;
    this.begunCount = 0;
    this.begunMs = Number.POSITIVE_INFINITY;
    this.first = undefined;
    this.last = undefined;
    this.idle = undefined;
    this.byOrigin.clear();
    return all;
  }

  /**
   * Makes a span of its own of one delivery, where it stands.
   *
   * @param numberIn says which one is wanted of a span, if any is.
   */
  isolate(numberIn: (span: Span) => number | undefined): Span | undefined {
    for (let place = this.first; place !== undefined; place = place.after) {
      const number = numberIn(place.span);
      if (number === undefined) continue;
      return this.cutOut(place, number, number + 1).span;
    }
    return undefined;
  }

  /** Marks the first deliveries as begun, so that `count` are. */
  begin(count: number, nowMs: number): void {
    for (let place = this.idle; place !== undefined && this.begunCount < count; ) {
      const end = place.span.from + count - this.begunCount;
      if (end < place.span.to) this.cut(place, end);
      place.span.begunMs = nowMs;
      this.begunMs = Math.min(this.begunMs, nowMs);
      this.begunCount += spanCount(place.span);
      this.idle = place = place.after;
    }
  }

  private takeOut(place: Place): Span {
    const { span } = place;
    this.remove(place);
    this.count -= spanCount(span);
    if (span.begunMs !== Number.POSITIVE_INFINITY) this.begunCount -= spanCount(span);
    if (this.begunCount === 0) this.begunMs = Number.POSITIVE_INFINITY;
    return span;
  }

  /** Makes a place of its own of what a span has from `from` to before `to`. */
  private cutOut(place: Place, from: number, to: number): Place {
    const wanted = place.span.from < from ? this.cut(place, from) : place;
    if (to < wanted.span.to) this.cut(wanted, to);
    return wanted;
  }

  /** Parts a span: its place keeps what is below `number`. @returns the place of the rest. */
  private cut(place: Place, number: number): Place {
    const { span } = place;
    place.span = cutBelow(span, number);
    return this.insert(span, place, place.index);
  }

  private insert(span: Span, before: Place | undefined, index: SpanIndex): Place {
    const after = before?.after;
    const place: Place = { span, index, before, after };
    if (before === undefined) this.first = place;
    else before.after = place;
    if (after === undefined) this.last = place;
    else after.before = place;
    index.add(place);
    return place;
  }

  private remove(place: Place): void {
    const { before, after, index } = place;
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.last = before;
    else after.before = before;
    if (place === this.idle) this.idle = after;
    index.remove(place);
    // The only one stays: mostly the next delivery is of the same origin.
    if (index.isEmpty && this.byOrigin.size > 1) this.byOrigin.delete(place.span.lot.origin);
  }

  private indexOf(origin: string): SpanIndex {
    let index = this.byOrigin.get(origin);
    if (index === undefined) {
      index = new SpanIndex();
      this.byOrigin.set(origin, index);
    }
    return index;
  }
}
