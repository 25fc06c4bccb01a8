import type { CellRecord } from "../cells/cells.js";
import type { Group } from "../groups/group.js";
import type { Stream } from "../streams/streams.js";

type Row = Record<string, unknown>;

/** A row of `$mesh.cells`. @see PROTOCOL.md §14 */
export function cellRow(cell: CellRecord, nowMs: number): Row {
  let held = 0;
  for (const it of cell.catches.values()) if (it.mode === "any") held += it.member.heldCount;
  const { id, service, state, encoding, session, stats } = cell;
  const sinceMs = Math.round(nowMs - cell.welcomedMs);
  const catches = cell.catches.size;
  return { id, service, state, encoding, session, sinceMs, catches, held, ...stats };
}

/** A row of `$mesh.groups`. */
export function groupRow(group: Group, nowMs: number): Row {
  let credit = 0;
  let held = 0;
  for (const member of group.members.values()) {
    credit += member.free;
    held += member.heldCount;
  }
  return {
    service: group.service,
    pattern: group.pattern.text,
    members: group.members.size,
    backlog: group.backlog.events,
    backlogBytes: group.backlog.bytes,
    oldestMs: Math.round(group.oldestMs(nowMs)),
    held,
    passed: group.sites.heldCount,
    waiting: group.waiting.size + group.held.size,
    credit,
    ...group.stats,
  };
}

/** What one transmitter knows of a service; `$mesh.services` has the counts. */
export interface ServiceSite {
  readonly service: string;
  readonly cells: number;
  /** Patterns of its groups. */
  readonly groups: readonly string[];
  /** Patterns and encodings of the streams that its cells listen to. */
  readonly streams: readonly string[];
}

/** The services that have cells or groups here. */
export function serviceSites(
  cells: Iterable<CellRecord>,
  groups: Iterable<Group>,
  streams: Iterable<Stream>,
): ServiceSite[] {
  const sites = new Map<
    string,
    { service: string; cells: number; groups: string[]; streams: string[] }
  >();
  const site = (service: string): { cells: number; groups: string[]; streams: string[] } => {
    const known = sites.get(service) ?? { service, cells: 0, groups: [], streams: [] };
    sites.set(service, known);
    return known;
  };
  for (const cell of cells) site(cell.service).cells++;
  for (const group of groups) site(group.service).groups.push(group.pattern.text);
  for (const { listeners, pattern, encoding } of streams) {
    const services = new Set([...listeners.keys()].map((cell) => cell.service));
    for (const service of services) site(service).streams.push(`${encoding} ${pattern.text}`);
  }
  return [...sites.values()];
}

/** The rows of `$mesh.patterns`. */
export function patternRows(groups: Iterable<Group>, streams: Iterable<Stream>): Row[] {
  const ofStreams = [...streams].map((stream) => ({
    pattern: stream.pattern.text,
    mode: "multi",
    encoding: stream.encoding,
    cells: stream.listeners.size,
    events: stream.last,
  }));
  const ofGroups = [...groups].map((group) => ({
    pattern: group.pattern.text,
    mode: "any",
    service: group.service,
    cells: group.members.size,
    events: group.stats.delivered,
  }));
  return [...ofStreams, ...ofGroups];
}
