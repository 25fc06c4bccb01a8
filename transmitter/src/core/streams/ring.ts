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
  private entries: (Published | undefined)[] = [];
  private head = 0;

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
      const oldest = this.entries[this.head] as Published;
      this.entries[this.head++] = undefined;
      this.bytes -= bytesOf(oldest);
      oldest.stream.kept.shift();
      if (isUncounted(oldest)) oldest.stream.uncountedTo = oldest.first;
      if (oldest.part.length > 0) evicted += oldest.count;
    }
    if (this.head > 1024 && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
    return evicted;
  }
}

/** A first-in, first-out list whose ends cost a constant. */
export class Fifo<Item> {
  private items: (Item | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get first(): Item | undefined {
    return this.items[this.head];
  }

  at(index: number): Item | undefined {
    return this.items[this.head + index];
  }

  push(item: Item): void {
    this.items.push(item);
  }

  /** Puts an item in front of all. */
  unshift(item: Item): void {
    if (this.head > 0) this.items[--this.head] = item;
    else this.items.unshift(item);
  }

  shift(): Item | undefined {
    if (this.head === this.items.length) return undefined;
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    if (this.head > 256 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  /** Replaces `remove` items from `index` on. */
  splice(index: number, remove: number, ...items: Item[]): void {
    this.items.splice(this.head + index, remove, ...items);
  }

  clear(): void {
    this.items = [];
    this.head = 0;
  }

  *[Symbol.iterator](): IterableIterator<Item> {
    for (let at = this.head; at < this.items.length; at++) yield this.items[at] as Item;
  }
}
