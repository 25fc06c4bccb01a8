import {
  type CatchMode,
  groupKeepMs,
  type Pattern,
  parsePattern,
  streamKeepMs,
} from "@thynapse/protocol";
import type { LogRecord } from "../log.js";
import type { Books, EventBook, GroupBook } from "./books.js";

/** One catch of one cell, from when it was armed first until it ends. */
export interface CatchBook {
  readonly cell: string;
  readonly mode: CatchMode;
  readonly pattern: Pattern;
  /** Where it was armed last. */
  home: string;
  /** Since when it has been armed there, with pauses that the transmitter bridges. */
  sinceMs: number;
  lastArmedMs: number;
  /** When its cell lost the transmitter; `undefined` while it is attached. */
  awayMs: number | undefined;
  isEnded: boolean;
}

interface Standing {
  sinceMs: number;
  readonly members: Set<string>;
  /** How long it stands without members. */
  untilMs: number;
}

/**
 * Who is attached where and catches what, as the log has it; what is in doubt counts as not there.
 */
export class Membership {
  readonly catches = new Map<string, CatchBook>();
  private readonly books: Books;
  private readonly standings = new Map<string, Map<GroupBook, Standing>>();
  private readonly leaving = new Set<string>();
  /** The groups that each cell was ever a member of. */
  private readonly joined = new Map<string, Set<GroupBook>>();
  private readonly attached = new Map<
    string,
    { readonly home: string; readonly sinceMs: number }
  >();

  constructor(books: Books) {
    this.books = books;
  }

  take(record: LogRecord): void {
    const { cell, home = "", timeMs } = record;
    switch (record.action) {
      case "attached":
        this.attached.set(cell, { home, sinceMs: timeMs });
        break;
      case "armed":
        this.armed(record);
        break;
      case "dropped":
        this.dropped(record);
        break;
      case "detached":
        this.away(cell, timeMs);
        break;
      case "died":
        this.away(cell, timeMs);
        this.end(cell);
        if (this.leaving.has(cell)) this.gone(cell);
        break;
      case "left":
        this.left(cell, timeMs);
        break;
      case "crashed":
        this.crashed(home, timeMs);
        break;
      default:
    }
  }

  catchOf(cell: string, mode: CatchMode, pattern: string): CatchBook | undefined {
    return this.catches.get(nameOf(cell, mode, pattern));
  }

  /** Every cell that was ever a member of the group. */
  membersOf(group: GroupBook): string[] {
    const cells: string[] = [];
    for (const [cell, groups] of this.joined) if (groups.has(group)) cells.push(cell);
    return cells;
  }

  /** When the cell attached there, at the latest. */
  attachedMs(cell: string, home: string): number {
    const attached = this.attached.get(cell);
    return attached?.home === home ? attached.sinceMs : Number.POSITIVE_INFINITY;
  }

  /** The groups that have stood at `home` since `sinceMs` at least, and match. */
  groupsSince(home: string, event: EventBook, sinceMs: number, nowMs: number): GroupBook[] {
    const found: GroupBook[] = [];
    for (const [group, { sinceMs: since, members, untilMs }] of this.standings.get(home) ?? []) {
      if (since > sinceMs || (members.size === 0 && nowMs > untilMs)) continue;
      if (this.books.isMatch(group.pattern, event.channel)) found.push(group);
    }
    return found;
  }

  /** The multicatches that have been armed at `home` since `sinceMs` at least, and match. */
  streamsSince(home: string, event: EventBook, sinceMs: number, nowMs: number): CatchBook[] {
    const found: CatchBook[] = [];
    for (const it of this.catches.values()) {
      if (it.mode !== "multi" || it.isEnded || it.home !== home || it.sinceMs > sinceMs) continue;
      if (it.awayMs !== undefined && nowMs > it.awayMs + streamKeepMs) continue;
      if (this.books.isMatch(it.pattern, event.channel)) found.push(it);
    }
    return found;
  }

