import type { LogRecord } from "../log.js";
import type { Source } from "./awareness.js";
import type { EventBook, GroupBook } from "./books.js";
import { outcomeMs } from "./outcome.js";
import type { Rule, RuleParts } from "./rule.js";

/**
 * What senders are told, and what follows from it: an event that was accepted reaches an end in
 * every group that stood meanwhile, `handled` is not said before that, and a sender that lives
 * hears of each of its events.
 */
export class ConfirmRule implements Rule {
  private readonly parts: RuleParts;
  private readonly gone = new Set<string>();
  private readonly crashed = new Set<string>();

  constructor(parts: RuleParts) {
    this.parts = parts;
  }

  take(record: LogRecord): void {
    const { books } = this.parts;
    const { id, timeMs, home = "" } = record;
    switch (record.action) {
      case "sent":
        this.sent(record);
        break;
      case "accepted":
        this.accepted(books.event(id), record);
        break;
      case "handled":
        this.handled(books.event(id), home, timeMs);
        break;
      case "refused":
        books.event(id).isRefused = true;
        break;
      case "dead":
        this.dead(record);
        break;
      case "died":
        this.gone.add(record.cell);
        break;
      case "crashed":
        this.crashed.add(home);
        break;
      default:
    }
  }

  finish(nowMs: number): void {
    for (const event of this.parts.books.events.values()) {
      if (event.sentMs === Number.POSITIVE_INFINITY) continue;
      const isTold = event.handledMs !== undefined || event.isRefused || isEnough(event);
      if (!isTold && !this.gone.has(event.sender)) {
        this.parts.broken("unconfirmed", event.id, nowMs);
      }
      for (const { group, home } of event.musts) {
        if (this.isExcused(event, home) || this.isOver(event, group, nowMs)) continue;
        this.parts.broken("lost", `${event.id} (${event.channel}) in ${group.name}`, nowMs);
      }
    }
  }

  /**
   * Whether nobody need settle an event that this transmitter took: it is no more. If it has drained
   * its successor settles it; a sender that went elsewhere may have died before it repeated it, or
   * with the home to which it had taken it along.
   */
  private isExcused({ sender }: EventBook, home: string): boolean {
    const { books, membership } = this.parts;
    const last = membership.siteOf(sender);
    if (!this.crashed.has(home)) return this.gone.has(sender) && this.crashed.has(last);
    const isLeft = this.gone.has(sender) && last === home;
    return !isLeft || !books.homes.isSucceeded(home);
  }

  private sent({ id, timeMs, channel = "", key, wish, cause }: LogRecord): void {
    const { books } = this.parts;
    const event = books.event(id);
    event.sentMs = timeMs;
    event.channel = channel;
    event.key = key;
    event.cause = cause;
    event.wish = wish ?? {};
    if (wish?.same === undefined) return;
    const same = books.same.get(wish.same);
    if (same === undefined) books.same.set(wish.same, [event]);
    else same.push(event);
  }

  private accepted(event: EventBook, { home = "", repeat, timeMs }: LogRecord): void {
    const { books, membership } = this.parts;
    if (repeat === true && event.wish.same !== undefined) return;
    if (event.acceptedMs.has(home)) return;
    event.acceptedMs.set(home, timeMs);
    if (event.wish.isGather === true) return;
    // It was done with, and its sender told so: then it is repeated for streams (§11.5).
    if (event.handledMs !== undefined) return;
    // It was taken at some time between then and now; a group counts if it stood all the while.
    const attachedMs = membership.attachedMs(event.sender, home);
    // It may have been taken before wherever its sender was attached meanwhile: who lives answers
    // for what it took, and who drained did so at its end (§18.7); a group that was armed after that
    // is not owed it.
    const attachments = membership.attachmentsSince(event.sender, event.sentMs);
    const takers = attachments
      .filter((taker) => books.homes.answers(taker.home))
      .filter((taker) => repeat === true || taker.home !== home);
    // Who took it may have found it a repeat of one that was sent earlier, which goes nowhere.
    if (takers.length > 0 && books.sharesKey(event)) return;
    if (repeat !== true) takers.push({ home, sinceMs: attachedMs });
    const [first, ...rest] = takers.map((taker) => {
      const sinceMs = Math.max(event.sentMs, taker.sinceMs);
      return membership.groupsSince(taker.home, event, sinceMs, timeMs);
    });
    for (const group of first ?? []) {
      if (!rest.every((groups) => groups.includes(group))) continue;
      if (this.isOlder(event, group, attachments)) continue;
      event.musts.push({ group, home });
    }
  }

  /**
   * Whether a transmitter may have taken an event before a group was armed, and have said so to the
   * next home of its sender, before it died.
   */
  private isOlder(event: EventBook, group: GroupBook, attachments: readonly Source[]): boolean {
    const { books, membership } = this.parts;
    return attachments.some(({ home, sinceMs }, at) => {
      const next = attachments[at + 1];
      if (next === undefined || !books.homes.livedAt(home, next.sinceMs)) return false;
      return !membership.hasStoodSince(group, Math.max(event.sentMs, sinceMs));
    });
  }

  private handled(event: EventBook, home: string, timeMs: number): void {
    event.handledMs ??= timeMs;
    for (const must of event.musts) {
      if (must.home !== home || this.isOver(event, must.group, timeMs)) continue;
      this.parts.broken("early", `${event.id} in ${must.group.name}`, timeMs);
    }
  }

  private dead(record: LogRecord): void {
    const { books } = this.parts;
    const group = books.groupOf(record);
    const { deadMs } = books.event(record.id);
    if (!deadMs.has(group)) deadMs.set(group, record.timeMs);
  }

  private isOver(
    event: EventBook,
    group: EventBook["musts"][number]["group"],
    nowMs: number,
  ): boolean {
    return outcomeMs(this.parts, event, group, nowMs) !== undefined;
  }
}

/** Whether its sender waits for no more than it was told. */
function isEnough({ wish, acceptedMs }: EventBook): boolean {
  return wish.isAcceptedEnough === true && acceptedMs.size > 0;
}
