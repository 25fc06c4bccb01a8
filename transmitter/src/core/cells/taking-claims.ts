import { type Claim, parsePattern } from "@thynapse/protocol";
import type { CellRecord } from "./cells.js";
import type { Groups } from "../groups/groups.js";
import type { Keeping } from "../groups/keeping.js";
import type { Sites } from "../sites/sites.js";

/** What claims are taken into. */
export interface TakingClaimsParts {
  readonly groups: Groups;
  readonly sites: Sites;
  readonly keeping: Keeping;
}

/** What a cell has said in one `HELO`. */
export interface Claimed {
  readonly claims: readonly Claim[];
  readonly nowMs: number;
}

/**
 * Takes what a cell says that it has: what is settled is told to others at once, what it holds when
 * it has made its catch here. @see PROTOCOL.md §10.9
 */
export function takeClaims(
  { groups, sites, keeping }: TakingClaimsParts,
  cell: CellRecord,
  { claims, nowMs }: Claimed,
): void {
  for (const claim of claims) {
    const group = groups.open(cell.service, parsePattern(claim.pattern));
    keeping.keep(group, nowMs);
    groups.claiming.claimed(group, cell.id, claim);
    if (group.members.get(cell)?.isGranted === true) {
      sites.adopting.spread(cell, claim, nowMs);
      groups.joined(group, nowMs);
      continue;
    }
    sites.adopting.spread(cell, { ...claim, held: [] }, nowMs);
    cell.claims.push(claim);
  }
}
