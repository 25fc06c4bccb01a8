import type { Run } from "@thynapse/protocol";
import type { CellRecord } from "../cells/cells.js";
import type { Entry } from "./entry.js";
import type { Group } from "../groups/group.js";
import type { GroupArrival } from "../groups/group-arrival.js";
import type { Arrival } from "./intake.js";
import type { Route } from "./route.js";
import type { Site } from "../sites/site.js";
import type { Stream } from "../streams/streams.js";

/** One event of a run whose targets are worked out. */
export interface Step {
  readonly index: number;
  readonly plan: Plan;
  readonly arrival: Arrival;
}

/** What comes first under an idempotency key. */
export interface First {
  readonly index: number;
  /** How many groups it goes to. */
  readonly groupCount: number;
}

/** Which events of a run go where, while it is worked out. */
export class Plan {
  readonly streams = new Map<Stream, number[]>();
  readonly groups = new Map<Group, number[]>();
  readonly sites = new Map<Site, number[]>();
  /** How many groups have to settle each event, and how many links to take it. */
  readonly waitCounts: Uint16Array;
  /** How much each event matched, by index; none for what was known already. */
  readonly matched = new Map<number, number>();
  /** Events that came first under their idempotency key, if a group takes them or none has to. */
  readonly firsts = new Map<string, First>();
  /** Events that come behind those with their key. */
  readonly repeats: number[] = [];
  /** Events that nobody has to settle. */
  readonly unmatched: number[] = [];

  constructor(count: number) {
    this.waitCounts = new Uint16Array(count);
  }

  /** An event is done with where it is. */
  toNobody(index: number): void {
    this.matched.set(index, 0);
    this.unmatched.push(index);
  }

  toStream(stream: Stream, index: number): void {
    note(this.streams, stream, index);
  }

  toGroup(group: Group, index: number): void {
    note(this.groups, group, index);
    this.waitCounts[index] = (this.waitCounts[index] as number) + 1;
  }

  toSite(site: Site, index: number): void {
    note(this.sites, site, index);
    this.waitCounts[index] = (this.waitCounts[index] as number) + 1;
  }
}

function note<Target>(targets: Map<Target, number[]>, target: Target, index: number): void {
  const indexes = targets.get(target);
  if (indexes === undefined) targets.set(target, [index]);
  else indexes.push(index);
}

/** How many groups, and streams that somebody listens to, here and elsewhere, a route has. */
export function matchedBy(route: Route): number {
  let matched = route.groups.length;
  for (const stream of route.streams) if (stream.listeners.size > 0) matched++;
  for (const { site, patterns } of route.sites) {
    if (site.isBuried) continue;
    for (const { cells } of patterns) if (cells > 0) matched++;
  }
  return matched;
}

/** The cells that listen to the streams of a route. */
export function listenersOf(route: Route): Set<CellRecord> {
  return new Set(route.streams.flatMap((stream) => [...stream.listeners.keys()]));
}

/** Tells that every event of a run is accepted, and how much each matched. */
export function acceptAll(run: Run, entry: Entry, matched: number): void {
  if (run.seqs === undefined) entry.accepted(run.header.first, run.last, matched);
  else for (const seq of run.seqs) entry.accepted(seq, seq, matched);
}

/** How what comes here comes to its groups. */
export function arrivalAt({ nowMs, repeat, cell, isOutput }: Arrival): GroupArrival {
  const session = cell?.session ?? 0;
  return { nowMs, repeat: repeat === true, session, isOutput: isOutput === true };
}
