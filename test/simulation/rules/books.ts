import { matchesPattern, type Pattern, parsePattern } from "@thynapse/protocol";
import type { CatchTerms, LogRecord, SendWish } from "../log.js";
import { Homes } from "./homes.js";
import { Nested } from "./nested.js";

/** How one delivery went, by the word of the cell that had it. */
export interface Handling {
  readonly cell: string;
  /** The origin of the delivery. */
  readonly home: string;
  /** Where the cell was attached. */
  readonly site: string;
  readonly attempt: number;
  /** Whether the cell was told that it may have been handled before. */
  readonly isMarked: boolean;
  readonly begunMs: number;
  /**
   * Since when the cell had it, where it may have waited there for others of its key; else when it
   * began.
   */
  readonly sinceMs: number;
  end: "acked" | "nacked" | "returned" | "rejected" | "taken" | undefined;
  endMs: number;
}

/** A delivery that came in at a cell. */
export interface Given {
  readonly group: GroupBook;
  readonly cell: string;
  readonly attempt: number;
  readonly timeMs: number;
}

/**
 * A group that must get an event: it stood at the transmitter that took the event, before and
 * after.
 */
export interface Must {
  readonly group: GroupBook;
  readonly home: string;
}

/** What the log says of one event. */
export class EventBook {
  readonly id: string;
  readonly sender: string;
  readonly number: number;
  channel = "";
  key: string | undefined;
  wish: SendWish = {};
  /** `Infinity` if no sender says that it sent it. */
  sentMs = Number.POSITIVE_INFINITY;
  cause: string | undefined;
  isRefused = false;
  /** When the sender was told that it is handled; `undefined` if it was not. */
  handledMs: number | undefined;
  /** When each transmitter said that it took it. */
  readonly acceptedMs = new Map<string, number>();
  readonly handlings = new Map<GroupBook, Handling[]>();
  readonly deadMs = new Map<GroupBook, number>();
  readonly musts: Must[] = [];
  /** When it came in at cells, the last time last. */
  readonly givens: Given[] = [];

  constructor(id: string) {
    this.id = id;
    const colon = id.lastIndexOf(":");
    this.sender = id.slice(0, colon);
    this.number = Number(id.slice(colon + 1));
  }

  /** When it came in at a cell of a group under an attempt, the last time; `Infinity` if never. */
  givenMs(group: GroupBook, cell: string, attempt: number): number {
    const given = this.givens.findLast(
      (it) => it.cell === cell && it.group === group && it.attempt === attempt,
    );
    return given?.timeMs ?? Number.POSITIVE_INFINITY;
  }

  handlingsIn(group: GroupBook): Handling[] {
    let handlings = this.handlings.get(group);
    if (handlings === undefined) {
      handlings = [];
      this.handlings.set(group, handlings);
    }
    return handlings;
  }
}

/** What the log says of one group: a service and a pattern. */
export interface GroupBook {
  readonly name: string;
  readonly service: string;
  readonly pattern: Pattern;
  /** Whether any member ever asked for at most once. */
  isAtMostOnce: boolean;
  hasAffinity: boolean;
  /** The shortest time-out that a member asked for. */
  ackTimeoutMs: number;
}

/** All events and groups of a run, found by name. */
export class Books {
  readonly events = new Map<string, EventBook>();
  readonly groups = new Map<string, GroupBook>();
  /** Idempotency keys and the events that have them. */
  readonly same = new Map<string, EventBook[]>();
  readonly homes = new Homes();
  /** Outputs that went into acks, and those that came out somewhere. */
  outputsAcked = 0;
  readonly outputsSeen = new Set<string>();
  /** By service and pattern. */
  private readonly groupsBy = new Nested<GroupBook>();
  /** By pattern and channel. */
  private readonly matches = new Nested<boolean>();
  /** The event that was asked for last: one record asks for it several times. */
  private last: EventBook | undefined;

  /** Whether another event has its idempotency key: which came first, only their origin knows. */
  sharesKey(event: EventBook): boolean {
    const same = event.wish.same === undefined ? [] : this.same.get(event.wish.same);
    return same?.some((other) => other !== event) === true;
  }

  event(id: string): EventBook {
    if (this.last?.id === id) return this.last;
    let book = this.events.get(id);
    if (book === undefined) {
      book = new EventBook(id);
      this.events.set(id, book);
    }
    this.last = book;
    return book;
  }

  group(service: string, pattern: string): GroupBook {
    let book = this.groupsBy.get(service, pattern);
    if (book === undefined) {
      const name = `${service} ${pattern}`;
      const terms = { isAtMostOnce: false, hasAffinity: false };
      const ackTimeoutMs = Number.POSITIVE_INFINITY;
      book = { name, service, pattern: parsePattern(pattern), ...terms, ackTimeoutMs };
      this.groups.set(name, book);
      this.groupsBy.set(service, pattern, book);
    }
    return book;
  }

  groupOf({ service = "", pattern = "" }: LogRecord): GroupBook {
    return this.group(service, pattern);
  }

  agree(group: GroupBook, terms: CatchTerms): void {
    if (!terms.redeliver) group.isAtMostOnce = true;
    if (terms.affinity) group.hasAffinity = true;
    group.ackTimeoutMs = Math.min(group.ackTimeoutMs, terms.ackTimeoutMs);
  }

  isMatch(pattern: Pattern, channel: string): boolean {
    let known = this.matches.get(pattern.text, channel);
    if (known === undefined) {
      known = matchesPattern(pattern, channel);
      this.matches.set(pattern.text, channel, known);
    }
    return known;
  }
}
