import {
  checkService,
  type MeshError,
  numberAt,
  parsePattern,
  type Thid,
  toMeshError,
} from "@thynapse/protocol";
import type { CellRecord } from "../cells/cells.js";
import type { Senders } from "../events/senders.js";
import type { Groups } from "../groups/groups.js";
import { type Announcing, cellKey, drainingKey, groupKey, streamKey } from "./announcing.js";
import type { Passing } from "./passing.js";
import type { Site } from "./site.js";
import type { SiteBook } from "./site-book.js";
import { readSitePart } from "./site-part.js";

/** What the records of other transmitters are about. */
export interface SiteRecordsParts {
  readonly book: SiteBook;
  readonly self: Thid;
  readonly senders: Senders;
  readonly groups: () => Groups;
  readonly announcing: Announcing;
  readonly passing: Passing;
  readonly nowMs: () => number;
  /** The cell of this id, if it is attached here. */
  readonly cellOf: (id: Thid) => CellRecord | undefined;
  /** A cell that is attached here has the id of one that is attached elsewhere: it must go. */
  readonly twin: (cell: CellRecord, nowMs: number) => void;
}

/** Takes what other transmitters set in their records. @see PROTOCOL.md §18.3 */
export class SiteRecords {
  private readonly parts: SiteRecordsParts;

  constructor(parts: SiteRecordsParts) {
    this.parts = parts;
  }

  /** A transmitter has set a value of its record. @throws {MeshError} for one that is wrong */
  changed(site: Site, key: string, value: unknown, nowMs: number): void {
    if (key.startsWith(streamKey)) {
      const cells = value === undefined ? undefined : numberAt([value], 0, 0);
      this.parts.book.setPattern(site, key.slice(streamKey.length), cells);
    } else if (key.startsWith(groupKey))
      this.setGroup(site, key.slice(groupKey.length), value, nowMs);
    else if (key.startsWith(cellKey) && Array.isArray(value)) {
      this.movedElsewhere(site, key.slice(cellKey.length), numberAt(value, 1, 0));
    } else if (key === drainingKey) site.isDraining = value === true;
  }

  /**
   * A cell is attached to another transmitter; here it may yet settle what it holds, and what it
   * has sent is given out until that one asks. No cell uses a session twice: two that have one came
   * at the same time, before either transmitter was told.
   */
  private movedElsewhere(site: Site, id: Thid, session: number): void {
    const { cellOf, self, twin, nowMs, senders } = this.parts;
    const cell = cellOf(id);
    if (cell?.session === session && site.id < self) twin(cell, nowMs());
    if (cell !== undefined && cell.session < session) cell.isElsewhere = true;
    senders.find(id)?.leaves(session);
  }

  private setGroup(site: Site, name: string, value: unknown, nowMs: number): void {
    const [service = "", text = ""] = name.split(" ");
    const { passing, announcing } = this.parts;
    const groups = this.parts.groups();
    const part = value === undefined ? undefined : readSitePart(value);
    let group = groups.find(service, text);
    if (part === undefined && group === undefined) return;
    group ??= groups.open(checkService(service), parsePattern(text));
    const before = group.sites.partOf(site.id)?.members ?? 0;
    group.sites.set(site.id, part);
    passing.withdraw(group, nowMs);
    if (part !== undefined && part.members > 0) announcing.found(group, nowMs);
    // Two that were apart may each have ended its keeping for members that the other had lost.
    else if (part && before > 0 && group.memberCount === 0) announcing.keep(group, nowMs);
    group.agree();
    group.owners.changed();
    groups.joined(group, nowMs);
    groups.endIfEmpty(group, nowMs);
  }
}

/** Why something is refused, if it is. */
export function refusalOf(act: () => void): MeshError[] {
  try {
    act();
    return [];
  } catch (thrown) {
    return [toMeshError(thrown)];
  }
}
