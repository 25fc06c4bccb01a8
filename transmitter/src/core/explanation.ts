import type { Thid } from "@thynapse/protocol";
import { plentyOfCredit } from "./group.js";

/** A cell as it is named to people. */
interface CellName {
  readonly id: Thid;
  readonly service: string;
}

/** A pattern that does not match, and where it parts from the channel. */
interface Mismatch {
  readonly pattern: string;
  readonly mode: string;
  readonly service?: string;
  readonly why: string;
}

/** What one transmitter says of its own cells. */
export interface SiteExplanation {
  readonly channel: string;
  readonly streams: readonly {
    readonly pattern: string;
    readonly encoding: string;
    readonly cells: readonly CellName[];
  }[];
  readonly groups: readonly SiteGroup[];
  readonly others: readonly Mismatch[];
}

interface SiteGroup {
  readonly service: string;
  readonly pattern: string;
  readonly backlog: number;
  readonly affinity: boolean;
  readonly members: readonly {
    readonly id: Thid;
    readonly free: number;
    readonly state: string;
  }[];
}

/** Where cells are, seen from the origin. */
interface Place {
  readonly transmitter: Thid;
  readonly way: string;
}

interface MemberView extends Place {
  readonly id: Thid;
  readonly free: number;
  readonly state: string;
}

/**
 * Puts together what transmitters say of their cells: who in the mesh would get an event that
 * enters at `origin` now, by which way, and why the others would not.
 *
 * @see PROTOCOL.md §14, $mesh.explain
 */
export function mergeExplanations(
  origin: Thid,
  sites: ReadonlyMap<Thid, SiteExplanation>,
): Record<string, unknown> {
  const streams: object[] = [];
  const groups = new Map<string, { group: SiteGroup; backlog: number; members: MemberView[] }>();
  const others = new Map<string, Mismatch>();
  for (const [transmitter, site] of sites) {
    const place = { transmitter, way: wayTo(transmitter, origin) };
    for (const stream of site.streams) streams.push({ ...stream, ...place });
    for (const group of site.groups) {
      const key = `${group.service} ${group.pattern}`;
      const known = groups.get(key) ?? { group, backlog: 0, members: [] };
      groups.set(key, known);
      // What waits elsewhere entered elsewhere, and waits for the same cells.
      known.backlog += group.backlog;
      known.members.push(...group.members.map((member) => ({ ...member, ...place })));
    }
    for (const other of site.others) {
      others.set(`${other.mode} ${other.service} ${other.pattern}`, other);
    }
  }
  return {
    channel: sites.get(origin)?.channel,
    matched: streams.length + groups.size,
    streams,
    groups: [...groups.values()].map(({ group: { service, pattern, affinity }, ...group }) => ({
      service,
      pattern,
      backlog: group.backlog,
      members: membersWithWhy(group.members, origin, affinity),
    })),
    others: [...others.values()],
  };
}

function wayTo(transmitter: Thid, origin: Thid): string {
  return transmitter === origin ? "local" : `over the link to ${transmitter}`;
}

function membersWithWhy(
  members: readonly MemberView[],
  origin: Thid,
  affinity: boolean,
): Record<string, unknown>[] {
  const mostAt = (isHere: boolean): number =>
    Math.max(
      0,
      ...members
        .filter(({ transmitter }) => (transmitter === origin) === isHere)
        .map(({ free }) => Math.min(free, plentyOfCredit)),
    );
  const [mostHere, mostElsewhere] = [mostAt(true), mostAt(false)];
  return members.map(({ state, ...member }) => {
    const isHere = member.transmitter === origin;
    const most = isHere ? mostHere : mostElsewhere;
    return {
      ...member,
      why: whyMember({ ...member, state }, { most, affinity, isHere, mostHere }),
    };
  });
}

interface Rivals {
  readonly most: number;
  readonly affinity: boolean;
  readonly isHere: boolean;
  readonly mostHere: number;
}

function whyMember(
  { free, state }: MemberView,
  { most, affinity, isHere, mostHere }: Rivals,
): string {
  if (state === "suspect") return "not now: suspect, silent for too long";
  if (free === 0) return "not now: no free credit";
  if (affinity) return "by key: events with a key go to the cell that owns it";
  if (!isHere && mostHere > 0) return "later: cells of the origin come first";
  return free >= most ? "next: most free credit" : "later: another has more free credit";
}
