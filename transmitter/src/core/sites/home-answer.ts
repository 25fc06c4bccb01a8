import { indexRange, RangeSet, type SeqRange, type Thid } from "@thynapse/protocol";
import type { Sender } from "../events/senders.js";
import type { Group } from "../groups/group.js";
import { type Span, spanCount } from "../groups/ledger.js";
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
  readonly ranges: readonly SeqRange[];
}

/** Works out what this transmitter, as the former home of a sender, knows of these events. */
export function homeAnswer(
  group: Group | undefined,
  { session, ranges }: HomeQuestion,
  wasTaken: (seq: number) => boolean,
): HomeAnswer {
  const sender = ranges[0]?.sender ?? "";
  const [held, free, settled] = [new RangeSet(), new RangeSet(), new RangeSet()];
  if (group !== undefined) {
    const ours = oursOf(group, sender);
    const ceded = cededIn(group, sender, session);
    for (const { first, last } of ranges) {
      for (let seq = first; seq <= last; seq++) {
        if (ours.has(seq)) held.add(seq);
        else if (ceded.fresh.has(seq)) free.add(seq);
        else if (!ceded.used.has(seq) && wasTaken(seq)) settled.add(seq);
      }
    }
  }
  return { held: rows(sender, held), free: rows(sender, free), settled: rows(sender, settled) };
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

/** What a transmitter has left to the new home of a sender. */
export interface Ceded {
  /** The attachment to that home. */
  readonly session: number;
  /** Never given out. */
  readonly fresh: RangeSet;
  /** Given out, and come back; or left to an earlier one, which may have given it out. */
  readonly used: RangeSet;
}

function cededIn(group: Group, sender: Thid, session: number): Ceded {
  const known = group.ceded.get(sender);
  if (known?.session === session) return known;
  const used = new RangeSet();
  for (const set of [known?.used, known?.fresh]) {
    for (const [first, last] of set?.ranges() ?? []) used.add(first, last);
  }
  return { session, fresh: new RangeSet(), used };
}

/**
 * Leaves to the new home of a sender, of what that asks about, whatever nobody has of a group: not
 * given out, or refused when that was full, of which the sender has not heard if it repeats it.
 *
 * @returns how many events.
 */
export function cede(group: Group, from: Sender, { session, ranges }: HomeQuestion): number {
  const sender = from.id;
  const asked = new RangeSet();
  for (const { first, last } of ranges) asked.add(first, last);
  const spans = takeUnassigned(group, ({ run, upstream }) =>
    upstream === undefined && run.header.sender === sender ? asked : undefined,
  );
  const missed = from.missedBy(group.number)?.ranges() ?? [];
  if (spans.length + missed.length === 0) return 0;
  const ceded = cededIn(group, sender, session);
  group.ceded.set(sender, ceded);
  for (const [first, last] of missed) {
    for (let seq = first; seq <= last; seq++) {
      (from.isMissedRepeat(seq) ? ceded.used : ceded.fresh).add(seq);
    }
  }
  for (const span of spans) {
    add(span.attempt === 0 && !span.repeat ? ceded.fresh : ceded.used, span, sender);
    const { run, firstNumber, entry } = span.lot;
    const seqs = indexRange(span.from - firstNumber, span.to - firstNumber);
    entry?.forget(Array.from(seqs, (index) => run.seqAt(index)));
  }
  return spans.reduce((sum, span) => sum + spanCount(span), 0);
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
