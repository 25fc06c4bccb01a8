import { bodyTag, decodeBody } from "./body.js";
import type { ChannelTable } from "./channel-table.js";
import type { EventExtras } from "./extras.js";
import type { RangeSet } from "./ranges.js";
import type { Thid } from "./thid.js";

/** What stands in front of the events of a run. @see PROTOCOL.md §7.1 */
export interface RunHeader {
  readonly sender: Thid;
  readonly service: string;
  readonly session: number;
  /** Every event of the sender below this number is done with. */
  readonly floor: number;
  /** Sequence number of the first event. */
  readonly first: number;
  /** The sender's wall clock in ms since 1970. */
  readonly time: number;
  readonly count: number;
  readonly channels: ChannelTable;
  /** The cell behind an output, where the sender is a transmitter. */
  readonly cell?: Thid | undefined;
  /** Numbers of which the sender knows that they are handled: only streams still need them. */
  readonly handled?: RangeSet | undefined;
}

/**
 * A run that was read and found well-formed: header and where each event begins. Bodies stay
 * encoded, in `bytes`.
 *
 * An event takes at least 6 bytes, so what a run allocates is bounded by what was sent.
 */
export class Run {
  readonly bytes: Buffer;
  /** Where the header begins in `bytes`. */
  readonly start: number;
  readonly header: RunHeader;
  /** Where each event begins in `bytes`; one more entry for the end of the last. */
  readonly starts: Uint32Array;
  /** Index into the channels for each event; `undefined` if the run has one channel. */
  readonly channelIndexes: Uint16Array | undefined;
  /** Sequence number of each event; `undefined` if they follow each other by 1. */
  readonly seqs: Float64Array | undefined;
  /** Extras of the few events that have some, by index. */
  readonly extras: ReadonlyMap<number, EventExtras> | undefined;
  /**
   * The memory of `bytes`, and where they begin in it: asking a buffer for them takes longer than a
   * body should.
   */
  private readonly memory: ArrayBufferLike;
  private readonly offset: number;

  constructor(bytes: Buffer, start: number, header: RunHeader, parts: RunParts) {
    this.bytes = bytes;
    this.memory = bytes.buffer;
    this.offset = bytes.byteOffset;
    this.start = start;
    this.header = header;
    this.starts = parts.starts;
    this.channelIndexes = parts.channelIndexes;
    this.seqs = parts.seqs;
    this.extras = parts.extras;
  }

  /**
   * The same run, with its table of starts in memory of its own: as it was read it shares that with
   * the runs before and behind it, 256 KiB, which it would hold for as long as it is kept.
   */
  kept(): Run {
    const { starts, channelIndexes, seqs, extras } = this;
    const parts = { starts: starts.slice(), channelIndexes, seqs, extras };
    return new Run(this.bytes, this.start, this.header, parts);
  }

  /** Whether its events need no look of their own: none has extras, or is known to be handled. */
  get isPlain(): boolean {
    return this.extras === undefined && this.header.handled === undefined;
  }

  get count(): number {
    return this.starts.length - 1;
  }

  get last(): number {
    return this.seqAt(this.count - 1);
  }

  seqAt(index: number): number {
    return this.seqs === undefined ? this.header.first + index : (this.seqs[index] as number);
  }

  /** The index of the first event whose number is not below `seq`; `count` if there is none. */
  indexOf(seq: number): number {
    if (this.seqs === undefined) {
      return Math.min(this.count, Math.max(0, seq - this.header.first));
    }
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.seqs[middle] as number) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether its sender knows that this one is handled. */
  isHandled(seq: number): boolean {
    return this.header.handled?.has(seq) === true;
  }

  channelAt(index: number): string {
    const at = this.channelIndexes === undefined ? 0 : (this.channelIndexes[index] as number);
    return this.header.channels.at(at);
  }

  extrasAt(index: number): EventExtras | undefined {
    return this.extras?.get(index);
  }

  tagAt(index: number): number {
    const bytes = this.bytes;
    const at = (this.starts[index] as number) + 1;
    const next = at + intBytes(bytes[at] as number);
    return bytes[next + intBytes(bytes[next] as number)] as number;
  }

  /** The encoded extras, as they were sent: a view on `bytes`, not a copy. */
  extrasBytesAt(index: number): Buffer | undefined {
    if (this.extras?.has(index) !== true) return undefined;
    const at = this.lengthAt(index);
    const from = at + binHeadBytes(this.bytes[at] as number);
    return this.bytes.subarray(this.bodyEnd(index, from), this.starts[index + 1]);
  }

  /** The encoded body: a view on `bytes`, not a copy. */
  bodyAt(index: number): Buffer {
    const at = this.lengthAt(index);
    const from = at + binHeadBytes(this.bytes[at] as number);
    return new FastBuffer(this.memory, this.offset + from, this.bodyEnd(index, from) - from);
  }

  /** The body, decoded; bytes are a view on `bytes`. @throws {MeshError} as `decodeBody`. */
  dataAt(index: number): unknown {
    const tag = this.tagAt(index);
    if (tag === bodyTag.bytes) return this.bodyAt(index);
    const at = this.lengthAt(index);
    const from = at + binHeadBytes(this.bytes[at] as number);
    return decodeBody(tag, this.bytes, from, this.bodyEnd(index, from));
  }

  /** Bytes that the events `from … to - 1` take in the run. */
  bytesOf(from: number, to: number): number {
    return (this.starts[to] as number) - (this.starts[from] as number);
  }

  /** Where the head of the body begins. */
  private lengthAt(index: number): number {
    const at = (this.starts[index] as number) + 1;
    const next = at + intBytes(this.bytes[at] as number);
    return next + intBytes(this.bytes[next] as number) + 1;
  }

  private bodyEnd(index: number, from: number): number {
    // Without extras a body reaches to the next event.
    if (this.extras?.has(index) !== true) return this.starts[index + 1] as number;
    const { bytes } = this;
    const kind = bytes[this.lengthAt(index)];
    if (kind === 0xc4) return from + (bytes[from - 1] as number);
    return from + (kind === 0xc5 ? bytes.readUInt16BE(from - 2) : bytes.readUInt32BE(from - 4));
  }
}

/**
 * The class of all buffers, as `Buffer` itself makes views: `subarray` takes three times as long.
 */
const FastBuffer = Buffer[Symbol.species as never] as new (
  memory: ArrayBufferLike,
  offset: number,
  length: number,
) => Buffer;

function binHeadBytes(kind: number): number {
  return kind === 0xc4 ? 2 : kind === 0xc5 ? 3 : 5;
}

/** Where the events of a run lie in its bytes. */
export interface RunParts {
  readonly starts: Uint32Array;
  readonly channelIndexes: Uint16Array | undefined;
  readonly seqs: Float64Array | undefined;
  readonly extras: ReadonlyMap<number, EventExtras> | undefined;
}

function intBytes(kind: number): number {
  if (kind < 0x80) return 1;
  // 0xcc … 0xcf unsigned, 0xd0 … 0xd3 signed: 1, 2, 4 or 8 bytes each.
  return 1 + (1 << (kind & 3));
}
