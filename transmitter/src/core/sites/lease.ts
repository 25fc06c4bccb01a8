import type { Thid } from "@thynapse/protocol";

/**
 * Credit of our cells that another origin may spend: as a site, we grant it, and never more than
 * our cells have free.
 *
 * Both sides count from the beginning of the link, so that a lost or late word does no harm: the
 * origin says how much it wants in all, and the site what it has granted on top.
 */
export class Lease {
  readonly peer: Thid;
  /** The one cell that it is for, in a group with affinity. */
  readonly cell: Thid | undefined;
  /** What the origin wants in all. */
  wanted = 0;
  granted = 0;
  /** What was granted in all when some was asked back last. */
  recalledAt = 0;
  /** What came as deliveries, or was given back. */
  consumed = 0;

  constructor(peer: Thid, cell: Thid | undefined) {
    this.peer = peer;
    this.cell = cell;
  }

  /** What the origin may still deliver. */
  get outstanding(): number {
    return Math.max(0, this.granted - this.consumed);
  }

  /** What the origin would like to have, and has not. */
  get missing(): number {
    return Math.max(0, this.wanted - this.granted);
  }
}
