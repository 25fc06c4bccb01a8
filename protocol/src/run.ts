import { bodyTag, decodeBody } from "./body.js";
import { ChannelTable } from "./channel-table.js";
import { MessagePackCursor } from "./cursor.js";
import { MeshError } from "./errors.js";
import { type EventExtras, readExtras } from "./extras.js";
import { eventBytesMax } from "./limits.js";
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
  readonly cell?: Thid;
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
  /** The memory of `bytes`, and where they begin in it: asking a buffer for them takes longer than a body should. */
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

/** The class of all buffers, as `Buffer` itself makes views: `subarray` takes three times as long. */
const FastBuffer = Buffer[Symbol.species as never] as new (
  memory: ArrayBufferLike,
  offset: number,
  length: number,
) => Buffer;

function binHeadBytes(kind: number): number {
  return kind === 0xc4 ? 2 : kind === 0xc5 ? 3 : 5;
}

interface RunParts {
  readonly starts: Uint32Array;
  readonly channelIndexes: Uint16Array | undefined;
  readonly seqs: Float64Array | undefined;
  readonly extras: ReadonlyMap<number, EventExtras> | undefined;
}

/** The fewest bytes that an event takes: array, step, channel, tag, bin 8 of length 0. */
const eventBytesMin = 6;

function intBytes(kind: number): number {
  if (kind < 0x80) return 1;
  // 0xcc … 0xcf unsigned, 0xd0 … 0xd3 signed: 1, 2, 4 or 8 bytes each.
  return 1 + (1 << (kind & 3));
}

/**
 * Reads a whole run and checks everything but the bodies' contents. Hot path: guarded by
 * `bench/micro/run`.
 *
 * `bytes` is kept by reference and must not change afterwards.
 *
 * Names of channels are not validated here: who resolves them does, for a transmitter remembers
 * which it knows.
 *
 * @throws {MeshError} `BAD_RUN`, `TOO_LARGE`, `BAD_TTL`, `BAD_OPTION`.
 * @see PROTOCOL.md §7
 */
export function readRun(bytes: Buffer, start: number): Run {
  const cursor = new MessagePackCursor(bytes, start, "BAD_RUN");
  const header = readHeader(cursor);
  if (header.count * eventBytesMin > bytes.length - cursor.at) {
    throw new MeshError("BAD_RUN", `the run ends early: ${header.count} events announced`);
  }
  return new Run(bytes, start, header, readEvents(cursor, header));
}

function readEvents(cursor: MessagePackCursor, header: RunHeader): RunParts {
  const { count } = header;
  const channelCount = header.channels.length;
  const starts = takeStarts(count + 1);
  const channelIndexes = channelCount === 1 ? undefined : new Uint16Array(count);
  let seqs: Float64Array | undefined;
  let extras: Map<number, EventExtras> | undefined;
  let seq = header.first;
  const { bytes } = cursor;
  const plainChannels = Math.min(channelCount, 0x80);
  for (let index = 0; index < count; index++) {
    const at = cursor.at;
    starts[index] = at;
    // By far most events: no extras, the next number, few channels, a body of less than 64 KiB.
    if (index > 0 && bytes[at] === 0x94 && bytes[at + 1] === 1) {
      const channel = bytes[at + 2] as number;
      const end = plainBodyEnd(bytes, at + 3);
      if (channel < plainChannels && end <= bytes.length) {
        seq++;
        if (seqs !== undefined) seqs[index] = seq;
        if (channelIndexes !== undefined) channelIndexes[index] = channel;
        cursor.at = end;
        continue;
      }
    }
    const kind = cursor.byte();
    if (kind !== 0x94 && kind !== 0x95) cursor.fail("an event is an array of 4 or 5");
    const step = cursor.int();
    if (index > 0) {
      if (step === 0) cursor.fail("a step is at least 1");
      seq += step;
      if (seqs !== undefined) seqs[index] = seq;
      else if (step !== 1) seqs = startSeqs(header.first, index, seq, count);
    }
    const channel = cursor.int();
    if (channel >= channelCount) cursor.fail(`channel ${channel} of ${channelCount}`);
    if (channelIndexes !== undefined) channelIndexes[index] = channel;
    if (cursor.int() > 2) cursor.fail("a body tag is 0, 1 or 2");
    const length = cursor.bin();
    if (length > eventBytesMax) {
      throw new MeshError("TOO_LARGE", `a body of ${length} bytes, at most ${eventBytesMax}`);
    }
    cursor.skip(length);
    if (kind === 0x95) (extras ??= new Map()).set(index, readExtras(cursor));
  }
  starts[count] = cursor.at;
  if (cursor.at !== cursor.bytes.length) cursor.fail("bytes after the last event");
  if (!Number.isSafeInteger(seq)) cursor.fail("sequence numbers must be ≤ 2^53−1");
  return { starts, channelIndexes, seqs, extras };
}

/** Where a body of less than 64 KiB ends whose tag is at `at`; infinity if it is something else. */
function plainBodyEnd(bytes: Buffer, at: number): number {
  if ((bytes[at] as number) <= 2) {
    const kind = bytes[at + 1];
    if (kind === 0xc4) return at + 3 + (bytes[at + 2] as number);
    if (kind === 0xc5)
      return at + 4 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * Short tables of numbers stand side by side in one piece of memory: one for each run would keep
 * the collector busy.
 */
const slabLength = 65_536;
let slab = new Uint32Array(slabLength);
let slabAt = 0;

function takeStarts(length: number): Uint32Array {
  if (length > slabLength / 4) return new Uint32Array(length);
  if (slabAt + length > slabLength) {
    slab = new Uint32Array(slabLength);
    slabAt = 0;
  }
  const taken = slab.subarray(slabAt, slabAt + length);
  slabAt += length;
  return taken;
}

function startSeqs(first: number, index: number, seq: number, count: number): Float64Array {
  const seqs = new Float64Array(count);
  for (let before = 0; before < index; before++) seqs[before] = first + before;
  seqs[index] = seq;
  return seqs;
}

function readHeader(cursor: MessagePackCursor): RunHeader {
  let sender: Thid | undefined;
  let cell: Thid | undefined;
  let service: string | undefined;
  let channels: ChannelTable | undefined;
  let session = 1;
  let floor = 0;
  let first = 0;
  let time = 0;
  let count = 0;
  for (let pairs = cursor.map(); pairs > 0; pairs--) {
    switch (cursor.string()) {
      case "sender":
        sender = cursor.thid();
        break;
      case "cell":
        cell = cursor.thid();
        break;
      case "service":
        service = cursor.string();
        break;
      case "session":
        session = cursor.int();
        break;
      case "floor":
        floor = cursor.int();
        break;
      case "first":
        first = cursor.int();
        break;
      case "time":
        time = cursor.int();
        break;
      case "count":
        count = cursor.int();
        break;
      case "channels":
        channels = new ChannelTable(cursor);
        break;
      default:
        cursor.skipValue();
    }
  }
  if (sender === undefined) cursor.fail("the header lacks sender");
  if (service === undefined) cursor.fail("the header lacks service");
  if (channels === undefined) cursor.fail("the header lacks channels");
  if (first < 1) cursor.fail("first is at least 1");
  if (count < 1) cursor.fail("count is at least 1");
  const header = { sender, service, session, floor, first, time, count, channels };
  return cell === undefined ? header : { ...header, cell };
}
