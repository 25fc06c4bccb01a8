import type { Run } from "@thynapse/protocol";
import type { Asks } from "./asks.js";
import type { Counters } from "../counters.js";
import type { Dedupe } from "./dedupe.js";
import type { Entry } from "./entry.js";
import type { Arrival } from "./intake.js";
import type { First, Plan, Step } from "./plan.js";

/** What repeats need of the transmitter around them. */
export interface RepeatsParts {
  readonly asks: Asks;
  readonly dedupe: Dedupe;
  readonly counters: Counters;
}

/**
 * What becomes of events with an idempotency key. A key is noted when its event has been taken:
 * what no group had room for may be sent again.
 *
 * @see PROTOCOL.md §11.6
 */
export class Repeats {
  private readonly parts: RepeatsParts;

  constructor(parts: RepeatsParts) {
    this.parts = parts;
  }

  /** Whether another event came first under this key: then this one goes nowhere. */
  isRepeat(id: string, run: Run, entry: Entry, step: Step): boolean {
    const { index, plan } = step;
    if (!plan.firsts.has(id)) return this.isKnown(id, run, entry, step);
    // What becomes of the first is not known yet.
    plan.repeats.push(index);
    return true;
  }

  /** Notes the keys of a run whose events have been placed, and confirms the repeats within it. */
  note(run: Run, entry: Entry, plan: Plan, arrival: Arrival): void {
    const { dedupe, counters } = this.parts;
    for (const [id, { index, groupCount }] of plan.firsts) {
      const seq = run.seqAt(index);
      const isTaken = groupCount === 0 || entry.fullFor(seq).length < groupCount;
      if (isTaken) dedupe.note(id, entry.sender, seq, arrival.nowMs);
    }
    for (const index of plan.repeats) {
      const id = run.extrasAt(index)?.id as string;
      if (this.isKnown(id, run, entry, { index, plan, arrival })) continue;
      const seq = run.seqAt(index);
      const { index: first } = plan.firsts.get(id) as First;
      for (const group of entry.fullFor(run.seqAt(first))) {
        entry.missed(group, seq, arrival.repeat === true);
      }
      counters.add("eventsRefused");
      entry.handled(seq, seq);
    }
  }

  /** A request that repeats is told so at once: whoever sent the first gets the answer. */
  private isKnown(id: string, run: Run, entry: Entry, { index, arrival }: Step): boolean {
    const { asks, dedupe } = this.parts;
    const seq = run.seqAt(index);
    const asker = run.extrasAt(index)?.ask === undefined ? undefined : arrival.cell;
    if (asker !== undefined) entry.quiet(seq);
    if (!dedupe.isRepeat(id, entry, seq, arrival.nowMs)) return false;
    if (asker !== undefined && asks.open(asker, run, index, arrival)) {
      const message = "an event with this id came first: whoever sent that gets its answer";
      asks.refuse(run.header.sender, seq, "NOT_FOUND", message);
    }
    return true;
  }
}
