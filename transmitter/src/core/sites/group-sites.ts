import type { Thid } from "@thynapse/protocol";
import type { GroupTerms } from "../groups/group-terms.js";
import type { Holder } from "../groups/holder.js";
import { Lease } from "./lease.js";
import { SiteMember } from "./site-member.js";

/** What another transmitter says of its cells in a group. */
export interface SitePart extends GroupTerms {
  readonly members: number;
  /** The cells, where keys are bound to cells. */
  readonly ids: readonly Thid[] | undefined;
}

/** The other transmitters of a group: as sites of our events, and as origins of theirs. */
export class GroupSites {
  private readonly byKey = new Map<string, SiteMember>();
  private readonly parts = new Map<Thid, SitePart>();
  private readonly leases = new Map<string, Lease>();
  /** Whose turn it is among those who want credit. */
  turn = 0;
  /** Deliveries that their cell gave back, and that wait for others to have credit. */
  wanted = 0;

  /** Credit of our cells that is leased to others and not spent. */
  get leasedCount(): number {
    let count = 0;
    for (const lease of this.leases.values()) count += lease.outstanding;
    return count;
  }

  get heldCount(): number {
    let count = 0;
    for (const member of this.byKey.values()) count += member.heldCount;
    return count;
  }

  /** Cells that others say they have. */
  get memberCount(): number {
    let count = 0;
    for (const { members } of this.parts.values()) count += members;
    return count;
  }

  /** Whether no other transmitter has it, or keeps it for cells that were lost. */
  get isEmpty(): boolean {
    return this.parts.size === 0 && this.heldCount === 0;
  }

  *members(): Generator<SiteMember> {
    for (const member of this.byKey.values()) if (member.isPresent) yield member;
  }

  all(): IterableIterator<SiteMember> {
    return this.byKey.values();
  }

  /** Everything of one transmitter, also what is not present any more. */
  membersOf(peer: Thid): SiteMember[] {
    return [...this.byKey.values()].filter((member) => member.peer === peer);
  }

  partOf(peer: Thid): SitePart | undefined {
    return this.parts.get(peer);
  }

  /** What is in force at the others. */
  terms(): GroupTerms[] {
    return [...this.parts.values()].filter(({ members }) => members > 0);
  }

  /** What was in force at those that keep it for cells that were lost. */
  keptTerms(): GroupTerms[] {
    return [...this.parts.values()].filter(({ members }) => members === 0);
  }

  /** Takes in what a transmitter says of its cells; `undefined`: it has none any more. */
  set(peer: Thid, part: SitePart | undefined): void {
    if (part === undefined) this.parts.delete(peer);
    else this.parts.set(peer, part);
    const cells: (Thid | undefined)[] = part?.ids?.slice() ?? [];
    if (part !== undefined && part.members > 0 && part.ids === undefined) cells.push(undefined);
    const present = new Set(cells.map((cell) => keyOf(peer, cell)));
    for (const cell of cells) this.open(peer, cell).found();
    for (const member of this.membersOf(peer)) {
      if (!present.has(keyOf(peer, member.cell))) member.isPresent = false;
    }
  }

  /** The part of a transmitter, for all its cells or for one; made if there is none. */
  open(peer: Thid, cell: Thid | undefined): SiteMember {
    const key = keyOf(peer, cell);
    let member = this.byKey.get(key);
    if (member === undefined) {
      member = new SiteMember(peer, cell);
      this.byKey.set(key, member);
    }
    return member;
  }

  /** Forgets who is gone and holds nothing. */
  sweep(): void {
    for (const [key, member] of this.byKey) {
      if (!member.isPresent && member.heldCount === 0) this.byKey.delete(key);
    }
  }

  /** The site that leases most to us, of those but one; ties at random. */
  mostLeased(random: () => number, except?: Holder): SiteMember | undefined {
    let best: SiteMember | undefined;
    let ties = 1;
    for (const member of this.byKey.values()) {
      if (member === except || member.free === 0 || member.free < (best?.free ?? 0)) continue;
      if (best?.free === member.free) {
        if (random() * ++ties >= 1) continue;
      } else ties = 1;
      best = member;
    }
    return best;
  }

  /** What is leased to an origin; made if there is none. */
  lease(peer: Thid, cell: Thid | undefined): Lease {
    const key = keyOf(peer, cell);
    let lease = this.leases.get(key);
    if (lease === undefined) {
      lease = new Lease(peer, cell);
      this.leases.set(key, lease);
    }
    return lease;
  }

  /** What is leased to an origin, if it has asked for any. */
  leaseOf(peer: Thid, cell: Thid | undefined): Lease | undefined {
    return this.leases.get(keyOf(peer, cell));
  }

  leasesOut(): IterableIterator<Lease> {
    return this.leases.values();
  }

  /** What is leased to others of the credit of one cell. */
  leasedOf(cell: Thid): number {
    let count = 0;
    for (const lease of this.leases.values()) if (lease.cell === cell) count += lease.outstanding;
    return count;
  }

  /** A cell is gone: none of its credit is leased any more. */
  endLeasesOf(cell: Thid): void {
    for (const [key, lease] of this.leases) if (lease.cell === cell) this.leases.delete(key);
  }

  /** Nothing is leased to an origin any more. */
  endLeases(peer: Thid): void {
    for (const [key, lease] of this.leases) if (lease.peer === peer) this.leases.delete(key);
  }
}

function keyOf(peer: Thid, cell: Thid | undefined): string {
  return cell === undefined ? peer : `${peer} ${cell}`;
}
