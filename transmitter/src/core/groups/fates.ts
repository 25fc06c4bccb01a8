import type { Settlement } from "@thynapse/protocol";
import type { CellRecord } from "../cells/cells.js";
import type { CounterName } from "../counters.js";
import type { FatesParts, Settling, Verdict } from "./fates-parts.js";
import type { Group } from "./group.js";
import { cutBelow, type Span, singles, spanCount } from "./ledger.js";
import type { Member } from "./member.js";
import { Releasing } from "./releasing.js";
import { writeReply } from "../cells/reply.js";

const nackBackoffMs = 100;
const nackBackoffMaxMs = 30_000;

/**
 * What becomes of a delivery that was handed out: settled, failed, taken back, or left by a cell
 * that is gone.
 *
 * Each ends in one of three ways: the event is settled for its group, it goes back to the backlog
 * (at once or after a back-off), or it becomes a dead letter, which settles it too.
 *
 * @see PROTOCOL.md §10.3 to §10.5
 */
export class Fates {
  private readonly parts: FatesParts;
  private readonly touch: (group: Group) => void;
  private readonly releasing: Releasing;

  /** @param touch called for a group whose deliveries may go on. */
  constructor(parts: FatesParts, touch: (group: Group) => void) {
    this.parts = parts;
    this.touch = touch;
    this.releasing = new Releasing({
      deadlines: parts.deadlines,
      back: (group, span, nowMs, delayMs) => this.back(group, [span], nowMs, delayMs),
      touch,
    });
  }

  /**
   * Settles deliveries as their cell says. Numbers that are not held under this attempt change
   * nothing.
   *
   * @returns how many were current.
   */
  settled(member: Member, settlement: Settlement, { origin, nowMs, onDone }: Settling): number {
    const { group } = member;
    const { outcome, first, count, attempt, reason, result, outputs } = settlement;
    let current = 0;
    for (const span of member.take({ origin, first, last: first + count - 1, attempt }, nowMs)) {
      current += spanCount(span);
      this.parts.counters.add(outcomeCounters[outcome], spanCount(span));
      this.parts.traces.settled(span, member, outcome);
      group.released(span);
      if (span.lot.upstream === undefined) {
        this.decide(group, span, { by: member, settlement, nowMs });
      } else this.parts.passBack(group, span, member, { outcome, reason, result, outputs, onDone });
    }
    this.touch(group);
    return current;
  }

  /** What a settlement means for deliveries of this origin, wherever their cell is attached. */
  decide(group: Group, span: Span, verdict: Verdict): void {
    const { by, settlement } = verdict;
    if (settlement.outcome !== "ack") {
      this.unacked(group, span, verdict);
      return;
    }
    group.stats.acked += spanCount(span);
    if (span.lot.run.extras !== undefined) this.parts.asks.acked(span, by, settlement.result);
    this.settle(group, span);
  }

  private unacked(group: Group, span: Span, { by, settlement, nowMs }: Verdict): void {
    const { outcome } = settlement;
    span.repeat = true;
    if (outcome === "release") {
      for (const again of this.movable(group, span)) {
        this.releasing.release(group, by, again, nowMs);
      }
      return;
    }
    group.stats.nacked += spanCount(span);
    const reason = settlement.reason ?? outcome;
    const code = outcome === "nack" ? "HANDLER_FAILED" : "REJECTED";
    for (const single of singles(span)) {
      if (this.parts.asks.failed(single, by, { code, reason })) this.settle(group, single);
      else if (outcome === "reject") this.bury(group, single, reason);
      else this.fail(group, single, reason, nowMs);
    }
  }

  /** An attempt at one event has failed: again after a back-off, or the end. */
  fail(group: Group, span: Span, reason: string, nowMs: number): void {
    span.charged++;
    span.reason = reason;
    span.repeat = true;
    if (!group.terms.redeliver || span.charged >= group.terms.attemptsMax) {
      this.bury(group, span, reason);
      return;
    }
    const delayMs = Math.min(nackBackoffMaxMs, nackBackoffMs * 2 ** (span.charged - 1));
    this.back(group, [span], nowMs, delayMs * (0.75 + this.parts.random.float() / 2));
  }

  /** Takes spans that no cell has back into the backlog, now or later. */
  private back(group: Group, spans: readonly Span[], nowMs: number, delayMs: number): void {
    if (delayMs <= 0) {
      this.again(group, spans);
      return;
    }
    for (const span of spans) {
      group.waiting.add(span);
      group.owners.take(span);
    }
    this.parts.deadlines.at(nowMs + delayMs, () => {
      const still = spans.filter((span) => group.waiting.delete(span));
      for (const span of still) group.owners.release(span);
      this.again(group, still);
    });
  }

  /** Lets deliveries be given out again. */
  again(group: Group, spans: readonly Span[]): void {
    group.backlog.pushFront(spans);
    this.touch(group);
  }

