import { RangeSet, type Thid } from "@thynapse/protocol";

/** Senders that are remembered; beyond that the one not heard of for longest is forgotten. */
export const sendersMax = 10_000;
/** How long a sender is remembered after its last event. */
export const senderKeepMs = 600_000;
/**
 * Ranges that are kept of one sender. Only one whose floor stands while it sends on may make more:
 * then the lower half of them is forgotten.
 */
export const senderRangesMax = 131_072;

/**
 * A sender is moved to the end of the map at most this often: what makes the order by age cheap.
 */
const touchMs = 1000;

interface SenderNumbers {
  readonly numbers: RangeSet;
  first: number | undefined;
  floor: number;
  forgottenBelow: number;
  touchedMs: number;
}

/**
 * Sequence numbers above the floor, of each sender.
 *
 * Bounded by the floors of the senders, which rise as their events are handled; by
 * `senderRangesMax`; and by `sendersMax` and `senderKeepMs`.
 *
 * @see PROTOCOL.md §7.4
 */
export class SenderRanges {
  /** In the order in which they were touched. */
  private readonly senders = new Map<Thid, SenderNumbers>();
  private lastSender = "";
  private last: SenderNumbers | undefined;

  get senderCount(): number {
    return this.senders.size;
  }

  /** Raises the floor of a sender and returns its numbers above it; they may be added to. */
  of(sender: Thid, floor: number, nowMs: number): RangeSet {
    const entry = this.entryOf(sender) ?? this.insert(sender, floor, nowMs);
    this.lastSender = sender;
    this.last = entry;
    if (nowMs - entry.touchedMs > touchMs) this.touch(sender, entry, nowMs);
    if (floor > entry.floor) {
      entry.floor = floor;
      entry.numbers.dropBelow(floor);
    }
    if (entry.numbers.rangeCount > senderRangesMax) forgetLowerHalf(entry);
    return entry.numbers;
  }

  /** The floor of a sender as far as it is known. */
  floorOf(sender: Thid): number {
    return this.entryOf(sender)?.floor ?? 0;
  }

  /** Which of its numbers above the floor may be missing though they were added: those below it. */
  forgottenBelow(sender: Thid): number {
    return this.entryOf(sender)?.forgottenBelow ?? 0;
  }

  /** The number that this was first asked with, of a sender that is known. */
  firstOf(sender: Thid, seq: number): number {
    const entry = this.entryOf(sender);
    if (entry === undefined) return seq;
    entry.first ??= seq;
    return entry.first;
  }

  /** Every sender with its ranges: copies. */
  *entries(): Generator<readonly [Thid, readonly (readonly [number, number])[]]> {
    for (const [sender, { numbers }] of this.senders) yield [sender, numbers.ranges()];
  }

  private entryOf(sender: Thid): SenderNumbers | undefined {
    return sender === this.lastSender ? this.last : this.senders.get(sender);
  }

  private insert(sender: Thid, floor: number, nowMs: number): SenderNumbers {
    this.forgetOld(nowMs);
    const numbers = new RangeSet();
    const entry = { numbers, first: undefined, floor, forgottenBelow: 0, touchedMs: nowMs };
    this.senders.set(sender, entry);
    return entry;
  }

  private touch(sender: Thid, entry: SenderNumbers, nowMs: number): void {
    entry.touchedMs = nowMs;
    this.senders.delete(sender);
    this.senders.set(sender, entry);
  }

  private forgetOld(nowMs: number): void {
    for (const [sender, { touchedMs }] of this.senders) {
      if (this.senders.size < sendersMax && nowMs - touchedMs < senderKeepMs) break;
      this.senders.delete(sender);
      if (sender === this.lastSender) this.lastSender = "";
    }
    if (this.lastSender === "") this.last = undefined;
  }
}

function forgetLowerHalf(entry: SenderNumbers): void {
  const ranges = entry.numbers.ranges();
  const [middle] = ranges[ranges.length >>> 1] as [number, number];
  entry.forgottenBelow = middle;
  entry.numbers.dropBelow(middle);
}
