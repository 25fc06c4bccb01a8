import type { Group } from "../groups/group.js";
import type { Lease } from "./lease.js";

/** Tells an origin that it may spend more of our cells' credit; false if it cannot be told. */
export type Grant = (lease: Lease, count: number) => boolean;

/**
 * Shares the free credit of our cells among the origins that want some, ourselves included. What
 * waits comes first: each gets an equal part, or what it needs if that is less. What is left is for
 * events that are yet to come.
 *
 * @see PROTOCOL.md §18.5
 */
export function shareCredit(group: Group, grant: Grant): void {
  const leases = [...group.sites.leasesOut()];
  const own = group.backlog.events;
  if (leases.every((lease) => lease.missing === 0 && (own === 0 || lease.outstanding === 0)))
    return;
  if (group.terms.affinity) {
    // There credit is that of the one cell that a key belongs to.
    for (const { id, free } of group.members.values()) {
      const ofCell = leases.filter(({ cell }) => cell === id);
      share(free, [...ofCell.map(claimOf), { lease: undefined, need: own, count: 0 }], grant);
    }
    return;
  }
  let free = 0;
  for (const member of group.members.values()) free += member.free;
  const claims = [{ lease: undefined, need: own, count: 0 }, ...leases.map(claimOf)];
  const first = group.sites.turn++ % claims.length;
  share(free, [...claims.slice(first), ...claims.slice(0, first)], grant);
}

/** Who may get credit: an origin by its lease, or we ourselves. */
interface Claim {
  readonly lease: Lease | undefined;
  /** What its events wait for. */
  readonly need: number;
  /** What it gets. */
  count: number;
}

function claimOf(lease: Lease): Claim {
  return { lease, need: lease.short, count: 0 };
}

/** @param claims who comes first is first. */
function share(free: number, claims: readonly Claim[], grant: Grant): void {
  let left = free;
  for (const { lease } of claims) left -= lease?.outstanding ?? 0;
  left = shareNeeds(left, claims);
  if (left > 0) shareAhead(left, claims);
  const isShort = claims.some(({ need, count }) => count < need);
  for (const { lease, need, count } of claims) {
    if (lease === undefined) continue;
    if (count > 0) {
      if (grant(lease, count)) lease.granted += count;
    } else if (isShort && need === 0) recall(lease, grant);
  }
}

/** Equal parts for what waits; who needs less leaves the rest to others. */
function shareNeeds(free: number, claims: readonly Claim[]): number {
  let left = free;
  let needy = claims.filter(({ need }) => need > 0);
  while (left > 0 && needy.length > 0) {
    for (const [at, claim] of needy.entries()) {
      const part = Math.ceil(left / (needy.length - at));
      const count = Math.min(part, claim.need - claim.count);
      claim.count += count;
      left -= count;
    }
    needy = needy.filter(({ need, count }) => count < need);
  }
  return left;
}

/**
 * What is yet to come gets credit in steps of half of what its origin has: a word for each
 * settlement would be as many words as deliveries.
 */
const stepPart = 1 / 2;

function shareAhead(free: number, claims: readonly Claim[]): void {
  let left = free;
  const wanting = claims.filter(({ lease, count }) => lease !== undefined && lease.missing > count);
  for (const [at, claim] of wanting.entries()) {
    const { missing, outstanding } = claim.lease as Lease;
    const part = Math.ceil(left / (wanting.length - at));
    const count = Math.min(part, missing - claim.count);
    if (count < outstanding * stepPart) continue;
    claim.count += count;
    left -= count;
  }
}

/** Somebody is short of credit: an origin that has some and does not need it gives it back. */
function recall(lease: Lease, grant: Grant): void {
  // Once for what was granted last: who needs it by now does not answer.
  if (lease.outstanding === 0 || lease.recalledAt === lease.granted) return;
  if (grant(lease, 0)) lease.recalledAt = lease.granted;
}
