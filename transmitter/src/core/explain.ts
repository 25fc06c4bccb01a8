import { matchesPattern, type Pattern } from "@thynapse/protocol";
import { type Group, plentyOfCredit } from "./group.js";
import type { RouteTable } from "./route.js";
import type { Stream } from "./streams.js";

/** Everything that was caught, for the question why something does not match. */
export interface Interest {
  readonly routes: RouteTable;
  readonly streams: Iterable<Stream>;
  readonly groups: Iterable<Group>;
}

/**
 * Says who would get an event on this channel now, by which way, and why the others would not. It
 * asks the same routes as a real event, and changes nothing.
 *
 * @see PROTOCOL.md §14, $mesh.explain
 */
export function explain(interest: Interest, channel: string): Record<string, unknown> {
  const route = interest.routes.resolve(channel);
  const streams = route.streams.filter((stream) => stream.listeners.size > 0);
  return {
    channel,
    matched: streams.length + route.groups.length,
    streams: streams.map((stream) => ({
      pattern: stream.pattern.text,
      encoding: stream.encoding,
      cells: [...stream.listeners.keys()].map(({ id, service }) => ({ id, service })),
    })),
    groups: route.groups.map(explainGroup),
    others: others(interest, channel),
  };
}

function explainGroup(group: Group): Record<string, unknown> {
  const frees = [...group.members.values()].map((member) => member.free);
  const most = Math.min(Math.max(0, ...frees), plentyOfCredit);
  return {
    service: group.service,
    pattern: group.pattern.text,
    backlog: group.backlog.events,
    members: [...group.members.values()].map((member) => ({
      id: member.cell.id,
      free: member.free,
      why: whyMember(member.free, most, member.cell.state, group.terms.affinity),
    })),
  };
}

function whyMember(free: number, most: number, state: string, affinity: boolean): string {
  if (state === "suspect") return "not now: suspect, silent for too long";
  if (free === 0) return "not now: no free credit";
  if (affinity) return "by key: events with a key go to the cell that owns it";
  return free >= most ? "next: most free credit" : "later: another has more free credit";
}

function others(interest: Interest, channel: string): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = [];
  for (const { pattern, listeners } of interest.streams) {
    if (listeners.size === 0 || matchesPattern(pattern, channel)) continue;
    rows.push({ pattern: pattern.text, mode: "multi", why: whyNot(pattern, channel) });
  }
  for (const { pattern, service } of interest.groups) {
    if (matchesPattern(pattern, channel)) continue;
    rows.push({ pattern: pattern.text, mode: "any", service, why: whyNot(pattern, channel) });
  }
  return rows;
}

/** The first place where pattern and channel part. */
function whyNot(pattern: Pattern, channel: string): string {
  const segments = channel.split(".");
  for (const [at, part] of pattern.segments.entries()) {
    if (part === "**") return `nothing that "**" may stand for makes it match`;
    const segment = segments[at];
    if (segment === undefined) return `the channel ends after ${at} of its segments`;
    if (segment.startsWith("$") && part !== segment) return "wildcards never match system channels";
    if (part !== "*" && part !== segment) return `segment ${at + 1} is "${segment}", not "${part}"`;
  }
  return `the channel has ${segments.length} segments, the pattern ${pattern.segments.length}`;
}
