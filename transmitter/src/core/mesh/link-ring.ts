import { Fifo } from "../fifo.js";

/** Told of a part that was sent: true when the other side has taken it, false if it never will. */
export type Settle = (isTaken: boolean) => void;

/** A part that waits for its ack. */
export interface Kept {
  readonly part: Buffer;
  readonly done: Settle | undefined;
}

/** Tells what became of parts. Whoever is told may send: all else is to be done before. */
export function settleAll(kept: Iterable<Kept>, isTaken: boolean): void {
  for (const { done } of kept) done?.(isTaken);
}

/**
 * The stream that goes out on a link: parts that are numbered from 1 and kept until they are acked.
 *
 * @see PROTOCOL.md §19.7, §19.8
 */
export class LinkRing {
  /** Which stream: it rises each time that it begins anew. */
  epoch: number;
  bytes = 0;
  /** Every number up to this one is acked. */
  acked = 0;
  /** The last number that was sent, since the other side last said what it lacks. */
  sent = 0;
  /** The highest number that ever was sent. */
  sentMax = 0;
  private parts = new Fifo<Kept>();

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  /** Parts that are not acked. */
  get length(): number {
    return this.parts.length;
  }

  push(kept: Kept): void {
    this.parts.push(kept);
    this.bytes += kept.part.length;
  }

  /** The next number to be sent, and its part. The caller has seen that there is one. */
  next(): { readonly number: number; readonly kept: Kept; readonly isRepeat: boolean } {
    const number = ++this.sent;
    const isRepeat = number <= this.sentMax;
    this.sentMax = Math.max(this.sentMax, number);
    return { number, kept: this.parts.at(number - this.acked - 1) as Kept, isRepeat };
  }

  /** Lets go of what is acked. @returns what that is now, and was not before. */
  ackedTo(ack: number): readonly Kept[] {
    const taken: Kept[] = [];
    while (this.acked < ack) {
      const kept = this.parts.shift() as Kept;
      this.acked++;
      this.bytes -= kept.part.length;
      taken.push(kept);
    }
    this.sent = Math.max(this.sent, this.acked);
    return taken;
  }

  /** Begins a new stream. @returns what is lost: the parts that are not acked. */
  beginAnew(): readonly Kept[] {
    const lost = [...this.parts];
    this.parts = new Fifo();
    this.epoch++;
    this.bytes = 0;
    this.acked = 0;
    this.sent = 0;
    this.sentMax = 0;
    return lost;
  }
}
