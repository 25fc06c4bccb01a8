import type { Run } from "@thynapse/protocol";
import type { CellRecord } from "./cells.js";
import type { Entry } from "./entry.js";
import type { Group } from "./group.js";
import type { Route } from "./route.js";
import type { Stream } from "./streams.js";

/** Which events of a run go where, while it is worked out. */
export class Plan {
  readonly streams = new Map<Stream, number[]>();
  readonly groups = new Map<Group, number[]>();
  readonly groupCounts: Uint16Array;
  /** How much each event matched, by index; none for what was known already. */
  readonly matched = new Map<number, number>();
  /** Events that no group has to settle. */
  readonly unmatched: number[] = [];

  constructor(count: number) {
    this.groupCounts = new Uint16Array(count);
  }

  toStream(stream: Stream, index: number): void {
    const indexes = this.streams.get(stream);
    if (indexes === undefined) this.streams.set(stream, [index]);
    else indexes.push(index);
  }

  toGroup(group: Group, index: number): void {
    const indexes = this.groups.get(group);
    if (indexes === undefined) this.groups.set(group, [index]);
    else indexes.push(index);
    this.groupCounts[index] = (this.groupCounts[index] as number) + 1;
  }
}

/** How many groups, and streams that somebody listens to, a route has. */
export function matchedBy(route: Route): number {
  let matched = route.groups.length;
  for (const stream of route.streams) if (stream.listeners.size > 0) matched++;
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
