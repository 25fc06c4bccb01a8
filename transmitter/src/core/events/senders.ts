import { type ErrorCode, RangeSet, type Run, senderRangesMax, type Thid } from "@thynapse/protocol";
import { Askers } from "./askers.js";
import { Ceded } from "./ceded.js";
import type { Confirms, ConfirmSink } from "./confirms.js";
import { common } from "./numbers.js";
import { type Refusal, RefusedNumbers } from "./refused-numbers.js";

/**
 * What an origin knows of one sender's events: exactly which numbers it took and which are handled.
 *
 * The sender's floor bounds it: what lies below is done with and forgotten.
 */
export class Sender implements ConfirmSink {
  readonly id: Thid;
  /** Where its confirms go now; nowhere while no cell of that id is attached. */
  confirms: Confirms | undefined;
  floor = 1;
  /**
   * The session of its last attachment to this transmitter; with a fraction where this one is only
   * the successor of its last home. @see PROTOCOL.md §18.11
   */
  session = 0;
  /** Whether another transmitter is its home now. */
  isElsewhere = false;
  /** Until when its events wait: it was elsewhere before, and its listeners may be on their way. */
  waitsUntilMs = Number.NEGATIVE_INFINITY;
  readonly known = new RangeSet();
  readonly done = new RangeSet();
  /** What was taken here and left to another home of this sender. */
  readonly ceded = new RangeSet();
  /** What was left to another home, by the name of the group, which may end and begin anew. */
  private readonly cededBy = new Map<string, Ceded>();
  /** Other homes of it that wait to hear what becomes of what is given out here. */
  readonly askers = new Askers();
  /** When it was opened or attached last. */
  seenMs: number;

  constructor(id: Thid, nowMs: number) {
    this.id = id;
    this.seenMs = nowMs;
  }

  private readonly waiters = new Map<number, (() => void)[]>();
  private readonly refusals = new RefusedNumbers();
  /** Events that a full group has not got, by the number of that. */
  private readonly missed = new Map<number, RangeSet>();
  /** Those of them that may have been given out before they came here. */
  readonly missedRepeats = new RangeSet();

  accepted(first: number, last: number, matched: number, repeat: boolean): void {
    this.confirms?.accepted(first, last, matched, repeat);
  }

  handled(first: number, last: number): void {
    this.confirms?.handled(first, last);
  }

  refused(first: number, last: number, code: ErrorCode, message: string): void {
    this.refusals.add(first, last, { code, message });
    this.confirms?.refused(first, last, code, message);
  }

  /** It is attached elsewhere. @returns false if that is old: it has come here since. */
  leaves(session: number): boolean {
    const isLater = session > this.session;
    if (isLater) this.isElsewhere = true;
    return isLater;
  }

  /** Why an event was refused; `undefined` if it was not. */
  refusalOf(seq: number): Refusal | undefined {
    return this.refusals.find(seq);
  }

  /** A full group has not got this event, which was sent here first or is a repeat. */
  miss(group: number, seq: number, repeat: boolean): void {
    if (repeat) this.missedRepeats.add(seq);
    const missed = this.missed.get(group) ?? new RangeSet();
    missed.add(seq);
    this.missed.set(group, missed);
  }

  /** What a group has not got because it was full. */
  missedBy(group: number): RangeSet | undefined {
    return this.missed.get(group);
  }

  quiet(seq: number): void {
    this.confirms?.quiet(seq);
  }

  isHandled(seq: number): boolean {
    return seq < this.floor || this.done.has(seq);
  }

  /**
   * Whether the numbers of a run can be remembered too: `senderRangesMax` ranges in all. What of it
   * is refused may make some more.
   */
  hasRoomFor({ seqs, count }: Run): boolean {
    return this.rangeCount + (seqs === undefined ? 1 : count) <= senderRangesMax;
  }

  /** Ranges of numbers that are kept until the floor passes them. */
  private get rangeCount(): number {
    let ranges = this.known.rangeCount + this.refusals.rangeCount + this.missedRepeats.rangeCount;
    for (const missed of this.missed.values()) ranges += missed.rangeCount;
    return ranges;
  }

