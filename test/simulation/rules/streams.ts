import type { LogRecord } from "../log.js";
import type { EventBook } from "./books.js";
import type { CatchBook } from "./membership.js";
import type { Rule, RuleParts } from "./rule.js";
import { type Due, type StreamBook, streamBook } from "./stream-book.js";

/** What a catch has lost of the events of one transmitter, beyond what it has reported. */
interface Count {
  readonly home: string;
  readonly silent: number;
  /** How many of all that is missing were sent before it reported last of a home that it left. */
  readonly early: number;
  readonly what: string;
}

/**
 * What multicatches get: each event once, those of one sender and channel in order, and what they
 * do not get they report, with the exact count while the transmitter lives.
 */
export class StreamRule implements Rule {
  private readonly parts: RuleParts;
  private readonly streams = new Map<CatchBook, StreamBook>();
  private readonly crashedMs = new Map<string, number>();
  private readonly diedSenders = new Set<string>();

  constructor(parts: RuleParts) {
    this.parts = parts;
  }

  take(record: LogRecord): void {
    switch (record.action) {
      case "accepted":
        this.accepted(record);
        break;
      case "caught":
        this.caught(record);
        break;
      case "armed":
        this.armed(record);
        break;
      case "gap":
        this.gap(record);
        break;
      case "crashed":
        this.crashedMs.set(record.home ?? "", record.timeMs);
        break;
      case "died":
        this.diedSenders.add(record.cell);
        break;
      default:
    }
  }

  finish(nowMs: number): void {
    for (const stream of this.streams.values()) {
      // What a catch had not read when it ended is nobody's loss.
      if (stream.held.isEnded) continue;
      const homes = new Set([...stream.musts.map(({ home }) => home), ...stream.gaps.keys()]);
      const counts = [...homes].map((home) => this.count(stream, home, nowMs));
      this.judge(stream, counts, nowMs);
    }
  }

  private accepted({ id, home = "", repeat, timeMs }: LogRecord): void {
    const { books, membership } = this.parts;
    const event = books.event(id);
    if (repeat === true || event.acceptedMs.get(home) !== timeMs) return;
    const sinceMs = Math.max(event.sentMs, membership.attachedMs(event.sender, home));
    const [firstTaken = timeMs] = event.acceptedMs.values();
    for (const held of membership.streamsSince(home, event, sinceMs, timeMs)) {
      // It is repeated for those that were there; it may come behind newer ones, and be dropped.
      if (firstTaken < held.sinceMs) continue;
      this.streamOf(held).musts.push({ event, home: held.home, origin: home, timeMs });
    }
  }

  private armed({ cell, mode, pattern = "", home = "", timeMs }: LogRecord): void {
    if (mode !== "multi") return;
    const held = this.parts.membership.catchOf(cell, "multi", pattern);
    if (held === undefined) return;
    const { armedMs, armedAgain } = this.streamOf(held);
    if (armedMs.has(home)) armedAgain.add(home);
    armedMs.set(home, timeMs);
  }

  private caught(record: LogRecord): void {
    const { id, cell, pattern = "", channel = "", timeMs } = record;
    const { books, membership, broken } = this.parts;
    const held = membership.catchOf(cell, "multi", pattern);
    if (held === undefined || held.isEnded || !books.isMatch(held.pattern, channel)) {
      broken("member", say(record), timeMs);
      return;
    }
    const event = books.event(id);
    if (event.channel === "") event.channel = channel;
    const stream = this.streamOf(held);
    const highest = stream.highest.get(channel, event.sender) ?? 0;
    if (stream.caught.has(id)) broken("order", `${say(record)}, twice`, timeMs);
    else if (event.number < highest && !this.mayBeLate(event, held)) {
      broken("order", `${say(record)}, after number ${highest}`, timeMs);
    }
    stream.caught.add(id);
    if (!stream.first.has(event.sender)) stream.first.set(event.sender, event.number);
    if (event.number > highest) stream.highest.set(channel, event.sender, event.number);
  }

