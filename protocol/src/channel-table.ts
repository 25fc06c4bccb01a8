import type { MessagePackCursor } from "./cursor.js";

/**
 * The channels of a run, each decoded when it is first asked for: a receiver that does not look at
 * names does not pay for them. Names are ASCII; other bytes come out as characters that no channel
 * may have.
 */
export class ChannelTable implements Iterable<string> {
  readonly length: number;
  private readonly bytes: Buffer;
  /** Begin and end of each name in `bytes`. */
  private readonly bounds: Uint32Array;
  private readonly names: (string | undefined)[] = [];

  /** Reads the array of names at the cursor. @throws {MeshError} the cursor's code */
  constructor(cursor: MessagePackCursor) {
    this.bytes = cursor.bytes;
    this.length = cursor.array();
    if (this.length < 1 || this.length > 65_535) cursor.fail("a run has 1 to 65 535 channels");
    this.bounds = new Uint32Array(this.length * 2);
    for (let at = 0; at < this.length; at++) {
      const length = cursor.stringHead();
      this.bounds[at * 2] = cursor.at;
      cursor.advance(length);
      this.bounds[at * 2 + 1] = cursor.at;
    }
  }

  /** The name at this index, which must be below `length`. */
  at(index: number): string {
    const known = this.names[index];
    if (known !== undefined) return known;
    const { bounds } = this;
    const begin = bounds[index * 2] as number;
    const name = this.bytes.latin1Slice(begin, bounds[index * 2 + 1] as number);
    this.names[index] = name;
    return name;
  }

  *[Symbol.iterator](): IterableIterator<string> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }
}
