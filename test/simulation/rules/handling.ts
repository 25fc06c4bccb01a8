import type { LogRecord } from "../log.js";
import type { EventBook, GroupBook, Handling } from "./books.js";
import type { Rule, RuleParts } from "./rule.js";

/**
 * What cells do with deliveries: each event begins once in a group, unless something befell the
 * cell or the transmitter that had it; then it comes again, marked. Never again where the group
 * asked for at most once.
 */
export class HandlingRule implements Rule {
  private readonly parts: RuleParts;

  constructor(parts: RuleParts) {
    this.parts = parts;
  }

  take(record: LogRecord): void {
    switch (record.action) {
      case "given":
        this.given(record);
        break;
      case "begun":
        this.begun(record);
        break;
      case "acked":
      case "nacked":
      case "returned":
      case "rejected":
        this.ended(record, record.action);
        break;
      case "taken":
        if (this.isOverdue(record)) this.ended(record, record.action);
        break;
      default:
    }
  }

  finish(): void {}

  private given(record: LogRecord): void {
    const { books } = this.parts;
    const { cell, attempt = 1, timeMs } = record;
    books.event(record.id).givens.push({ group: books.groupOf(record), cell, attempt, timeMs });
  }

  private begun(record: LogRecord): void {
    const { books, membership } = this.parts;
    const { id, cell, timeMs, channel = "", attempt = 1, home = "" } = record;
    const event = books.event(id);
    const group = books.groupOf(record);
    this.checkMember(record, group);
    if (event.channel === "") event.channel = channel;
    event.key ??= record.key;
    const isMarked = attempt > 1 || record.repeat === true;
    const site = membership.siteOf(cell);
    const isKeyed = group.hasAffinity && event.key !== undefined;
    const sinceMs = isKeyed ? Math.min(event.givenMs(group, cell, attempt), timeMs) : timeMs;
    const [end, endMs] = [undefined, Number.POSITIVE_INFINITY];
    const handling = { cell, home, site, attempt, isMarked, begunMs: timeMs, sinceMs, end, endMs };
    const handlings = event.handlingsIn(group);
    if (group.isAtMostOnce && handlings.length > 0) {
      this.parts.broken("atMostOnce", `${id} in ${group.name}`, timeMs);
    }
    for (const other of handlings) this.compare(other, handling, { group, event });
    handlings.push(handling);
  }

  private checkMember(
    { id, cell, channel = "", pattern = "", timeMs }: LogRecord,
    group: GroupBook,
  ): void {
    const { books, membership, broken } = this.parts;
    const held = membership.catchOf(cell, "any", pattern);
    if (held === undefined || held.isEnded || !books.isMatch(group.pattern, channel)) {
      broken("member", `${id} (${channel}) began at ${cell}, ${group.name}`, timeMs);
    }
  }

  /** Holds a new handling against one before it. */
  private compare(before: Handling, now: Handling, { group, event }: Comparison): void {
    const { broken } = this.parts;
    const what = `${event.id} in ${group.name}: ${say(before)}, ${say(now)}`;
    const sameHome = before.home === now.home;
    const isSameAttempt = sameHome && before.attempt === now.attempt;
    const isBack = sameHome && now.attempt <= before.attempt && this.cameBack(event, before, now);
    if (isSameAttempt && !isBack) {
      broken("twice", `${what}, under one attempt`, now.begunMs);
      return;
    }
    const isZombie = sameHome ? now.attempt < before.attempt : this.isOlder(now.home, before.home);
    const [first, second] = isZombie ? [now, before] : [before, now];
    const isInOrder = this.isExcused(first, second, group);
    // Which of two transmitters had it first nobody can tell while both live; nor which of two
    // attempts, if they began anew between them.
    const isEitherWay = !sameHome || (isZombie && isBack);
    const isExcused = isInOrder || (isEitherWay && this.isExcused(second, first, group));
    if (!isExcused) broken("twice", what, now.begunMs);
    const isLater = (this.parts.books.homes.startedMs.get(now.home) ?? 0) > before.begunMs;
    const isAnew = isSameAttempt || (isBack && !isInOrder);
    const isMarked = isLater || isAnew ? now.isMarked : before.isMarked || now.isMarked;
    if (!isMarked) broken("unmarked", what, now.begunMs);
  }

  /**
   * Whether the sender has been at another home meanwhile: that one took over what had come back
   * here (§18.7), and attempts begin anew when this one takes it again.
   */
  private cameBack({ sender }: EventBook, before: Handling, { home }: Handling): boolean {
    const since = this.parts.membership.attachmentsSince(sender, before.begunMs);
    const away = since.findIndex((attached) => attached.home !== home);
    return away >= 0 && since.slice(away).some((attached) => attached.home === home);
  }

  /** Whether there was a reason to give the event to somebody else after `first`. */
  private isExcused(first: Handling, second: Handling, group: GroupBook): boolean {
    const { homes } = this.parts.books;
    if (first.end !== undefined && first.end !== "acked") return true;
    const sinceMs = Math.min(first.begunMs, second.begunMs);
    if (homes.isFaultySince(first.cell, sinceMs)) return true;
    if (homes.isFaultyBetween(first.home, first.site, sinceMs)) return true;
    if (homes.isFaultyBetween(first.home, second.home, sinceMs)) return true;
    const tookMs = Math.min(first.endMs, second.begunMs) - first.sinceMs;
    return tookMs + transitMs >= group.ackTimeoutMs;
  }

  /** Whether a delivery was taken back because its time was up: it runs from when the cell could begin. */
  private isOverdue(record: LogRecord): boolean {
    const { books } = this.parts;
    const group = books.groupOf(record);
    const { cell, attempt = 1, timeMs } = record;
    const sinceMs = books.event(record.id).givenMs(group, cell, attempt);
    return timeMs + transitMs - sinceMs >= group.ackTimeoutMs;
  }

  private isOlder(home: string, other: string): boolean {
    const { startedMs } = this.parts.books.homes;
    return (startedMs.get(home) ?? 0) < (startedMs.get(other) ?? 0);
  }

  private ended(record: LogRecord, end: NonNullable<Handling["end"]>): void {
    const { id, cell, attempt = 1, timeMs } = record;
    const handlings = this.parts.books.event(id).handlingsIn(this.parts.books.groupOf(record));
    for (let at = handlings.length - 1; at >= 0; at--) {
      const handling = handlings[at] as Handling;
      if (handling.cell !== cell || handling.attempt !== attempt) continue;
      // What was taken back from a cell that goes on with it may come to that cell again.
      const { end: before } = handling;
      if (before !== undefined && (before !== "taken" || end === "taken")) continue;
      handling.end = end;
      handling.endMs = timeMs;
      return;
    }
  }
}

/** How long a delivery and its settlement may be on their way, with nothing wrong. */
const transitMs = 20;

interface Comparison {
  readonly group: GroupBook;
  readonly event: EventBook;
}

function say({ cell, home, site, attempt, begunMs, end }: Handling): string {
  const [origin, at] = [home, site].map((it) => `${it.slice(0, 6)}${it.slice(40)}`);
  const where = `${cell.slice(0, 6)} on ${at} by ${origin}`;
  return `attempt ${attempt} at ${where} from ${begunMs.toFixed(1)} (${end ?? "runs"})`;
}
