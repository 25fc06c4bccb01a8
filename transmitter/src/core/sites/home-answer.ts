import { indexRange, RangeSet, type SeqRange, type Thid } from "@thynapse/protocol";
import { common, numbersOf, rangesOf, without } from "../events/numbers.js";
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

/** What the new home of a sender asks about: of that sender alone. */
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
  { session, ranges, peer }: HomeQuestion & { readonly peer: Thid },
): HomeAnswer {
  const [sender, asked] = askedOf(ranges);
  if (group === undefined) return { held: [], free: [], settled: [] };
  const ours = oursOf(group, sender);
  // An earlier home that has it, too, is waited for itself: each would wait for the other.
  const isEarlier = from !== undefined && session < from.session;
  const told = isEarlier ? without(ours, heldBackFor(peer, group, sender)) : ours;
  const held = rows(sender, common(asked, told));
  if (from === undefined) return { held, free: [], settled: [] };
  const ceded = from.cededOf(nameOf(group));
  const rest = without(asked, ours);
  const free = rows(sender, ceded.freshFor(session, rest));
  return { held, free, settled: rows(sender, from.takenOf(ceded.kept(rest))) };
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
  if (from.ceded.rangeCount === 0) return { held: [], settled: [] };
  const back = common(askedOf(ranges)[1], from.ceded);
  const ours = oursOf(group, from.id);
  const rest = without(back, ours);
  const ceded = from.cededOf(nameOf(group));
  const settled = without(ceded.kept(rest), from.missedBy(group.number) ?? none);
  ceded.takeBack(rest);
  return { held: rows(from.id, common(back, ours)), settled: rows(from.id, settled) };
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

/** What of a sender has never been out, and is held back for a transmitter that may have it. */
function heldBackFor(peer: Thid, { held, claims }: Group, sender: Thid): RangeSet {
  const back = new RangeSet();
  for (const span of held.of(sender)) if (span.attempt === 0) add(back, span, sender);
  if (claims?.isAsked(sender, peer) === true) return back;
  return common(back, claims?.heldAt(peer, sender) ?? none);
}

/**
 * Leaves to the new home of a sender, of what that asks about, whatever nobody has of a group: not
 * given out; refused when that was full, of which the sender has not heard if it repeats it; or
 * never taken, though this was the home to which it was sent first.
 *
 * @returns what was given up here.
 */
export function cede(group: Group, from: Sender, { session, since, ranges }: HomeQuestion): Span[] {
  const [, asked] = askedOf(ranges);
  // Others here are handled with it: nobody would tell them.
  for (const seq of from.awaited) asked.remove(seq);
  const spans = takeUnassigned(group, ({ run, upstream }) =>
    upstream === undefined && run.header.sender === from.id ? asked : undefined,
  );
  const missed = common(asked, from.missedBy(group.number) ?? none);
  const fresh = without(missed, from.missedRepeats);
  const used = common(missed, from.missedRepeats);
  for (const span of spans) {
    const { run, firstNumber, entry } = span.lot;
    const indexes = indexRange(span.from - firstNumber, span.to - firstNumber);
    const seqs = Array.from(indexes, (index) => run.seqAt(index));
    const left = span.attempt === 0 && !span.repeat ? fresh : used;
    for (const seq of seqs) left.add(seq);
    entry?.forget(seqs);
  }
  const ceded = from.cededOf(nameOf(group));
  ceded.leave(session, fresh, true);
  ceded.leave(session, used, false);
  if (since === from.session) {
    const untaken = without(asked, from.takenOf(asked));
    ceded.leave(session, ceded.kept(untaken), true);
  }
  return spans;
}

const none = new RangeSet();

/** The sender that is asked about, and its numbers. */
function askedOf(ranges: readonly SeqRange[]): readonly [Thid, RangeSet] {
  const [asked] = numbersOf(ranges);
  return asked ?? ["", new RangeSet()];
}

function nameOf({ service, pattern }: Group): string {
  return `${service} ${pattern.text}`;
}

/** The events of a span as ranges; of these numbers alone, if some are given. */
export function rangesOfSpan(span: Span, among?: RangeSet): SeqRange[] {
  const { sender } = span.lot.run.header;
  const numbers = new RangeSet();
  add(numbers, span, sender);
  return rows(sender, among === undefined ? numbers : common(numbers, among));
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
  return rangesOf([[sender, numbers]]);
}