  /**
   * A cell is gone from a group. What it may have been working on counts an attempt; the rest only
   * moves.
   *
   * @param how of a cell that said farewell only one that is idle says for sure that it has begun
   * nothing of it.
   */
  left(group: Group, cell: CellRecord, nowMs: number, how: Leaving): void {
    const member = group.members.get(cell);
    if (member === undefined) return;
    let begun = how === "died" ? member.wish.concurrency : 0;
    const front: Span[] = [];
    for (const span of group.leave(cell)) {
      if (how === "idle") {
        front.push(...this.unbegun(member, span));
        continue;
      }
      const first = begun > 0 && spanCount(span) > begun ? cutBelow(span, span.from + begun) : span;
      front.push(...this.lost(member, first, { isBegun: begun > 0, nowMs }));
      if (first !== span) front.push(...this.lost(member, span, { isBegun: false, nowMs }));
      begun -= Math.min(begun, spanCount(first));
    }
    this.again(group, front);
  }

  /** What no cell has begun is as if it had never been out. */
  private unbegun(member: Member, span: Span): Span[] {
    if (span.lot.upstream !== undefined) {
      this.parts.passBack(member.group, span, member, { outcome: "unplaced" });
      return [];
    }
    span.attempt--;
    this.parts.counters.add("deliveriesReturned", spanCount(span));
    return [span];
  }

  private lost(member: Member, span: Span, { isBegun, nowMs }: Loss): Span[] {
    const { group } = member;
    if (span.lot.upstream !== undefined) {
      this.parts.passBack(group, span, member, { outcome: isBegun ? "crashed" : "moved" });
      return [];
    }
    return isBegun ? this.crashed(group, span, nowMs) : this.movable(group, span);
  }

  /** Charges deliveries whose cell died; returns those that go to others at once. */
  crashed(group: Group, span: Span, nowMs: number): Span[] {
    const again: Span[] = [];
    for (const single of singles(span)) {
      single.alone = true;
      // The first time the cell may have died of anything: no back-off, so that a kill costs
      // milliseconds.
      const first = single.charged === 0 && group.terms.redeliver && group.terms.attemptsMax > 1;
      if (!first) {
        this.fail(group, single, "its cell died", nowMs);
        continue;
      }
      single.charged = 1;
      single.repeat = true;
      again.push(single);
    }
    return again;
  }

  /** Returns deliveries that go to others, uncounted, where that is allowed. */
  movable(group: Group, span: Span): Span[] {
    span.repeat = true;
    if (group.terms.redeliver) return [span];
    for (const single of singles(span)) this.bury(group, single, "it left the origin once");
    return [];
  }

  /** Looks for what cells have had for too long, and takes it back. */
  private check(group: Group, nowMs: number): void {
    group.checkMs = Number.POSITIVE_INFINITY;
    for (const { member, span } of group.takeOverdue(nowMs)) {
      this.parts.counters.add("ackTimeouts", spanCount(span));
      const { cell, catchNumber } = member;
      const name = { catch: catchNumber, origin: span.lot.origin, number: span.from };
      const back = { ...name, count: spanCount(span), attempt: span.attempt };
      const part = writeReply(cell.encoding, "BACK", back);
      this.parts.effects().push({ kind: "send", connection: cell.connection, part });
      if (span.lot.upstream === undefined) this.overdue(group, span, nowMs);
      else this.parts.passBack(group, span, member, { outcome: "overdue" });
    }
    this.touch(group);
  }

  /** Nobody settled deliveries in time. */
  overdue(group: Group, span: Span, nowMs: number): void {
    for (const single of singles(span)) {
      this.fail(group, single, "nobody settled it in time", nowMs);
    }
  }

  /** Plans the next look for time-outs. */
  planCheck(group: Group): void {
    const nextMs = group.nextTimeoutMs();
    if (nextMs >= group.checkMs) return;
    group.checkMs = nextMs;
    this.parts.deadlines.at(nextMs, (nowMs) => {
      if (group.checkMs <= nowMs) this.check(group, nowMs);
    });
  }

  /** Gives an event up: to the dead letters. */
  bury(group: Group, span: Span, reason: string): void {
    const { run, firstNumber } = span.lot;
    const letter = this.parts.deadLetters.add(run, span.from - firstNumber, {
      service: group.service,
      pattern: group.pattern.text,
      reason,
      attempts: span.charged,
      atMs: this.parts.wallMs(),
    });
    group.stats.dead++;
    this.parts.asks.dead(span, reason);
    this.settle(group, span);
    this.parts.onDead(letter, span.from);
  }

  /** An event that its cell cannot be told is rejected, by whoever is its origin. */
  unsayable(member: Member, span: Span, reason: string): void {
    if (span.lot.upstream === undefined) this.bury(member.group, span, reason);
    else this.parts.passBack(member.group, span, member, { outcome: "reject", reason });
  }

  /** The group is done with these events. */
  settle(group: Group, span: Span): void {
    const { run, firstNumber, entry } = span.lot;
    if (entry?.askers.isEmpty === false) this.parts.tellAskers(group, span);
    entry?.settled(run, span.from - firstNumber, span.to - firstNumber);
    this.touch(group);
  }
}

/** How a cell leaves a group: dead, by farewell, or by one that says that it is idle. */
export type Leaving = "died" | "left" | "idle";

interface Loss {
  readonly isBegun: boolean;
  readonly nowMs: number;
}

const outcomeCounters: Record<Settlement["outcome"], CounterName> = {
  ack: "acks",
  nack: "nacks",
  release: "releases",
  reject: "rejects",
};
