import { matchesPattern, type Pattern } from "@thynapse/protocol";
import type { SiteExplanation } from "./explanation.js";
import type { Group } from "../groups/group.js";
import type { RouteTable } from "../events/route.js";
import type { Stream } from "../streams/streams.js";

/** Everything that was caught, for the question why something does not match. */
export interface Interest {
  readonly routes: RouteTable;
  readonly streams: Iterable<Stream>;
  readonly groups: Iterable<Group>;
}

/**
 * Says who among the cells of this transmitter would get an event on this channel now, and why the
 * others would not. It asks the same routes as a real event, and changes nothing.
 *
 * @see PROTOCOL.md §14, $mesh.explain
 */
export function explain(interest: Interest, channel: string): SiteExplanation {
  const route = interest.routes.resolve(channel);
  const streams = route.streams.filter((stream) => stream.listeners.size > 0);
  return {
    channel,
    streams: streams.map((stream) => ({
      pattern: stream.pattern.text,
      encoding: stream.encoding,
      cells: [...stream.listeners.keys()].map(({ id, service }) => ({ id, service })),
    })),
    groups: route.groups.map((group) => ({
      service: group.service,
      pattern: group.pattern.text,
      backlog: group.backlog.events,
      affinity: group.terms.affinity,
      leases: leasesOf(group),
      members: [...group.members.values()].map(({ cell, free }) => ({
        id: cell.id,
        free,
        state: cell.state,
      })),
    })),
    others: others(interest, channel),
  };
}

/** What other transmitters lease to this one: deliveries that their cells would take from it. */
function leasesOf(group: Group): Record<string, number> {
  const leases: Record<string, number> = {};
  for (const { peer, free } of group.sites.members()) leases[peer] = (leases[peer] ?? 0) + free;
  return leases;
}

function others(interest: Interest, channel: string): SiteExplanation["others"] {
  const rows: { pattern: string; mode: string; service?: string; why: string }[] = [];
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
