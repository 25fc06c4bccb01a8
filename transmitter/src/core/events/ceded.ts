import { RangeSet } from "@thynapse/protocol";
import { common, without } from "./numbers.js";

/**
 * What of one sender and one group a transmitter has left to the new homes of that sender.
 *
 * @see PROTOCOL.md §18.7
 */
export class Ceded {
  /** The attachment to the home that was left something last. */
  private session = 0;
  /** Never given out. */
  private readonly fresh = new RangeSet();
  /** Given out, and come back; or left to an earlier home, which may have given it out. */
  private readonly used = new RangeSet();

  /** Leaves events to the home of this attachment. */
  leave(session: number, numbers: RangeSet, isFresh: boolean): void {
    if (numbers.rangeCount === 0) return;
    if (session !== this.session) {
      for (const range of this.fresh.ranges()) this.used.add(...range);
      this.fresh.clear();
      this.session = session;
    }
    const left = isFresh ? this.fresh : this.used;
    for (const range of numbers.ranges()) left.add(...range);
  }

  /** Its sender brings events back: what of them was left is ours again. */
  takeBack(numbers: RangeSet): void {
    for (const [first, last] of numbers.ranges()) {
      this.fresh.remove(first, last);
      this.used.remove(first, last);
    }
  }

  /** Which of these are as new for the home of this attachment. */
  freshFor(session: number, numbers: RangeSet): RangeSet {
    return session === this.session ? common(numbers, this.fresh) : new RangeSet();
  }

  /** Which of these were left to nobody. */
  kept(numbers: RangeSet): RangeSet {
    return without(without(numbers, this.fresh), this.used);
  }

  dropBelow(floor: number): void {
    this.fresh.dropBelow(floor);
    this.used.dropBelow(floor);
  }
}
