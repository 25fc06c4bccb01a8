import {
  type CatchMode,
  groupKeepMs,
  type Pattern,
  parsePattern,
  streamKeepMs,
} from "@thynapse/protocol";
import type { LogRecord } from "../log.js";
import { Awareness, type Source } from "./awareness.js";
import type { Books, EventBook, GroupBook } from "./books.js";
import { Nested } from "./nested.js";

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
  /** Which transmitters know of it. */
  known: Awareness;
}

interface Standing {
  readonly sinceMs: number;
  readonly members: Map<string, Source>;
  /** How long it stands without members. */
  untilMs: number;
  readonly known: Awareness;
}

/**
 * Who is attached where and catches what, as the log has it; what is in doubt counts as not there.
 */
export class Membership {
  readonly catches = new Map<string, CatchBook>();
  /** The same by mode, cell and pattern. */
  private readonly catchesOf = { any: new Nested<CatchBook>(), multi: new Nested<CatchBook>() };
  private readonly books: Books;
  private readonly standings = new Map<GroupBook, Standing>();
  private readonly leaving = new Set<string>();
  /** The groups that each cell has asked for: it may be a member before it hears of that. */
  private readonly asked = new Map<string, Set<GroupBook>>();
  /** The groups that each cell was ever a member of. */
  private readonly joined = new Map<string, Set<GroupBook>>();
  /** Where each cell has attached, one after the other. */
  private readonly attachments = new Map<string, Source[]>();
  private readonly away = new Set<string>();

  constructor(books: Books) {
    this.books = books;
  }

  take(record: LogRecord): void {
    const { cell, home = "", timeMs } = record;
    switch (record.action) {
      case "attached":
        this.attached(cell, { home, sinceMs: timeMs });
        break;
      case "credit":
        if (record.mode === "any") this.note(this.asked, cell, this.books.groupOf(record));
        break;
      case "armed":
        this.armed(record);
        break;
      case "dropped":
        this.dropped(record);
        break;
      case "detached":
        // A cell that moves attaches to the next transmitter before it leaves the last one.
        if (this.siteOf(cell) === home) this.lost(cell, timeMs);
        break;
      case "died":
        this.lost(cell, timeMs);
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
    return this.catchesOf[mode].get(cell, pattern);
  }

  /** Every cell that was ever a member of the group. */
  membersOf(group: GroupBook): string[] {
    const cells: string[] = [];
    for (const [cell, groups] of this.joined) if (groups.has(group)) cells.push(cell);
    return cells;
  }

  /** When the cell attached there, at the latest. */
  attachedMs(cell: string, home: string): number {
    const last = this.attachments.get(cell)?.at(-1);
    return last?.home === home && !this.away.has(cell) ? last.sinceMs : Number.POSITIVE_INFINITY;
  }

  /** Where the cell attached last; empty if it never did. */
  siteOf(cell: string): string {
    return this.attachments.get(cell)?.at(-1)?.home ?? "";
  }

  /** Where a cell was attached at that time or later, and since when. */
  attachmentsSince(cell: string, timeMs: number): readonly Source[] {
    const all = this.attachments.get(cell) ?? [];
    return all.filter((_, at) => (all[at + 1]?.sinceMs ?? Number.POSITIVE_INFINITY) > timeMs);
  }

  /** The groups that match, have stood since `sinceMs` at least, and were known at `home` then. */
  groupsSince(home: string, event: EventBook, sinceMs: number, nowMs: number): GroupBook[] {
    const found: GroupBook[] = [];
    for (const [group, standing] of this.standings) {
      const { members, untilMs, known } = standing;
      if (standing.sinceMs > sinceMs || (members.size === 0 && nowMs > untilMs)) continue;
      if (!this.books.isMatch(group.pattern, event.channel)) continue;
      if (known.has(home, sinceMs, members.values())) found.push(group);
    }
    return found;
  }

  /** Whether a group has stood at least since then. */
  hasStoodSince(group: GroupBook, timeMs: number): boolean {
    return (this.standings.get(group)?.sinceMs ?? Number.POSITIVE_INFINITY) <= timeMs;
  }

  /** The multicatches that match, armed since `sinceMs` at least, and known at `home` then. */
  streamsSince(home: string, event: EventBook, sinceMs: number, nowMs: number): CatchBook[] {
    const found: CatchBook[] = [];
    for (const it of this.catches.values()) {
      if (it.mode !== "multi" || it.isEnded || it.sinceMs > sinceMs) continue;
      if (it.awayMs !== undefined && nowMs > it.awayMs + streamKeepMs) continue;
      if (!this.books.isMatch(it.pattern, event.channel)) continue;
      if (it.known.has(home, sinceMs, [it])) found.push(it);
    }
    return found;
  }

  private armed(record: LogRecord): void {
    const { cell, mode = "multi", pattern = "", home = "" } = record;
    // A cell that drains may still be attached anew, and then only to end. Its groups may end with
    // it: nobody else may be left when it goes.
    if (this.leaving.has(cell)) {
      if (mode === "any") this.note(this.joined, cell, this.books.groupOf(record));
      return;
    }
    const name = nameOf(cell, mode, pattern);
    const { timeMs } = record;
    const known = this.catches.get(name);
    if (known === undefined || known.isEnded) {
      const known = this.knownSince(home, timeMs);
      const fresh = { cell, mode, pattern: parsePattern(pattern), home, isEnded: false, known };
      const times = { sinceMs: timeMs, lastArmedMs: timeMs, awayMs: undefined };
      const book = { ...fresh, ...times };
      this.catches.set(name, book);
      this.catchesOf[mode].set(cell, pattern, book);
    } else {
      const bridged = known.awayMs === undefined || timeMs < known.awayMs + streamKeepMs;
      if (known.home !== home || !bridged) {
        known.sinceMs = timeMs;
        known.known = this.knownSince(home, timeMs);
      }
      known.home = home;
      known.lastArmedMs = timeMs;
      known.awayMs = undefined;
    }
    if (mode === "any") this.join(this.books.groupOf(record), { ...record, home });
  }

  private join(group: GroupBook, { cell, home, timeMs, terms }: Joining): void {
    this.note(this.joined, cell, group);
    if (terms !== undefined) this.books.agree(group, terms);
    const standing = this.standings.get(group);
    const source = { home, sinceMs: timeMs };
    if (standing !== undefined && (standing.members.size > 0 || timeMs <= standing.untilMs)) {
      standing.members.set(cell, source);
      standing.known.armed(home, timeMs);
      return;
    }
    const known = this.knownSince(home, timeMs);
    const members = new Map([[cell, source]]);
    this.standings.set(group, { sinceMs: timeMs, members, untilMs: 0, known });
  }

  private note(book: Map<string, Set<GroupBook>>, cell: string, group: GroupBook): void {
    const groups = book.get(cell) ?? new Set();
    book.set(cell, groups.add(group));
  }

  private knownSince(home: string, timeMs: number): Awareness {
    const known = new Awareness(this.books.homes);
    known.armed(home, timeMs);
    return known;
  }

  private attached(cell: string, source: Source): void {
    this.away.delete(cell);
    const attachments = this.attachments.get(cell) ?? [];
    this.attachments.set(cell, [...attachments, source]);
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
      if (this.standings.get(group)?.members.size === 0) this.standings.delete(group);
    }
  }

