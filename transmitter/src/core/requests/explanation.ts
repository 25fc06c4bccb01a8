import type { Thid } from "@thynapse/protocol";
import { plentyOfCredit } from "../groups/group.js";

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
  /** What other transmitters lease to this one, by their ids. */
  readonly leases: Readonly<Record<string, number>>;
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

interface GatheredGroup {
  readonly service: string;
  readonly pattern: string;
  affinity: boolean;
  /** As the origin has it: what waits elsewhere has entered elsewhere. */
  backlog: number;
  leases: SiteGroup["leases"];
  readonly members: MemberView[];
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
  const streams: (SiteExplanation["streams"][number] & Place)[] = [];
  const groups = new Map<string, GatheredGroup>();
  const others = new Map<string, Mismatch>();
  for (const [transmitter, site] of sites) {
    const place = { transmitter, way: wayTo(transmitter, origin) };
    for (const stream of site.streams) streams.push({ ...stream, ...place });
    for (const group of site.groups) gather(groups, group, place);
    for (const other of site.others) {
      others.set(`${other.mode} ${other.service} ${other.pattern}`, other);
    }
  }
  // To another transmitter an event goes once for a pattern, whatever encodings are read there.
  const targets = streams.map(({ transmitter, pattern, encoding }) =>
    transmitter === origin ? `${encoding} ${pattern}` : `${transmitter} ${pattern}`,
  );
  return {
    channel: sites.get(origin)?.channel,
    matched: new Set(targets).size + groups.size,
    streams,
    groups: [...groups.values()].map((group) => ({
      ...{ service: group.service, pattern: group.pattern, backlog: group.backlog },
      members: membersWithWhy(group, origin),
    })),
    others: [...others.values()],
  };
}

function gather(groups: Map<string, GatheredGroup>, group: SiteGroup, place: Place): void {
  const { service, pattern } = group;
  const key = `${service} ${pattern}`;
  const known = groups.get(key) ?? {
    ...{ service, pattern, affinity: false, backlog: 0, leases: {}, members: [] },
  };
  groups.set(key, known);
  known.affinity ||= group.affinity;
  if (place.way === local) {
    known.backlog = group.backlog;
    known.leases = group.leases;
  }
  for (const member of group.members) known.members.push({ ...member, ...place });
}

const local = "local";

function wayTo(transmitter: Thid, origin: Thid): string {
  return transmitter === origin ? local : `over the link to ${transmitter}`;
}

function membersWithWhy(group: GatheredGroup, origin: Thid): Record<string, unknown>[] {
  const mostAt = (transmitter: Thid): number =>
    group.members
      .filter((member) => member.transmitter === transmitter)
      .reduce((most, { free }) => Math.max(most, Math.min(free, plentyOfCredit)), 0);
  const hasHere = mostAt(origin) > 0;
  const mostLeased = Math.max(0, ...Object.values(group.leases));
  return group.members.map(({ state, ...member }) => {
    const { transmitter } = member;
    const most = mostAt(transmitter);
    const lease = group.leases[transmitter] ?? 0;
    const rivals = { most, hasHere, lease, mostLeased, affinity: group.affinity };
    return { ...member, why: whyMember({ ...member, state }, rivals) };
  });
}

interface Rivals {
  /** Most free credit of a cell of the same transmitter. */
  readonly most: number;
  /** Whether a cell of the origin has free credit. */
  readonly hasHere: boolean;
  /** What the member's transmitter leases to the origin, and what the most generous one does. */
  readonly lease: number;
  readonly mostLeased: number;
  readonly affinity: boolean;
}

function whyMember(
  { free, state, way }: MemberView,
  { most, hasHere, lease, mostLeased, affinity }: Rivals,
): string {
  if (state === "suspect") return "not now: suspect, silent for too long";
  if (free === 0) return "not now: no free credit";
  if (affinity) return "by key: events with a key go to the cell that owns it";
  if (way !== local) {
    if (hasHere) return "later: cells of the origin come first";
    if (lease < mostLeased) return "later: another transmitter leases more credit";
  }
  if (free < most) return "later: another has more free credit";
  if (way === local || lease > 0) return "next: most free credit";
  return "next: as soon as its transmitter has leased credit";
}
