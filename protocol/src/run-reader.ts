import { ChannelTable } from "./channel-table.js";
import { MessagePackCursor } from "./cursor.js";
import { MeshError } from "./errors.js";
import { type EventExtras, readExtras } from "./extras.js";
import { eventBytesMax, runEventsMax, runOverheadBytesMax } from "./limits.js";
import { RangeSet } from "./ranges.js";
import { Run, type RunHeader, type RunParts } from "./run.js";
import type { Thid } from "./thid.js";

/** The fewest bytes that an event takes: array, step, channel, tag, bin 8 of length 0. */
const eventBytesMin = 6;

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
  const known: KnownExtras = { value: {}, from: 0, to: 0 };
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
    cursor.advance(length);
    if (kind === 0x95) (extras ??= new Map()).set(index, readKnown(cursor, known));
  }
  starts[count] = cursor.at;
  if (cursor.at !== cursor.bytes.length) cursor.fail("bytes after the last event");
  if (!Number.isSafeInteger(seq)) cursor.fail("sequence numbers must be ≤ 2^53−1");
  return { starts, channelIndexes, seqs, extras };
}

/** Extras that were read, and where. */
interface KnownExtras {
  value: EventExtras;
  from: number;
  to: number;
}

/** Reads extras; those of one run are mostly alike (asks, keys), and then the same object. */
function readKnown(cursor: MessagePackCursor, known: KnownExtras): EventExtras {
  const { at, bytes } = cursor;
  const end = at + known.to - known.from;
  if (
    end > at &&
    end <= bytes.length &&
    bytes.compare(bytes, known.from, known.to, at, end) === 0
  ) {
    cursor.at = end;
  } else {
    known.value = readExtras(cursor);
    known.from = at;
    known.to = cursor.at;
  }
  return known.value;
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
  let handled: RangeSet | undefined;
  let service: string | undefined;
  let channels: ChannelTable | undefined;
  // No number that can be read: a header that lacks one of these is refused.
  let session = -1;
  let floor = -1;
  let time = -1;
  let first = 0;
  let count = 0;
  // Lists are as long as a run needs them; whatever else stands there is bounded.
  let listedBytes = 0;
  const start = cursor.at;
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
      case "handled":
        listedBytes -= cursor.at;
        handled = readRanges(cursor);
        listedBytes += cursor.at;
        break;
      case "channels":
        listedBytes -= cursor.at;
        channels = new ChannelTable(cursor);
        listedBytes += cursor.at;
        break;
      default:
        cursor.skipValue();
    }
  }
  checkHeaderBytes(cursor.at - start - listedBytes);
  if (sender === undefined) cursor.fail("the header lacks sender");
  if (service === undefined) cursor.fail("the header lacks service");
  if (channels === undefined) cursor.fail("the header lacks channels");
  if (session < 0) cursor.fail("the header lacks session");
  if (floor < 0) cursor.fail("the header lacks floor");
  if (time < 0) cursor.fail("the header lacks time");
  if (first < 1) cursor.fail("first is at least 1");
  if (count < 1) cursor.fail("count is at least 1");
  if (count > runEventsMax) {
    throw new MeshError("TOO_LARGE", `a run of ${count} events, at most ${runEventsMax}`);
  }
  // What follows from a run (slices, deliveries) is bounded by its events, and so is this.
  if (handled !== undefined && handled.rangeCount > count) {
    cursor.fail(`${handled.rangeCount} handled ranges for ${count} events`);
  }
  const header = { sender, service, session, floor, first, time, count, channels };
  if (cell === undefined && handled === undefined) return header;
  return { ...header, ...(cell !== undefined && { cell }), ...(handled && { handled }) };
}

function checkHeaderBytes(bytes: number): void {
  if (bytes <= runOverheadBytesMax) return;
  const text = `a header of ${bytes} bytes besides its lists, at most ${runOverheadBytesMax}`;
  throw new MeshError("TOO_LARGE", text);
}

/** Ranges of sequence numbers: first, last, first, last, …, ascending. */
function readRanges(cursor: MessagePackCursor): RangeSet {
  const ranges = new RangeSet();
  let below = 0;
  for (let left = cursor.array(); left > 0; left -= 2) {
    if (left === 1) cursor.fail("a range is two numbers");
    const [first, last] = [cursor.int(), cursor.int()];
    if (first <= below || last < first) cursor.fail("ranges ascend");
    ranges.add(first, last);
    below = last;
  }
  return ranges;
}