  /** Which of these were taken here, whoever takes care of them now. */
  takenOf(numbers: RangeSet): RangeSet {
    const taken = common(numbers, this.known);
    for (const range of numbers.within(1, this.floor - 1)) taken.add(...range);
    for (const range of common(numbers, this.ceded).ranges()) taken.add(...range);
    return taken;
  }

  /** What of a group of this name was left to other homes. */
  cededOf(name: string): Ceded {
    const known = this.cededBy.get(name) ?? new Ceded();
    this.cededBy.set(name, known);
    return known;
  }

  /** The new home takes care of this event. */
  cede(seq: number): void {
    this.known.remove(seq);
    this.ceded.add(seq);
  }

  /** Events for which others wait that have the same idempotency key. */
  get awaited(): Iterable<number> {
    return this.waiters.keys();
  }

  /** Calls `then` when this event is handled. */
  whenHandled(seq: number, then: () => void): void {
    const waiting = this.waiters.get(seq);
    if (waiting === undefined) this.waiters.set(seq, [then]);
    else waiting.push(then);
  }

  /** Notes that events are handled. */
  finish(first: number, last: number): void {
    this.done.add(first, last);
    if (this.waiters.size === 0) return;
    for (let seq = first; seq <= last; seq++) {
      for (const then of this.waiters.get(seq) ?? []) then();
      this.waiters.delete(seq);
    }
  }

  /** Raises the floor; a lower one than before is an old run's and changes nothing. */
  raise(floor: number): void {
    if (floor <= this.floor) return;
    this.floor = floor;
    this.known.dropBelow(floor);
    this.done.dropBelow(floor);
    this.ceded.dropBelow(floor);
    for (const ceded of this.cededBy.values()) ceded.dropBelow(floor);
    this.missedRepeats.dropBelow(floor);
    for (const [group, missed] of this.missed) {
      missed.dropBelow(floor);
      if (missed.rangeCount === 0) this.missed.delete(group);
    }
    this.refusals.dropBelow(floor);
  }
}

const awayMax = 10_000;
const forgetMs = 600_000;

/**
 * The senders that an origin remembers: those that are attached, and of the others those of the
 * last 10 min, at most 10 000. Who was seen least lately is forgotten first.
 */
export class Senders {
  private readonly own: Sender;
  private readonly byId = new Map<Thid, Sender>();
  /** Those that are not attached, in the order in which they were seen last. */
  private readonly away = new Set<Sender>();

  /** @param own who numbers the events of the transmitter itself. */
  constructor(own: Sender) {
    this.own = own;
  }

  /**
   * The transmitter ends: what it has numbered itself, too, may be asked for. Not before: a cell
   * elsewhere may say that it is that sender.
   */
  end(): void {
    this.byId.set(this.own.id, this.own);
  }

  get all(): Iterable<Sender> {
    return this.byId.values();
  }

  find(id: Thid): Sender | undefined {
    return this.byId.get(id);
  }

  /**
   * The record of a sender; made if it is not known.
   *
   * @param waitMs how long the events of one that is not known wait, as it was elsewhere before.
   */
  open(id: Thid, nowMs: number, waitMs: number): Sender {
    let sender = this.byId.get(id);
    if (sender === undefined) {
      sender = new Sender(id, nowMs);
      sender.waitsUntilMs = nowMs + waitMs;
      this.byId.set(id, sender);
    }
    this.see(sender, nowMs);
    this.forgetOld(nowMs);
    return sender;
  }

  /** A cell of its id is attached. */
  attach(sender: Sender, confirms: Confirms): void {
    sender.confirms = confirms;
    this.away.delete(sender);
  }

  /** No cell of its id is attached any more. */
  detach(sender: Sender, nowMs: number): void {
    sender.confirms = undefined;
    this.see(sender, nowMs);
  }

  private see(sender: Sender, nowMs: number): void {
    sender.seenMs = nowMs;
    if (sender.confirms !== undefined) return;
    this.away.delete(sender);
    this.away.add(sender);
  }

  private forgetOld(nowMs: number): void {
    for (const sender of this.away) {
      if (this.away.size <= awayMax && nowMs - sender.seenMs < forgetMs) return;
      this.away.delete(sender);
      this.byId.delete(sender.id);
    }
  }
}
