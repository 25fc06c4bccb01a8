import type { Run } from "@thynapse/protocol";
import type { Entry } from "../events/entry.js";
import type { Upstream } from "../sites/upstream.js";

/**
 * The part of one accepted run that one group has to settle: event i of `run` is delivery
 * `firstNumber + i`.
 */
export interface Lot {
  readonly run: Run;
  readonly firstNumber: number;
  /** Name of the origin that numbered the deliveries. */
  readonly origin: string;
  /** What is told when they are settled; `undefined` where another transmitter is the origin. */
  readonly entry: Entry | undefined;
  /** The origin, where that is another transmitter: it decides what becomes of them. */
  readonly upstream: Upstream | undefined;
  readonly receivedMs: number;
}

/**
 * Consecutive deliveries of one lot that share a fate. A span is in exactly one place: the backlog
 * of its group, held by a member, waiting out a back-off, or held back for claims. Where fates part
 * it is split.
 */
export interface Span {
  /** Changes only where a dead origin is replaced by another. */
  lot: Lot;
  /** First number. */
  from: number;
  /** Number after the last. */
  to: number;
  /** Assignments so far: names the current delivery, and fences all earlier ones. */
  attempt: number;
  /** Assignments that count towards the limit of attempts. */
  charged: number;
  /** Whether it may have been handled before. */
  repeat: boolean;
  /** Whether it travels alone: it may have killed a cell. */
  alone: boolean;
  /** The cell that gave it back and should not get it again at once. */
  avoid: string | undefined;
  /**
   * Since when the cell could be working on it; `Infinity` while it waits for others in that cell.
   */
  begunMs: number;
  /** Until when cells may come and claim it, where it is held back for that. */
  heldUntilMs: number;
  /** Why the last attempt failed. */
  reason: string | undefined;
}

/** A fresh span of a whole lot. */
export function wholeSpan(lot: Lot, repeat: boolean): Span {
  return {
    lot,
    from: lot.firstNumber,
    to: lot.firstNumber + lot.run.count,
    attempt: 0,
    charged: 0,
    repeat,
    alone: false,
    avoid: undefined,
    begunMs: Number.POSITIVE_INFINITY,
    heldUntilMs: 0,
    reason: undefined,
  };
}

/** How many deliveries a span has. */
export function spanCount(span: Span): number {
  return span.to - span.from;
}

/** Bytes of a header that count for nothing: as many as cells write, but for many channels. */
const headerBytesFree = 512;

/** Bytes that a span keeps: those of its events, and their share of a header that is long. */
export function spanBytes(span: Span): number {
  const { run, firstNumber } = span.lot;
  return keptBytes(run, span.from - firstNumber, span.to - firstNumber);
}

/** Bytes that the events `from … to - 1` of a run keep: all of them together all that it takes. */
export function keptBytes(run: Run, from: number, to: number): number {
  const events = run.bytesOf(from, to);
  const header = (run.starts[0] as number) - run.start - headerBytesFree;
  if (header <= 0) return events;
  const shareBelow = (index: number): number => Math.floor((header * index) / run.count);
  return events + shareBelow(to) - shareBelow(from);
}

/** Whether it has been out, or may have been, in front of what has not. */
export function isBack(span: Span): boolean {
  return span.attempt > 0 || span.repeat;
}

/** Where a span stands in the order in which a group gives out, the lowest first. */
export function rankOf(span: Span): number {
  return isBack(span) ? span.from : span.from + 2 ** 52;
}

/** Cuts the deliveries below `number` off into a span of their own; `span` keeps the rest. */
export function cutBelow(span: Span, number: number): Span {
  const front = { ...span, to: number };
  span.from = number;
  return front;
}

/** Splits a span into spans of one delivery each. */
export function singles(span: Span): Span[] {
  const spans: Span[] = [];
  while (spanCount(span) > 1) spans.push(cutBelow(span, span.from + 1));
  spans.push(span);
  return spans;
}
