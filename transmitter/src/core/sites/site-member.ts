import type { Thid } from "@thynapse/protocol";
import { Holder } from "../groups/holder.js";

/** What an idle origin asks for on top of what it needs, at most. */
const aheadMax = 8192;

/** What an origin wants in all, and how much of that is for events that are yet to come. */
export interface Wish {
  readonly count: number;
  readonly ahead: number;
}

const noWish: Wish = { count: 0, ahead: 0 };

/**
 * Another transmitter's part in one of our groups, for all its cells, or in a group with affinity
 * for one of them: what it leases to us, and the deliveries that it has got from us.
 */
export class SiteMember extends Holder {
  readonly peer: Thid;
  readonly cell: Thid | undefined;
  /** Whether it lives and says that it has such cells; if not, it may yet hold something. */
  isPresent = false;
  /** Deliveries that it would still take from us. */
  lease = 0;
  /** Events that wait for its credit. */
  waiting = 0;
  /** When some of it was last spent. */
  spentMs = Number.NEGATIVE_INFINITY;
  /**
   * Which of its lives this one is: it is forgotten when its cells are gone and it holds nothing,
   * and counts from zero when it comes back. 0 until it asks for the first time.
   */
  life = 0;
  /** Spent and given back in this life. */
  private consumed = 0;
  /** What was asked for last in this life. */
  private told = noWish;
  /** Whether any was spent since it was last looked at. */
  private isSpent = false;
  /** How much it asks for on top of what waits: so that what comes next need not wait. */
  private ahead = 1;

  constructor(peer: Thid, cell: Thid | undefined) {
    super();
    this.peer = peer;
    this.cell = cell;
  }

  get id(): Thid {
    return this.cell ?? this.peer;
  }

  /** What was granted in this life, as far as is known here. */
  get received(): number {
    return this.consumed + this.lease;
  }

  get free(): number {
    return this.isPresent ? this.lease : 0;
  }

  /**
   * It says that it has such cells. Its group may have begun anew, and know nothing of what we
   * asked for: that is said again, and changes nothing where it is known.
   */
  found(): void {
    this.isPresent = true;
    this.told = noWish;
  }

  granted(count: number): void {
    this.lease += count;
  }

  spend(count: number, nowMs: number): void {
    this.lease -= count;
    this.consumed += count;
    this.spentMs = nowMs;
    this.isSpent = true;
  }

  /**
   * What to ask for: when the site takes much less for needed than waits, or takes for needed what
   * is not, or when little is left for what is yet to come; `undefined` if all is well.
   */
  demand(): Wish | undefined {
    const { waiting, lease, consumed, told } = this;
    const isUsed = waiting > 0 || this.isSpent;
    this.isSpent = false;
    if (!this.isPresent) return undefined;
    const short = Math.max(0, waiting - lease);
    const toldShort = Math.max(0, told.count - told.ahead - consumed - lease);
    const isLow = isUsed && told.count - consumed < waiting + (this.ahead >> 1);
    if (toldShort >= short / 2 && (short > 0 || toldShort === 0) && !isLow) return undefined;
    if (isUsed) this.ahead = Math.min(2 * this.ahead, aheadMax);
    const needed = consumed + lease + short;
    const count = Math.max(needed, consumed + waiting + this.ahead);
    this.told = { count, ahead: count - needed };
    return this.told;
  }

  /** Gives back what is not needed. @returns how much. */
  giveBack(): number {
    const { lease } = this;
    this.lease = 0;
    this.consumed += lease;
    this.ahead = Math.max(1, this.ahead >> 1);
    return lease;
  }

  /** The link begins anew, or its cells are gone: nothing is leased any more. */
  reset(): void {
    this.life = 0;
    this.lease = 0;
    this.consumed = 0;
    this.told = noWish;
  }

  protected begin(): void {
    // When its cells begin is for the site to watch.
  }
}
