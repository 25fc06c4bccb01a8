import type { Deadlines } from "../deadlines.js";
import type { Group } from "../groups/group.js";
import type { Groups } from "../groups/groups.js";
import { unsureMs } from "../mesh/telling.js";
import type { Stream, Streams } from "../streams/streams.js";
import type { Links } from "./links.js";

/** What announcing needs of the transmitter around it. */
export interface AnnouncingParts {
  readonly links: () => Links;
  readonly groups: () => Groups;
  readonly streams: Streams;
  readonly deadlines: Deadlines;
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

/** Tells all transmitters what cells of this one catch: at the end of each turn that changed it. */
export class Announcing {
  private readonly parts: AnnouncingParts;
  private readonly patterns = new Set<string>();
  private readonly changed = new Set<Group>();
  private readonly told = new Map<string, string>();

  constructor(parts: AnnouncingParts) {
    this.parts = parts;
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
    for (const stream of this.parts.streams.all) {
      // One without cells is kept for those that may come back: what is sent meanwhile is a hole.
      if (stream.pattern.text === pattern) cells = (cells ?? 0) + stream.listeners.size;
    }
    this.tell(`${streamKey}${pattern}`, cells);
  }

  private tellGroup(group: Group, nowMs: number): void {
    const { service, pattern, members } = group;
    const key = `${groupKey}${service} ${pattern.text}`;
    const isThere = this.parts.groups().find(service, pattern.text) === group;
    if (!isThere || (members.size === 0 && group.oursUntilMs <= nowMs)) {
      this.tell(key, undefined);
      return;
    }
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
    if (value === undefined) this.told.delete(key);
    else this.told.set(key, text);
    this.parts.links().set(key, value);
  }
}
