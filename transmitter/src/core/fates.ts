import type { Settlement } from "@thynapse/protocol";
import { keyOf } from "./affinity.js";
import type { Asks } from "./asks.js";
import type { CellRecord } from "./cells.js";
import type { CounterName, Counters } from "./counters.js";
import type { DeadLetter, DeadLetters } from "./dead-letters.js";
import type { Deadlines } from "./deadlines.js";
import type { Effect, Random } from "./effects.js";
import type { Group } from "./group.js";
import { cutBelow, type Span, singles, spanCount } from "./ledger.js";
import type { Member } from "./member.js";
import { writeReply } from "./reply.js";

const nackBackoffMs = 100;
const nackBackoffMaxMs = 30_000;
/** A release with nobody else to go to comes back after this: it must not spin. */
const releasePauseMs = 20;

/** What the fates of deliveries need of the transmitter around them. */
export interface FatesParts {
  readonly deadlines: Deadlines;
  readonly deadLetters: DeadLetters;
  readonly asks: Asks;
  readonly counters: Counters;
  readonly random: Random;
  /** Name of this transmitter as an origin. */
  readonly origin: string;
  readonly wallMs: () => number;
  readonly effects: () => Effect[];
  readonly onDead: (letter: DeadLetter, number: number) => void;
}

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

  /** @param touch called for a group whose deliveries may go on. */
  constructor(parts: FatesParts, touch: (group: Group) => void) {
    this.parts = parts;
    this.touch = touch;
  }

  /**
   * Settles deliveries as their cell says. Numbers that are not held under this attempt change
   * nothing.
   *
   * @returns how many were current.
   */
  settled(group: Group, member: Member, settlement: Settlement, nowMs: number): number {
    const { first, count, attempt } = settlement;
    let current = 0;
    for (const span of member.take(first, first + count - 1, attempt, nowMs)) {
      current += spanCount(span);
      group.owners.release(span);
      if (settlement.outcome === "ack") this.acked(group, member, span, settlement);
      else this.unacked(group, member, span, { settlement, nowMs });
    }
    this.touch(group);
    return current;
  }

  private acked(group: Group, member: Member, span: Span, settlement: Settlement): void {
    const count = spanCount(span);
    this.parts.counters.add("acks", count);
    group.stats.acked += count;
    if (span.lot.run.extras !== undefined) {
      this.parts.asks.acked(span, member.cell, settlement.result);
    }
    this.settle(group, span);
  }

  private unacked(group: Group, member: Member, span: Span, { settlement, nowMs }: Refusal): void {
    const { outcome } = settlement;
    this.parts.counters.add(outcomeCounters[outcome], spanCount(span));
    span.repeat = true;
    if (outcome === "release") {
      this.released(group, member, span, nowMs);
      return;
    }
    group.stats.nacked += spanCount(span);
    const reason = settlement.reason ?? outcome;
    const code = outcome === "nack" ? "HANDLER_FAILED" : "REJECTED";
    for (const single of singles(span)) {
      if (this.parts.asks.failed(single, member.cell, { code, reason })) this.settle(group, single);
      else if (outcome === "reject") this.bury(group, single, reason);
      else this.fail(group, single, reason, nowMs);
    }
  }

  /**
   * Gives deliveries to another cell, if one can take them now; else they come back after a pause.
   */
  private released(group: Group, { cell }: Member, span: Span, nowMs: number): void {
    const [again] = this.moved(group, span);
    if (again === undefined) return;
    const owned = group.terms.affinity && keyOf(again) !== undefined;
    const alone = owned || group.members.size < 2;
    if (alone || group.mostFree(cell.id, () => 1) === undefined) {
      this.back(group, [again], nowMs, releasePauseMs);
      return;
    }
    again.avoid = cell.id;
    this.back(group, [again], nowMs, 0);
    // The other may stop taking any before its turn comes; what is behind must not wait for that.
    this.parts.deadlines.at(nowMs + releasePauseMs, () => {
      again.avoid = undefined;
      this.touch(group);
    });
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
      group.backlog.pushFront(spans);
      this.touch(group);
      return;
    }
    for (const span of spans) {
      group.waiting.add(span);
      group.owners.take(span);
    }
    this.parts.deadlines.at(nowMs + delayMs, () => {
      const still = spans.filter((span) => group.waiting.delete(span));
      for (const span of still) group.owners.release(span);
      group.backlog.pushFront(still);
      this.touch(group);
    });
  }

  /**
   * A cell is gone from a group. What it may have been working on counts an attempt; the rest only
   * moves.
   *
   * @param charge whether it died: a cell that said farewell has worked on nothing that it has not
   * settled.
   */
  left(group: Group, cell: CellRecord, nowMs: number, charge: boolean): void {
    const concurrency = group.members.get(cell)?.wish.concurrency ?? 1;
    let begun = charge ? concurrency : 0;
    const front: Span[] = [];
    for (const span of group.leave(cell)) {
      const first = begun > 0 && spanCount(span) > begun ? cutBelow(span, span.from + begun) : span;
      if (begun > 0) front.push(...this.crashed(group, first, nowMs));
      else front.push(...this.moved(group, first));
      if (first !== span) front.push(...this.moved(group, span));
      begun -= Math.min(begun, spanCount(first));
    }
    group.backlog.pushFront(front);
    this.touch(group);
  }

  /** Charges deliveries whose cell died; returns those that go to others at once. */
  private crashed(group: Group, span: Span, nowMs: number): Span[] {
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

  private moved(group: Group, span: Span): Span[] {
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
      const name = { catch: catchNumber, origin: this.parts.origin, number: span.from };
      const back = { ...name, count: spanCount(span), attempt: span.attempt };
      const part = writeReply(cell.encoding, "BACK", back);
      this.parts.effects().push({ kind: "send", connection: cell.connection, part });
      for (const single of singles(span)) {
        this.fail(group, single, "nobody settled it in time", nowMs);
      }
    }
    this.touch(group);
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

  /** The group is done with these events. */
  settle(group: Group, span: Span): void {
    const { run, firstNumber, entry } = span.lot;
    entry.settled(run, span.from - firstNumber, span.to - firstNumber);
    this.touch(group);
  }
}

interface Refusal {
  readonly settlement: Settlement;
  readonly nowMs: number;
}

const outcomeCounters: Record<Settlement["outcome"], CounterName> = {
  ack: "acks",
  nack: "nacks",
  release: "releases",
  reject: "rejects",
};
