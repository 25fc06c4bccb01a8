import { indexRange, RangeSet, type SeqRange, type Thid } from "@thynapse/protocol";
import type { Sender } from "../events/senders.js";
import type { Group } from "../groups/group.js";
import type { Span } from "../groups/ledger.js";
import { takeUnassigned, unassigned } from "../groups/unassigned.js";

/** What the former home of a sender knows of events in one group. */
export interface HomeAnswer {
  /** Not settled, and ours to give out. */
  readonly held: readonly SeqRange[];
  /** Known, and never given out. */
  readonly free: readonly SeqRange[];
  readonly settled: readonly SeqRange[];
}

/** What the new home of a sender asks about. */
export interface HomeQuestion {
  /** The attachment there. */
  readonly session: number;
  /** The attachment in which they were sent first; 0 where that is not known. */
  readonly since: number;
  readonly ranges: readonly SeqRange[];
}

/** Works out what this transmitter, as the former home of a sender, knows of these events. */
export function homeAnswer(
  group: Group | undefined,
  from: Sender | undefined,
  { session, ranges }: HomeQuestion,
): HomeAnswer {
  const sender = ranges[0]?.sender ?? "";
  const [held, free, settled] = [new RangeSet(), new RangeSet(), new RangeSet()];
  if (group !== undefined) {
    const ours = oursOf(group, sender);
    const ceded = from?.cededOf(nameOf(group));
    for (const { first, last } of ranges) {
      for (let seq = first; seq <= last; seq++) {
        if (ours.has(seq)) held.add(seq);
        else if (ceded?.isFreshFor(session, seq) === true) free.add(seq);
        else if (ceded?.has(seq) === false && from?.wasTaken(seq) === true) settled.add(seq);
      }
    }
  }
  return { held: rows(sender, held), free: rows(sender, free), settled: rows(sender, settled) };
}

/**
 * What is known here of events that their sender brings back from another home, which had been left
 * some of their groups. What was left to it is ours again.
 */
export function takeBack(
  group: Group,
  from: Sender,
  ranges: readonly SeqRange[],
): Pick<HomeAnswer, "held" | "settled"> {
  const [held, settled] = [new RangeSet(), new RangeSet()];
  if (from.ceded.rangeCount > 0) {
    const ours = oursOf(group, from.id);
    const ceded = from.cededOf(nameOf(group));
    const missed = from.missedBy(group.number);
    for (const { first, last } of ranges) {
      for (let seq = first; seq <= last; seq++) {
        if (!from.ceded.has(seq)) continue;
        if (ours.has(seq)) held.add(seq);
        else if (ceded.has(seq)) ceded.takeBack(seq);
        else if (missed?.has(seq) !== true) settled.add(seq);
      }
    }
  }
  return { held: rows(from.id, held), settled: rows(from.id, settled) };
}

/** What of a sender is not settled in a group, and ours to give out. */
function oursOf(group: Group, sender: Thid): RangeSet {
  const ours = new RangeSet();
  const note = (span: Span): void => {
    if (span.lot.upstream === undefined) add(ours, span, sender);
  };
  for (const holder of group.allHolders()) for (const span of holder.held) note(span);
  for (const span of unassigned(group)) note(span);
  return ours;
}

/**
 * Leaves to the new home of a sender, of what that asks about, whatever nobody has of a group: not
 * given out; refused when that was full, of which the sender has not heard if it repeats it; or
 * never taken, though this was the home to which it was sent first.
 *
 * @returns what was given up here.
 */
export function cede(group: Group, from: Sender, { session, since, ranges }: HomeQuestion): Span[] {
  const asked = new RangeSet();
  for (const { first, last } of ranges) asked.add(first, last);
  // Others here are handled with it: nobody would tell them.
  for (const seq of from.awaited) asked.remove(seq);
  const spans = takeUnassigned(group, ({ run, upstream }) =>
    upstream === undefined && run.header.sender === from.id ? asked : undefined,
  );
  const ceded = from.cededOf(nameOf(group));
  const leave = (seq: number, isFresh: boolean): void => ceded.leave(session, seq, isFresh);
  for (const seq of seqsIn(from.missedBy(group.number))) leave(seq, !from.isMissedRepeat(seq));
  for (const span of spans) {
    const { run, firstNumber, entry } = span.lot;
    const indexes = indexRange(span.from - firstNumber, span.to - firstNumber);
    const seqs = Array.from(indexes, (index) => run.seqAt(index));
    for (const seq of seqs) leave(seq, span.attempt === 0 && !span.repeat);
    entry?.forget(seqs);
  }
  if (since === from.session) {
    for (const seq of seqsIn(asked)) if (!from.wasTaken(seq) && !ceded.has(seq)) leave(seq, true);
  }
  return spans;
}

function nameOf({ service, pattern }: Group): string {
  return `${service} ${pattern.text}`;
}

function* seqsIn(set: RangeSet | undefined): Generator<number> {
  for (const [first, last] of set?.ranges() ?? []) {
    for (let seq = first; seq <= last; seq++) yield seq;
  }
}

/** The events of spans as ranges, of these ones alone if some are given. */
export function rangesOfSpans(spans: readonly Span[], among?: readonly SeqRange[]): SeqRange[] {
  const found: SeqRange[] = [];
  for (const span of spans) {
    const { sender } = span.lot.run.header;
    const numbers = new RangeSet();
    add(numbers, span, sender);
    for (const range of rows(sender, numbers)) {
      if (among === undefined) found.push(range);
      for (const { sender: of, first, last } of among ?? []) {
        const [low, high] = [Math.max(first, range.first), Math.min(last, range.last)];
        if (of === sender && low <= high) found.push({ sender, first: low, last: high });
      }
    }
  }
  return found;
}

function add(numbers: RangeSet, { lot, from, to }: Span, sender: Thid): void {
  const { run, firstNumber } = lot;
  if (run.header.sender !== sender) return;
  if (run.seqs === undefined) {
    numbers.add(run.seqAt(from - firstNumber), run.seqAt(to - 1 - firstNumber));
    return;
  }
  for (let number = from; number < to; number++) numbers.add(run.seqAt(number - firstNumber));
}

function rows(sender: Thid, numbers: RangeSet): SeqRange[] {
  return [...numbers.ranges()].map(([first, last]) => ({ sender, first, last }));
}