  /**
   * Order holds on a stream: what was lost with one transmitter may come by the next one, late. So
   * may, when its sender has moved, what one took for a repeat of an earlier event (§11.6), and what
   * it refused for one group and passed on to streams elsewhere; and what one took that did not know
   * the catch comes by another one (§8.9).
   */
  private mayBeLate(event: EventBook, held: CatchBook): boolean {
    const { books, membership } = this.parts;
    if (this.wasUnknown(event, held)) return true;
    const hasMoved = membership.attachmentsSince(event.sender, event.sentMs).length > 1;
    return hasMoved && (event.isRefused || books.sharesKey(event));
  }

  /** Whether the transmitter that took an event first need not have known of the catch. */
  private wasUnknown(event: EventBook, held: CatchBook): boolean {
    const [first] = event.acceptedMs.keys();
    const { musts } = this.streamOf(held);
    return first !== undefined && !musts.some((it) => it.event === event && it.origin === first);
  }

  /** A cell that moves reads the stream of its old home to the end (§8.12), holes included. */
  private gap({ cell, pattern = "", count, timeMs, peer }: LogRecord): void {
    const held = this.parts.membership.catchOf(cell, "multi", pattern);
    if (held === undefined) return;
    const stream = this.streamOf(held);
    stream.firstGapMs = Math.min(stream.firstGapMs, timeMs);
    if (count === undefined) stream.vagueMs = timeMs;
    else {
      const home = peer ?? held.home;
      if (peer !== undefined) {
        stream.readOn.add(peer);
        stream.readOnMs = timeMs;
      }
      stream.gaps.set(home, (stream.gaps.get(home) ?? 0) + count);
    }
  }

  /** Holds what is missing of one transmitter's events against the gaps that were reported. */
  private count(stream: StreamBook, home: string, nowMs: number): Count {
    const { held } = stream;
    const reported = stream.gaps.get(home) ?? 0;
    // What two transmitters took, because its sender had moved, is lost once.
    const dues = new Map(
      stream.musts
        .filter((must) => must.home === home && must.event.sentMs > stream.vagueMs)
        .filter((must) => this.wasThere(held, must) && !stream.caught.has(must.event.id))
        .filter((must) => !this.isForgotten(must) && !this.isTooLate(stream, must))
        .map((must) => [must.event.id, must]),
    );
    const missing = [...dues.values()];
    const silent = missing.length - this.olderThanCatch(stream, home, missing) - reported;
    const first = missing[0]?.event.id ?? "";
    this.checkReport(stream, { home, reported, missing: missing.length }, nowMs);
    const early = missing.filter(({ event }) => event.sentMs < stream.readOnMs).length;
    return {
      home,
      silent,
      early,
      what: `${missing.length} lost, from ${first} on, ${reported} reported`,
    };
  }

  /**
   * What was lost in silence is a fault. A cell that comes back to a stream tells what it missed of
   * that, also of what it may have had, or was on its way to it, from the one that it leaves. What
   * it lost of the one that it leaves, and reads on, is no loss again when it comes by the new one.
   */
  private judge(stream: StreamBook, counts: readonly Count[], nowMs: number): void {
    const { held, armedAgain, readOn } = stream;
    let [spare, spareOfLeft] = [0, 0];
    for (const { home, silent } of counts) {
      if (armedAgain.has(home)) spare -= Math.min(0, silent);
      else if (readOn.has(home)) spareOfLeft -= Math.min(0, silent);
    }
    for (const { silent, early, what } of counts) {
      if (silent <= spare + Math.min(spareOfLeft, early)) continue;
      const name = `${held.cell.slice(0, 6)} on ${held.pattern.text}`;
      this.parts.broken("silent", `${name}: ${what}`, nowMs);
    }
  }

