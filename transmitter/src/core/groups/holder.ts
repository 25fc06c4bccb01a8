import { cutBelow, type Span, spanCount } from "./ledger.js";

/** Deliveries of one attempt, as a settlement names them. */
export interface SpanName {
  readonly origin: string;
  readonly first: number;
  readonly last: number;
  readonly attempt: number;
}

/**
 * Who can be given deliveries of a group, and holds them until they are settled: a cell of this
 * transmitter, or another transmitter with cells of the group.
 */
export abstract class Holder {
  heldCount = 0;
  /** In the order of delivery. */
  readonly held: Span[] = [];

  /** Names it in the mesh. */
  abstract readonly id: string;

  /** Deliveries that it would still take. */
  abstract get free(): number;

  hold(span: Span, nowMs: number): void {
    this.held.push(span);
    this.heldCount += spanCount(span);
    this.begin(nowMs);
  }

  /**
   * Takes the deliveries of this name out of what is held, as spans; nothing that is not held under
   * that attempt is touched.
   */
  take({ origin, first, last, attempt }: SpanName, nowMs: number): Span[] {
    const taken: Span[] = [];
    for (let at = 0; at < this.held.length; ) {
      const span = this.held[at] as Span;
      const isOther = span.attempt !== attempt || span.lot.origin !== origin;
      if (isOther || span.to <= first || span.from > last) {
        at++;
        continue;
      }
      const rest: Span[] = [];
      if (span.from < first) rest.push(cutBelow(span, first));
      const whole = span.to <= last + 1;
      const part = whole ? span : cutBelow(span, last + 1);
      if (!whole) rest.push(span);
      this.held.splice(at, 1, ...rest);
      at += rest.length;
      taken.push(part);
      this.heldCount -= spanCount(part);
      if (last - first + 1 === spanCount(part)) break;
    }
    if (taken.length > 0) this.begin(nowMs);
    return taken;
  }

  /** Makes a span of its own of one delivery that is held in `span`, where it stands. */
  isolate(span: Span, number: number): Span {
    const at = this.held.indexOf(span);
    const before = number > span.from ? [cutBelow(span, number)] : [];
    const one = spanCount(span) > 1 ? cutBelow(span, number + 1) : span;
    this.held.splice(at, 1, ...before, one, ...(one === span ? [] : [span]));
    return one;
  }

  takeAll(): Span[] {
    this.heldCount = 0;
    return this.held.splice(0, this.held.length);
  }

  /** The span that holds this delivery, if it is held. */
  find(origin: string, number: number, attempt: number): Span | undefined {
    return this.held.find(
      (span) =>
        span.attempt === attempt &&
        span.lot.origin === origin &&
        span.from <= number &&
        number < span.to,
    );
  }

  /** What is held has changed. */
  protected abstract begin(nowMs: number): void;
}
