import type { Thid } from "@thynapse/protocol";
import { Holder } from "../groups/holder.js";

/** What an idle origin asks for on top of what it needs, at most. */
const aheadMax = 8192;

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
  /** Spent and given back, and asked for, in this life. */
  private consumed = 0;
  private asked = 0;
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

  granted(count: number): void {
    this.lease += count;
  }

  spend(count: number, nowMs: number): void {
    this.lease -= count;
    this.consumed += count;
    this.spentMs = nowMs;
  }

  /**
   * What to ask for in all, for what waits; `undefined` if nothing needs to be said.
   */
  demand(): number | undefined {
    const { waiting } = this;
    if (!this.isPresent) return undefined;
    if (waiting === 0) return this.cancel();
    if (this.lease === 0) this.ahead = Math.min(2 * this.ahead, aheadMax);
    const target = this.consumed + Math.max(this.lease, waiting + this.ahead);
    const isEnough = this.asked - this.consumed >= waiting + (this.ahead >> 1);
    if (target <= this.asked || isEnough) return undefined;
    this.asked = target;
    return target;
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
    this.asked = 0;
  }

  protected begin(): void {
    // When its cells begin is for the site to watch.
  }

  /** Nothing waits: what was asked for beyond what is leased is not wanted any more. */
  private cancel(): number | undefined {
    const enough = this.consumed + this.lease + this.ahead;
    if (this.asked <= enough) return undefined;
    this.asked = enough;
    return enough;
  }
}