  private armed({ cell, mode = "multi", pattern = "", home = "", ...record }: LogRecord): void {
    // A cell that drains may still be attached anew, and then only to end.
    if (this.leaving.has(cell)) return;
    const name = nameOf(cell, mode, pattern);
    const { timeMs } = record;
    const known = this.catches.get(name);
    if (known === undefined || known.isEnded) {
      const fresh = { cell, mode, pattern: parsePattern(pattern), home, isEnded: false };
      const times = { sinceMs: timeMs, lastArmedMs: timeMs, awayMs: undefined };
      this.catches.set(name, { ...fresh, ...times });
    } else {
      const bridged = known.awayMs === undefined || timeMs < known.awayMs + streamKeepMs;
      if (known.home !== home || !bridged) known.sinceMs = timeMs;
      known.home = home;
      known.lastArmedMs = timeMs;
      known.awayMs = undefined;
    }
    if (mode === "any") this.join(record.service ?? "", pattern, { cell, home, ...record });
  }

  private join(service: string, pattern: string, { cell, home, timeMs, terms }: Joining): void {
    const group = this.books.group(service, pattern);
    const joined = this.joined.get(cell) ?? new Set();
    this.joined.set(cell, joined.add(group));
    if (terms !== undefined) this.books.agree(group, terms);
    let standings = this.standings.get(home);
    if (standings === undefined) {
      standings = new Map();
      this.standings.set(home, standings);
    }
    const standing = standings.get(group);
    if (standing !== undefined && (standing.members.size > 0 || timeMs <= standing.untilMs)) {
      standing.members.add(cell);
    } else standings.set(group, { sinceMs: timeMs, members: new Set([cell]), untilMs: 0 });
  }

  private dropped(record: LogRecord): void {
    const { cell, mode = "multi", pattern = "", timeMs } = record;
    const book = this.catches.get(nameOf(cell, mode, pattern));
    if (book !== undefined) book.isEnded = true;
    if (mode === "any") this.leave(this.books.groupOf(record), cell, timeMs);
  }

  private left(cell: string, timeMs: number): void {
    this.leaving.add(cell);
    for (const book of this.catches.values()) if (book.cell === cell) book.isEnded = true;
    for (const group of this.books.groups.values()) this.leave(group, cell, timeMs);
  }

  /** A cell that took its leave is gone: a group that it leaves without members ends at once. */
  private gone(cell: string): void {
    for (const group of this.joined.get(cell) ?? []) {
      for (const standings of this.standings.values()) {
        if (standings.get(group)?.members.size === 0) standings.delete(group);
      }
    }
  }

  private away(cell: string, timeMs: number): void {
    this.attached.delete(cell);
    for (const book of this.catches.values()) {
      if (book.cell === cell) book.awayMs ??= timeMs;
    }
    for (const standings of this.standings.values()) {
      for (const standing of standings.values()) {
        if (standing.members.delete(cell)) standing.untilMs = timeMs + groupKeepMs;
      }
    }
  }

  private end(cell: string): void {
    for (const book of this.catches.values()) if (book.cell === cell) book.isEnded = true;
  }

  /** A member leaves by its own will: with the last one that is surely there the group ends. */
  private leave(group: GroupBook, cell: string, timeMs: number): void {
    for (const standings of this.standings.values()) {
      const members = standings.get(group)?.members;
      if (members?.delete(cell) !== true) continue;
      const isSure = [...members].some((other) => !this.books.isFaultySince(other, timeMs));
      if (!isSure) standings.delete(group);
    }
  }

  private crashed(home: string, timeMs: number): void {
    this.standings.delete(home);
    for (const book of this.catches.values()) {
      if (book.home === home) book.awayMs ??= timeMs;
    }
  }
}

type Joining = Pick<LogRecord, "cell" | "timeMs" | "terms"> & { readonly home: string };

function nameOf(cell: string, mode: CatchMode, pattern: string): string {
  return `${cell} ${mode} ${pattern}`;
}
