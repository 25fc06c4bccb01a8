import { RangeSet } from "@thynapse/protocol";

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

  /** Leaves an event to the home of this attachment. */
  leave(session: number, seq: number, isFresh: boolean): void {
    if (session !== this.session) {
      for (const [low, high] of this.fresh.ranges()) this.used.add(low, high);
      this.fresh.clear();
      this.session = session;
    }
    (isFresh ? this.fresh : this.used).add(seq);
  }

  /** Its sender has brought an event back: it is ours again. */
  takeBack(seq: number): void {
    this.fresh.remove(seq);
    this.used.remove(seq);
  }

  /** Whether an event is as new for the home of this attachment. */
  isFreshFor(session: number, seq: number): boolean {
    return session === this.session && this.fresh.has(seq);
  }

  has(seq: number): boolean {
    return this.fresh.has(seq) || this.used.has(seq);
  }

  dropBelow(floor: number): void {
    this.fresh.dropBelow(floor);
    this.used.dropBelow(floor);
  }
}
