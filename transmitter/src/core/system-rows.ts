import type { CellRecord } from "./cells.js";
import type { Group } from "./group.js";
import type { Stream } from "./streams.js";

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
  for (const member of group.members.values()) credit += member.free;
  return {
    service: group.service,
    pattern: group.pattern.text,
    members: group.members.size,
    backlog: group.backlog.events,
    backlogBytes: group.backlog.bytes,
    oldestMs: Math.round(group.oldestMs(nowMs)),
    held: group.heldCount,
    waiting: group.waiting.size + group.held.size,
    credit,
    ...group.stats,
  };
}

/** The rows of `$mesh.services`. */
export function serviceRows(
  cells: Iterable<CellRecord>,
  groups: Iterable<Group>,
  streams: Iterable<Stream>,
): Row[] {
  const rows = new Map<
    string,
    { service: string; cells: number; groups: number; streams: number }
  >();
  const row = (service: string): { cells: number; groups: number; streams: number } => {
    const known = rows.get(service) ?? { service, cells: 0, groups: 0, streams: 0 };
    rows.set(service, known);
    return known;
  };
  for (const cell of cells) row(cell.service).cells++;
  for (const group of groups) row(group.service).groups++;
  for (const stream of streams) {
    const services = new Set([...stream.listeners.keys()].map((cell) => cell.service));
    for (const service of services) row(service).streams++;
  }
  return [...rows.values()];
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
