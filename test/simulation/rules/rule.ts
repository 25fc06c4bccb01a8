import type { LogRecord } from "../log.js";
import type { Books } from "./books.js";
import type { Membership } from "./membership.js";

/** What rules share, and where they say what was broken. */
export interface RuleParts {
  readonly books: Books;
  readonly membership: Membership;
  /** @param rule one of the names in `ruleNames`. */
  readonly broken: (rule: RuleName, what: string, timeMs: number) => void;
}

/** One promise, held against each record as it comes, and against the whole at the end. */
export interface Rule {
  take(record: LogRecord): void;
  /** The run has drained: nothing more will come. */
  finish(nowMs: number): void;
}

/** What a log can be found guilty of. */
export const ruleNames = Object.freeze({
  lost: "an event that was accepted reached no end in a group that stood",
  unconfirmed: "a sender that lives was never told what became of its event",
  invented: "an event came that nobody sent",
  twice: "an event was handled twice though nothing had befallen cell or transmitter",
  unmarked: "an event came again and nothing said so",
  committed: "an output went out twice, or for an attempt that was not acked",
  order:
    "a multicatch got the events of one sender and channel in another order, or one of them twice",
  silent: "a multicatch lost events and reported no gap",
  gaps: "a multicatch reported more lost events than it lost",
  atMostOnce: "an event began twice although redeliver was false",
  member: "an event came to a cell that does not catch it",
  credit: "a cell was given more than its credit",
  early: "an event was confirmed as handled before every group had settled it",
  keyOrder: "an event began before an earlier one of its sender and key had ended",
} satisfies Record<string, string>);

export type RuleName = keyof typeof ruleNames;