  /** Holds a report against what can have been lost. */
  private checkReport(
    stream: StreamBook,
    { home, reported, missing }: { home: string; reported: number; missing: number },
    nowMs: number,
  ): void {
    // What is lost on its way from one transmitter its sender may bring again by another one.
    if (reported <= missing || this.crashedMs.has(home)) return;
    const { homes } = this.parts.books;
    if (homes.living.size > 1 && homes.mayDifferSince(stream.armedMs.get(home) ?? 0)) return;
    const possible = this.possible(stream, home);
    if (reported <= possible) return;
    const name = `${stream.held.cell.slice(0, 6)} on ${stream.held.pattern.text}`;
    const what = `${reported} reported, at most ${possible} lost`;
    this.parts.broken("gaps", `${name}: ${what}`, nowMs);
  }

  /**
   * How many of these events its cell may have dropped without a word: it has reported some as lost,
   * here or at an earlier transmitter, and these were sent before the catch was armed here and came
   * again behind newer ones (§8.11).
   */
  private olderThanCatch(stream: StreamBook, home: string, missing: readonly Due[]): number {
    const since = stream.armedMs.get(home) ?? 0;
    const hasReported = [...stream.gaps].some(([other, count]) => {
      return count > 0 && (stream.armedMs.get(other) ?? 0) <= since;
    });
    return hasReported ? missing.filter(({ event }) => event.sentMs < since).length : 0;
  }

  /**
   * Whether an event came behind newer ones of its sender, so that it was dropped: whoever took it
   * first need not have known the catch, and newer ones have come by the one that did (§8.9). Its
   * sender need not have heard of that one: then it was sent before the catch stood, and is older
   * than all that came of its sender (§8.11).
   */
  private isTooLate(stream: StreamBook, must: Due): boolean {
    const { held, highest, first } = stream;
    const { event } = must;
    const newest = highest.get(event.channel, event.sender) ?? 0;
    const isBehind = newest > event.number;
    if (isBehind && (this.wasUnknown(event, held) || this.mayBeAnew(stream, must))) return true;
    return event.sentMs < held.sinceMs && event.number < (first.get(event.sender) ?? 0);
  }

  /**
   * Whether the first home of its sender may have taken an event for a repeat, and another one took
   * it for new, since its sender had not heard that (§11.6). A catch that had told a gap before
   * drops it behind newer ones (§8.11).
   */
  private mayBeAnew({ firstGapMs }: StreamBook, { event, origin, timeMs }: Due): boolean {
    const { books, membership } = this.parts;
    const [first] = membership.attachmentsSince(event.sender, event.sentMs);
    return firstGapMs < timeMs && first?.home !== origin && books.sharesKey(event);
  }

  /**
   * Whether nobody may know of an event any more: its origin is gone, on whose way to others it was,
   * and so is its sender, which was not told that it is handled and would have repeated it.
   */
  private isForgotten({ event, origin }: Due): boolean {
    const isGone = this.crashedMs.has(origin) && this.diedSenders.has(event.sender);
    return isGone && event.handledMs === undefined;
  }

  /** Whether the catch stood at that transmitter when the event was taken, or came back to it. */
  private wasThere(held: CatchBook, must: Due): boolean {
    if (held.home !== must.home) return true;
    return held.awayMs === undefined || held.lastArmedMs > must.timeMs;
  }

  /** How many events the catch can have lost at a transmitter, at most. */
  private possible(stream: StreamBook, home: string): number {
    const { books } = this.parts;
    const armedMs = stream.armedMs.get(home) ?? 0;
    // Outputs that nobody caught are known by their number alone.
    let count = books.outputsAcked - books.outputsSeen.size;
    for (const event of books.events.values()) {
      if (!books.isMatch(stream.held.pattern, event.channel)) continue;
      // What was caught at an earlier transmitter may have come again, and be lost here.
      if (!stream.caught.has(event.id) || event.sentMs < armedMs) count++;
    }
    return count;
  }

  private streamOf(held: CatchBook): StreamBook {
    let stream = this.streams.get(held);
    if (stream === undefined) {
      stream = streamBook(held);
      this.streams.set(held, stream);
    }
    return stream;
  }
}

function say({ id, cell, pattern = "", channel = "" }: LogRecord): string {
  return `${id} (${channel}) at ${cell.slice(0, 6)} on ${pattern}`;
}
