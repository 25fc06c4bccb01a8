import { type Claim, type Hello, MeshError, parsePattern } from "@thynapse/protocol";
import type { CellRecord } from "./cells.js";
import type { CoreLimits } from "../effects.js";
import type { Groups } from "../groups/groups.js";
import type { Keeping } from "../groups/keeping.js";
import type { Sites } from "../sites/sites.js";

/**
 * Ranges that a cell may claim in one attachment. A `HELO` has room for a fifth of that, and none
 * but a cell that moves says two with claims.
 */
const claimRangesMax = 131_072;

/** What claims are taken into. */
export interface TakingClaimsParts {
  readonly groups: Groups;
  readonly sites: Sites;
  readonly keeping: Keeping;
  readonly limits: CoreLimits;
}

/** What cells say in `HELO` that they have. @see PROTOCOL.md §10.9 */
export class TakingClaims {
  private readonly parts: TakingClaimsParts;

  constructor(parts: TakingClaimsParts) {
    this.parts = parts;
  }

  /**
   * Whether claims can be taken: their groups are kept, and told to others, whether they are caught
   * or not. Before anything has changed.
   *
   * @param cell the cell that claims, if it is attached already.
   * @throws {MeshError} `TOO_MANY_CATCHES`, `TOO_LARGE`, `BUSY`
   */
  check({ service, claims }: Claiming, cell: CellRecord | undefined, nowMs: number): void {
    const { announcing } = this.parts.sites;
    const patterns = new Set(claims.map(({ pattern }) => pattern));
    const fresh = [...patterns].filter((pattern) => !announcing.isTold("any", service, pattern));
    const { catchesMax } = this.parts.limits;
    if (fresh.length > 0 && (cell?.kept.size ?? 0) + fresh.length > catchesMax) {
      throw new MeshError("TOO_MANY_CATCHES", `at most ${catchesMax} kept for a cell`);
    }
    if ((cell?.claimedRanges ?? 0) + rangeCount(claims) > claimRangesMax) {
      throw new MeshError("TOO_LARGE", `at most ${claimRangesMax} ranges claimed by a cell`);
    }
    announcing.admitGroups(service, fresh, nowMs);
  }

  /**
   * Takes what a cell says that it has: what is settled is told to others at once, what it holds
   * when it has made its catch here.
   */
  take(cell: CellRecord, claims: readonly Claim[], nowMs: number): void {
    const { groups, sites, keeping } = this.parts;
    cell.claimedRanges += rangeCount(claims);
    for (const claim of claims) {
      const { pattern } = claim;
      const isNew = !sites.announcing.isTold("any", cell.service, pattern);
      const group = groups.open(cell.service, parsePattern(pattern));
      keeping.keep(group, nowMs);
      if (isNew) keeping.charge(cell, group, nowMs + this.parts.limits.groupKeepMs);
      groups.claiming.claimed(group, cell.id, claim);
      if (group.members.get(cell)?.isGranted === true) {
        sites.adopting.spread(cell, claim, nowMs);
        groups.joined(group, nowMs);
        continue;
      }
      sites.adopting.spread(cell, { ...claim, held: [] }, nowMs);
      // What it says last is what it has.
      cell.claims.set(pattern, claim);
    }
  }
}

function rangeCount(claims: readonly Claim[]): number {
  let count = 0;
  for (const { held, settled } of claims) count += held.length + settled.length;
  return count;
}

type Claiming = Pick<Hello, "service" | "claims">;
