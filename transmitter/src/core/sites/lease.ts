import type { Thid } from "@thynapse/protocol";

/**
 * Credit of our cells that another origin may spend: as a site, we grant it, and never more than
 * our cells have free.
 *
 * The origin says how much it wants in all, and the site what it has granted on top. Both count
 * within a life that the origin has numbered: either may have forgotten the other's count when
 * there was nobody in the group for a while.
 */
export class Lease {
  readonly peer: Thid;
  /** The one cell that it is for, in a group with affinity. */
  readonly cell: Thid | undefined;
  life = 0;
  /** What the origin wants in all, and how much of that is for events that are yet to come. */
  wanted = 0;
  ahead = 0;
  granted = 0;
  /** What was granted in all when some was asked back last. */
  recalledAt = 0;
  /** What came as deliveries, or was given back. */
  consumed = 0;

  constructor(peer: Thid, cell: Thid | undefined) {
    this.peer = peer;
    this.cell = cell;
  }

  /** The origin wants so much in all, and has got so much of it. */
  need(life: number, wanted: number, received: number): void {
    if (life !== this.life) {
      this.life = life;
      this.granted = received;
      this.consumed = received;
      this.recalledAt = received;
    }
    this.wanted = wanted;
  }

  /** The origin has no use for so much; nobody can give back more than was leased. */
  giveBack(life: number, count: number): void {
    if (life === this.life) this.consumed += Math.min(this.outstanding, count);
  }

  /** What the origin may still deliver. */
  get outstanding(): number {
    return Math.max(0, this.granted - this.consumed);
  }

  /** What events of the origin wait for. */
  get short(): number {
    return Math.max(0, this.wanted - this.ahead - this.granted);
  }

  /** What the origin would like to have, and has not. */
  get missing(): number {
    return Math.max(0, this.wanted - this.granted);
  }
}
