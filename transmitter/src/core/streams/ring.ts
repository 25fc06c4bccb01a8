import { Fifo } from "../fifo.js";
import type { Stream } from "./streams.js";

/** A message that was published: `count` events of one stream, numbered from `first` on. */
export interface Published {
  readonly stream: Stream;
  readonly first: number;
  readonly count: number;
  /** The second part of the message, as it went out. */
  readonly part: Buffer;
  /** Bytes and messages of the stream up to and with this one. */
  readonly outBytes: number;
  readonly outMessages: number;
}

/** Bytes that a message takes up besides its own: what refers to it. */
const entryBytes = 128;

/** What stands in the ring for events that never came here. */
export const nothing = Buffer.alloc(0);
/** The same, where nobody knows how many those were. */
export const uncounted = Buffer.alloc(0);

/** Whether a message stands for events of which nobody knows the number. */
export function isUncounted({ part }: Published): boolean {
  return part === uncounted;
}

/** What a message takes up; also where it stands for events that never came, and has no bytes. */
export function bytesOf({ part }: Published): number {
  return part.length + entryBytes;
}

/**
 * The last messages of all streams, bounded in bytes together: a busy stream pushes out the oldest,
 * whosever they are.
 *
 * A message that went out on several streams shares its bytes, but counts for each.
 */
export class Ring {
  bytes = 0;
  private readonly bytesMax: number;
  private readonly entries = new Fifo<Published>();

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** Keeps a message and returns how many events had to go for it. */
  push(published: Published): number {
    this.entries.push(published);
    published.stream.kept.push(published);
    this.bytes += bytesOf(published);
    let evicted = 0;
    while (this.bytes > this.bytesMax) {
      const oldest = this.entries.shift() as Published;
      this.bytes -= bytesOf(oldest);
      oldest.stream.kept.shift();
      if (isUncounted(oldest)) oldest.stream.uncountedTo = oldest.first;
      if (oldest.part.length > 0) evicted += oldest.count;
    }
    return evicted;
  }
}
