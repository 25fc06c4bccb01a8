import type { CatchWish } from "@thynapse/protocol";
import type { CellRecord } from "./cells.js";
import type { Group } from "./group.js";
import { cutBelow, type Span, spanCount } from "./ledger.js";

/** One cell's part in a group: its options, and the deliveries that it holds. */
export class Member {
  readonly group: Group;
  readonly cell: CellRecord;
  readonly catchNumber: number;
  wish: CatchWish;
  credit: number;
  heldCount = 0;
  /** In the order of delivery, in which the cell begins them. */
  readonly held: Span[] = [];

  constructor(group: Group, cell: CellRecord, catchNumber: number, wish: CatchWish) {
    this.group = group;
    this.cell = cell;
    this.catchNumber = catchNumber;
    this.wish = wish;
    this.credit = wish.credit;
  }

  /** Deliveries that it would still take. */
  get free(): number {
    return this.cell.state === "alive" ? Math.max(0, this.credit - this.heldCount) : 0;
  }

  hold(span: Span, nowMs: number): void {
    this.held.push(span);
    this.heldCount += spanCount(span);
    this.begin(nowMs);
  }

  /**
   * Takes the deliveries `first … last` of this attempt out of what is held, as spans; nothing that
   * is not held under that attempt is touched.
   */
  take(first: number, last: number, attempt: number, nowMs: number): Span[] {
    const taken: Span[] = [];
    for (let at = 0; at < this.held.length; ) {
      const span = this.held[at] as Span;
      if (span.attempt !== attempt || span.to <= first || span.from > last) {
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

  takeAll(): Span[] {
    this.heldCount = 0;
    return this.held.splice(0, this.held.length);
  }

  /** The span that holds this delivery, if it is held. */
  find(number: number, attempt: number): Span | undefined {
    return this.held.find(
      (span) => span.attempt === attempt && span.from <= number && number < span.to,
    );
  }

  /** The cell is working on it: its time-out begins anew. */
  progress(number: number, attempt: number, nowMs: number): boolean {
    const span = this.find(number, attempt);
    if (span === undefined || span.begunMs === Number.POSITIVE_INFINITY) return false;
    span.begunMs = nowMs;
    return true;
  }

  /** Deliveries that the cell can be working on: the first `concurrency` that it holds. */
  private begin(nowMs: number): void {
    let room = this.wish.concurrency;
    for (let at = 0; at < this.held.length && room > 0; at++) {
      const span = this.held[at] as Span;
      if (span.begunMs === Number.POSITIVE_INFINITY) {
        if (spanCount(span) > room) this.held.splice(at, 1, cutBelow(span, span.from + room), span);
        (this.held[at] as Span).begunMs = nowMs;
      }
      room -= spanCount(this.held[at] as Span);
    }
  }
}
