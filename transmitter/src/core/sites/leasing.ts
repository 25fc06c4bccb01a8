import type { Group } from "../groups/group.js";
import type { Lease } from "./lease.js";

/** Tells an origin that it may spend more of our cells' credit; false if it cannot be told. */
export type Grant = (lease: Lease, count: number) => boolean;

/**
 * Shares the free credit of our cells among the origins that want some, ourselves included: each
 * gets an equal part of it, or what it wants if that is less, and who comes first changes.
 *
 * @see PROTOCOL.md §18.5
 */
export function shareCredit(group: Group, grant: Grant): void {
  const { sites } = group;
  const wanting: Lease[] = [];
  for (const lease of sites.leasesOut()) if (lease.missing > 0) wanting.push(lease);
  const isNeeded = group.backlog.events > 0 && sites.leasedCount > 0;
  if (wanting.length === 0 && !isNeeded) return;
  if (group.terms.affinity) shareByCell(group, wanting, grant);
  else shareAll(group, wanting, grant);
}

function shareAll(group: Group, wanting: readonly Lease[], grant: Grant): void {
  const { sites } = group;
  let free = -sites.leasedCount;
  for (const member of group.members.values()) free += member.free;
  const waiting = group.backlog.events;
  const claimants = waiting > 0 ? [undefined, ...wanting] : wanting;
  const from = sites.turn++ % claimants.length;
  for (let step = 0; step < claimants.length && free > 0; step++) {
    const lease = claimants[(from + step) % claimants.length];
    const share = Math.ceil(free / (claimants.length - step));
    const count = Math.min(share, lease === undefined ? waiting : lease.missing);
    free -= count;
    if (lease !== undefined) give(lease, count, grant);
  }
  if (free > 0) return;
  const short = wanting.filter(isMissing);
  recall(sites.leasesOut(), grant, (lease) => waiting > 0 || short.some((one) => one !== lease));
}

/** In a group with affinity credit is that of the one cell that a key belongs to. */
function shareByCell(group: Group, wanting: readonly Lease[], grant: Grant): void {
  for (const member of group.members.values()) {
    const mine = wanting.filter(({ cell }) => cell === member.id);
    let free = member.free - group.sites.leasedOf(member.id);
    for (const [at, lease] of mine.entries()) {
      // One share stays for our own events.
      const share = Math.ceil(free / (mine.length - at + (group.backlog.events > 0 ? 1 : 0)));
      const count = Math.max(0, Math.min(share, lease.missing));
      free -= count;
      give(lease, count, grant);
    }
    if (free > 0) continue;
    const leases = [...group.sites.leasesOut()].filter(({ cell }) => cell === member.id);
    const short = mine.filter(isMissing);
    const isShort = group.backlog.events > 0;
    recall(leases, grant, (lease) => isShort || short.some((one) => one !== lease));
  }
}

/**
 * Credit is granted in steps of an eighth of what the origin has: one word for each settlement
 * would be as many words as deliveries.
 */
const stepPart = 1 / 8;

function give(lease: Lease, count: number, grant: Grant): void {
  if (count <= 0 || count < lease.outstanding * stepPart) return;
  if (grant(lease, count)) lease.granted += count;
}

function isMissing({ missing }: Lease): boolean {
  return missing > 0;
}

/** Somebody wants credit, and there is none: who has some and does not need it gives it back. */
function recall(
  leases: Iterable<Lease>,
  grant: Grant,
  isWantedByOthers: (lease: Lease) => boolean,
): void {
  for (const lease of leases) {
    // Once for what was granted last: who needs it does not answer.
    if (lease.outstanding === 0 || lease.recalledAt === lease.granted) continue;
    if (isWantedByOthers(lease) && grant(lease, 0)) lease.recalledAt = lease.granted;
  }
}