  private lost(cell: string, timeMs: number): void {
    this.away.add(cell);
    for (const book of this.catches.values()) {
      if (book.cell === cell) book.awayMs ??= timeMs;
    }
    for (const standing of this.standings.values()) {
      if (standing.members.delete(cell)) standing.untilMs = timeMs + groupKeepMs;
    }
  }

  private end(cell: string): void {
    for (const book of this.catches.values()) if (book.cell === cell) book.isEnded = true;
  }

  /**
   * A member, or one that may have become one, leaves by its own will: with the last one that is
   * surely there the group ends.
   */
  private leave(group: GroupBook, cell: string, timeMs: number): void {
    const members = this.standings.get(group)?.members;
    const wasMember = members?.delete(cell) === true;
    const hasAsked = this.asked.get(cell)?.delete(group) === true;
    if (members === undefined || (!wasMember && !hasAsked)) return;
    const { homes } = this.books;
    const isSure = [...members].some(
      ([other, { home }]) =>
        !homes.isFaultySince(other, timeMs) && !homes.isTroubledSince(home, timeMs),
    );
    if (!isSure) this.standings.delete(group);
  }

  private crashed(home: string, timeMs: number): void {
    // What one that drained has known still counts: others have its answers.
    const isForgotten = !this.books.homes.drained.has(home);
    if (isForgotten) for (const { known } of this.standings.values()) known.forget(home);
    for (const book of this.catches.values()) {
      if (isForgotten) book.known.forget(home);
      if (book.home === home) book.awayMs ??= timeMs;
    }
  }
}

type Joining = Pick<LogRecord, "cell" | "timeMs" | "terms"> & { readonly home: string };

function nameOf(cell: string, mode: CatchMode, pattern: string): string {
  return `${cell} ${mode} ${pattern}`;
}
