import {
  type CatchMode,
  type CatchWish,
  MeshError,
  type Thid,
  toMeshError,
} from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import type { Deadlines } from "../deadlines.js";
import type { Group } from "../groups/group.js";
import type { Groups } from "../groups/groups.js";
import { unsureMs } from "../mesh/telling.js";
import type { Stream, Streams } from "../streams/streams.js";
import type { Links } from "./links.js";
import { idsMax } from "./site-part.js";

/** What announcing needs of the transmitter around it. */
export interface AnnouncingParts {
  readonly links: () => Links;
  readonly groups: () => Groups;
  readonly streams: Streams;
  readonly deadlines: Deadlines;
  readonly counters: Counters;
  readonly groupKeepMs: number;
}

/** What the key of a multicatch pattern in the record of a transmitter begins with. @see §18.3 */
export const streamKey = "s ";
/** What the key of a group begins with. */
export const groupKey = "g ";
/** What the key of a cell begins with. */
export const cellKey = "c ";
/** What a transmitter sets to true when it drains. */
export const drainingKey = "draining";

/** How much of our record cells may fill with what they catch: others may come after them. */
const catchesPart = 7 / 8;
/** How much they may fill by being there; the rest is for what is kept, and for larger counts. */
const cellsPart = 15 / 16;
/** Bytes that an entry takes besides its key, at most, but for the ids of cells. */
const valueBytesMax = 64;
/** Bytes that the id of a cell takes in a value. */
const idBytes = 42;

/** A catch that a cell wants, and whether it has it already. */
export interface WantedCatch {
  readonly service: string;
  readonly wish: CatchWish;
  readonly isKnown: boolean;
}

/** Tells all transmitters what cells of this one catch: at the end of each turn that changed it. */
export class Announcing {
  private readonly parts: AnnouncingParts;
  private readonly patterns = new Set<string>();
  private readonly changed = new Set<Group>();
  private readonly told = new Map<string, string>();

  constructor(parts: AnnouncingParts) {
    this.parts = parts;
  }

  /** @throws {MeshError} `BUSY` if there is no room to tell others of this cell. */
  admitCell(id: Thid, service: string, nowMs: number): void {
    this.admit([`${cellKey}${id}`], { more: service.length, part: cellsPart, nowMs });
  }

  /** @throws {MeshError} `BUSY` if there is no room to tell others of these groups of a service. */
  admitGroups(service: string, patterns: Iterable<string>, nowMs: number): void {
    const keys = [...patterns].map((pattern) => keyOfGroup(service, pattern));
    this.admit(keys, { more: 0, part: catchesPart, nowMs });
  }

  /** @throws {MeshError} `BUSY` if there is no room to tell others of this catch, or this cell. */
  admitCatch({ service, wish, isKnown }: WantedCatch, nowMs: number): void {
    const { text } = wish.pattern;
    if (wish.mode === "multi") {
      this.admit([`${streamKey}${text}`], { more: 0, part: catchesPart, nowMs });
      return;
    }
    const group = this.parts.groups().find(service, text);
    const isBound = group?.terms.affinity === true;
    const members = group?.members.size ?? 0;
    const idsAfter = isBound || wish.affinity ? members + (isKnown ? 0 : 1) : 0;
    if (idsAfter > idsMax && !isKnown) {
      const text = `this transmitter has ${idsMax} cells in this group, to which keys are bound`;
      throw new MeshError("BUSY", text, { hint: "attach some of them to another transmitter" });
    }
    const more = (idsAfter - (isBound ? members : 0)) * idBytes;
    this.admit([keyOfGroup(service, text)], { more, part: catchesPart, nowMs });
  }

  private admit(keys: readonly string[], { more, part, nowMs }: Admission): void {
    // What this turn has changed counts too.
    this.flush(nowMs);
    const fresh = keys.filter((key) => !this.told.has(key));
    if (fresh.length === 0 && more === 0) return;
    let bytes = more;
    for (const key of fresh) bytes += 2 * key.length + valueBytesMax;
    if (this.parts.links().hasRoom({ entries: fresh.length, bytes }, part)) return;
    throw new MeshError(
      "BUSY",
      "the cells of this transmitter catch as much as others can be told",
    );
  }

