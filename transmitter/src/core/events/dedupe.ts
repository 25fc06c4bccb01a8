import type { Run } from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import type { Entry } from "./entry.js";
import type { Sender } from "./senders.js";

/** The event that came first with an idempotency key. */
interface First {
  readonly sender: Sender;
  readonly seq: number;
  readonly untilMs: number;
}

/** Keys that are remembered; the oldest is forgotten first. */
export const keysMax = 100_000;
/** Repeats that wait for the event that came first, in all: some 20 MB. */
export const waitingMax = 100_000;
/** Why a repeat is refused that is one too many. */
export const repeatsBusy = "too many repeats wait for the event that came first";

/** The idempotency keys of the last two minutes, at most 100 000. @see PROTOCOL.md §11.6 */
export class Dedupe {
  private readonly firsts = new Map<string, First>();
  /** Where the oldest is: what reads a Map from its front steps over all that was deleted there. */
  private readonly ages = this.firsts.entries();
  private oldest: [string, First] | undefined;
  private readonly windowMs: number;
  private readonly counters: Counters;
  /** How many repeats wait. */
  private waiting = 0;

  constructor(windowMs: number, counters: Counters) {
    this.windowMs = windowMs;
    this.counters = counters;
  }

  /**
   * Tells whether another event came first under this key; then this one is confirmed as a repeat,
   * and handled with that one. What is one too many to wait is refused, `BUSY`. What is none is
   * noted when it has been taken.
   */
  isRepeat(id: string, entry: Entry, seq: number, nowMs: number): boolean {
    this.forgetOld(nowMs);
    const first = this.firsts.get(id);
    // What was left to another home is not known here any more.
    if (first === undefined || first.sender.ceded.has(first.seq)) return false;
    this.counters.add("eventsDeduplicated");
    if (first.sender.isHandled(first.seq)) {
      entry.repeated(seq);
      entry.handled(seq, seq);
    } else if (this.waiting < waitingMax) {
      entry.repeated(seq);
      this.wait(first, entry.later(seq));
    } else {
      this.counters.add("eventsRefused");
      entry.refused(seq, "BUSY", repeatsBusy);
      entry.handled(seq, seq);
    }
    return true;
  }

  /** Notes that this event was taken, and came first under its key. */
  note(id: string, sender: Sender, seq: number, nowMs: number): void {
    this.firsts.delete(id);
    this.firsts.set(id, { sender, seq, untilMs: nowMs + this.windowMs });
    this.forgetOld(nowMs);
  }

  /** Whether there is room for the repeats in a run that would wait. */
  hasRoomFor({ extras }: Run): boolean {
    let room = waitingMax - this.waiting;
    if (extras === undefined || extras.size <= room) return true;
    const ids = new Set<string>();
    for (const { id } of extras.values()) {
      if (id === undefined) continue;
      if (ids.has(id) || this.isPending(id)) room--;
      ids.add(id);
    }
    return room >= 0;
  }

  private isPending(id: string): boolean {
    const first = this.firsts.get(id);
    return first !== undefined && !first.sender.isHandled(first.seq);
  }

  private wait({ sender, seq }: First, then: () => void): void {
    this.waiting++;
    sender.whenHandled(seq, () => {
      this.waiting--;
      then();
    });
  }

  private forgetOld(nowMs: number): void {
    for (;;) {
      this.oldest ??= this.nextOldest();
      if (this.oldest === undefined) return;
      const [id, first] = this.oldest;
      // One that came again under its key is younger now, and stands further behind.
      if (this.firsts.get(id) === first) {
        if (first.untilMs > nowMs && this.firsts.size <= keysMax) return;
        this.firsts.delete(id);
      }
      this.oldest = undefined;
    }
  }

  /** While there is a key it stands behind those that were read: so the reader never ends. */
  private nextOldest(): [string, First] | undefined {
    if (this.firsts.size === 0) return undefined;
    const { value } = this.ages.next();
    return value;
  }
}
