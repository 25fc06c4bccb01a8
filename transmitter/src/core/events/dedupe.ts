import type { Counters } from "../counters.js";
import type { Sender } from "./senders.js";

/** The event that came first with an idempotency key. */
interface First {
  readonly sender: Sender;
  readonly seq: number;
  readonly untilMs: number;
}

const keysMax = 100_000;

/** The idempotency keys of the last two minutes, at most 100 000. @see PROTOCOL.md §11.6 */
export class Dedupe {
  private readonly firsts = new Map<string, First>();
  private readonly windowMs: number;
  private readonly counters: Counters;

  constructor(windowMs: number, counters: Counters) {
    this.windowMs = windowMs;
    this.counters = counters;
  }

  /** Tells what came first under this key, or notes that this event did. */
  seen(id: string, sender: Sender, seq: number, nowMs: number): "new" | "pending" | "handled" {
    this.forgetOld(nowMs);
    const first = this.firsts.get(id);
    // What was left to another home is not known here any more.
    if (first === undefined || first.sender.ceded.has(first.seq)) {
      this.firsts.set(id, { sender, seq, untilMs: nowMs + this.windowMs });
      return "new";
    }
    this.counters.add("eventsDeduplicated");
    return first.sender.isHandled(first.seq) ? "handled" : "pending";
  }

  /** Calls `then` when the event that came first under this key is handled. */
  whenHandled(id: string, then: () => void): void {
    const first = this.firsts.get(id);
    if (first !== undefined) first.sender.whenHandled(first.seq, then);
  }

  private forgetOld(nowMs: number): void {
    for (const [id, first] of this.firsts) {
      if (first.untilMs > nowMs && this.firsts.size < keysMax) return;
      this.firsts.delete(id);
    }
  }
}