  /** Whether others are told already of a pattern, or of a group of this service. */
  isTold(mode: CatchMode, service: string, pattern: string): boolean {
    return this.told.has(
      mode === "multi" ? `${streamKey}${pattern}` : keyOfGroup(service, pattern),
    );
  }

  stream({ pattern }: Stream): void {
    this.patterns.add(pattern.text);
  }

  group(group: Group): void {
    this.changed.add(group);
  }

  /**
   * Keeps a group that has no cells any more for those that were lost, and says so: whoever starts
   * meanwhile has not known their transmitter. @see §10.8
   */
  keep(group: Group, nowMs: number): void {
    const untilMs = nowMs + this.parts.groupKeepMs;
    group.oursUntilMs = untilMs;
    this.parts.groups().keep(group, untilMs);
    this.sayUntil(group, untilMs);
  }

  /**
   * Another transmitter has members of a group. A third one may hear of them later than we do, by
   * way of others if their link is cut: until then it keeps the group by our word.
   */
  found(group: Group, nowMs: number): void {
    group.found(nowMs + unsureMs);
    if (group.oursUntilMs > nowMs) this.sayUntil(group, group.oursUntilMs);
  }

  cell(id: string, service: string, session: number): void {
    this.parts.links().set(`${cellKey}${id}`, [service, session]);
  }

  cellGone(id: string): void {
    this.parts.links().set(`${cellKey}${id}`, undefined);
  }

  /** This transmitter drains. */
  draining(): void {
    this.parts.links().set(drainingKey, true);
  }

  /** Sets what has changed in our record. */
  flush(nowMs: number): void {
    for (const pattern of this.patterns) this.tellStreams(pattern);
    this.patterns.clear();
    for (const group of this.changed) this.tellGroup(group, nowMs);
    this.changed.clear();
  }

  private tellStreams(pattern: string): void {
    let cells: number | undefined;
    for (const { listeners } of this.parts.streams.of(pattern)) {
      // One without cells is kept for those that may come back: what is sent meanwhile is a hole.
      cells = (cells ?? 0) + listeners.size;
    }
    this.tell(`${streamKey}${pattern}`, cells);
  }

  /** Tells of the group that is there now: the one that changed may have ended, and begun anew. */
  private tellGroup({ service, pattern }: Group, nowMs: number): void {
    const key = keyOfGroup(service, pattern.text);
    const group = this.parts.groups().find(service, pattern.text);
    if (group === undefined || (group.members.size === 0 && group.oursUntilMs <= nowMs)) {
      this.tell(key, undefined);
      return;
    }
    const { members } = group;
    const terms = members.size > 0 ? group.ownTerms : group.terms;
    const { redeliver, affinity, attemptsMax, ackTimeoutMs } = terms;
    const value: unknown[] = [members.size, redeliver, affinity, attemptsMax, ackTimeoutMs];
    if (group.terms.affinity) value.push([...members.keys()].map(({ id }) => id));
    this.tell(key, value);
  }

  private sayUntil(group: Group, untilMs: number): void {
    this.group(group);
    this.parts.deadlines.at(untilMs, () => this.group(group));
  }

  private tell(key: string, value: unknown): void {
    const text = JSON.stringify(value);
    if (this.told.get(key) === text) return;
    try {
      this.parts.links().set(key, value);
    } catch (thrown) {
      if (toMeshError(thrown).code !== "TOO_LARGE") throw thrown;
      // What is kept for cells of others has no bound: what has no room is told when it changes.
      this.parts.counters.add("interestUntold");
      return;
    }
    if (value === undefined) this.told.delete(key);
    else this.told.set(key, text);
  }
}

interface Admission {
  /** Bytes beyond those of new entries. */
  readonly more: number;
  /** The part of the record that may be full then. */
  readonly part: number;
  readonly nowMs: number;
}

function keyOfGroup(service: string, pattern: string): string {
  return `${groupKey}${service} ${pattern}`;
}
