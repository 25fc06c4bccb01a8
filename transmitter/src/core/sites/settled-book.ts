import { outboxEventsMax, RangeSet, type Run, type SeqRange, type Thid } from "@thynapse/protocol";
import { rangesOf } from "../events/numbers.js";

/** Senders that are remembered for one group; beyond it those go that were heard least lately. */
const sendersMax = 10_000;
/**
 * Ranges that are remembered of one sender: as many as the events of an outbox can make where every
 * other one is elsewhere. Beyond it the lowest go: what is forgotten comes again, as a repeat.
 */
const rangesMax = outboxEventsMax / 2;
/** The part of them that goes at once: to look for it costs as much as all of them. */
const forgottenPart = 1 / 8;

/**
 * What cells of this site have acked of one group for origins elsewhere: the numbers above their
 * sender's floor. Whoever takes a sender over asks for it.
 */
export class SettledBook {
  private readonly bySender = new Map<Thid, { floor: number; numbers: RangeSet }>();

  add(run: Run, seq: number): void {
    const { sender, floor } = run.header;
    const known = this.bySender.get(sender) ?? { floor: 0, numbers: new RangeSet() };
    // Put last: the first ones are forgotten first.
    this.bySender.delete(sender);
    this.bySender.set(sender, known);
    if (floor > known.floor) {
      known.floor = floor;
      known.numbers.dropBelow(floor);
    }
    if (seq >= known.floor) known.numbers.add(seq);
    if (known.numbers.rangeCount > rangesMax) forgetLowest(known.numbers);
    if (this.bySender.size <= sendersMax) return;
    for (const oldest of this.bySender.keys()) {
      this.bySender.delete(oldest);
      break;
    }
  }

  all(): SeqRange[] {
    return [...this.bySender].flatMap(([sender, { numbers }]) => rangesOf([[sender, numbers]]));
  }

  /** What is known of these events, as ranges. */
  among(ranges: readonly SeqRange[]): SeqRange[] {
    return ranges.flatMap(({ sender, first, last }) => {
      const numbers = this.bySender.get(sender)?.numbers;
      if (numbers === undefined) return [];
      return numbers.within(first, last).map(([low, high]) => {
        return { sender, first: low, last: high };
      });
    });
  }
}

function forgetLowest(numbers: RangeSet): void {
  const [floor] = numbers.ranges()[rangesMax * forgottenPart] as [number, number];
  numbers.dropBelow(floor);
}
