import type { ChannelTable } from "./channel-table.js";
import { MeshError } from "./errors.js";
import { eventBytesMax, runBytesMax } from "./limits.js";
import {
  packedText as text,
  rangeBytesMax,
  writeArrayHead,
  writeBinHead,
  writeBytes,
  writeInt,
  writeRanges,
  writeString,
  writeThid,
} from "./pack.js";
import { RangeSet } from "./ranges.js";
import type { Run, RunHeader } from "./run.js";

/** A header whose count and channels the writer knows itself. */
export type RunOpening = Omit<RunHeader, "count" | "channels">;

/**
 * Room kept in front of the events for what `close` writes: the frame's head, the header, a few
 * channel names.
 */
const headRoom = 512;
/**
 * What an event takes at most besides channel, body and extras: array, step, channel, tag, bin 32.
 */
const eventRoom = 1 + 9 + 5 + 1 + 5;
const channelsMax = 65_535;

const keys = {
  sender: text("sender"),
  service: text("service"),
  session: text("session"),
  floor: text("floor"),
  first: text("first"),
  time: text("time"),
  count: text("count"),
  channels: text("channels"),
  cell: text("cell"),
  handled: text("handled"),
};

/**
 * Builds one run. Hot path: guarded by `bench/micro/run`.
 *
 * Each body is copied once, into the run's own buffer; `close` writes the header right in front of
 * the events, so that the result is one buffer without a further copy unless the run has very many
 * channels. The buffer is never reused: it may be handed to a socket and kept for a resend.
 *
 * @see PROTOCOL.md §7
 */
export class RunWriter {
  count = 0;
  private buffer: Buffer;
  private at = headRoom;
  private readonly channels = new Map<string, number>();
  private channelBytes = 0;
  private lastChannel = "";
  private lastChannelIndex = -1;

  /**
   * @param bytesHint how large the run will probably get, in bytes: it grows if that was too
   * little.
   */
  constructor(bytesHint: number) {
    this.buffer = Buffer.allocUnsafeSlow(headRoom + bytesHint);
  }

  /** Bytes of the events written so far, with their channel names. */
  get bytes(): number {
    return this.at - headRoom + this.channelBytes;
  }

  /** Tells whether an event of `bodyBytes` still fits; the first one always does. */
  fits(bodyBytes: number, channel: string): boolean {
    if (this.count === 0) return true;
    if (this.bytes + bodyBytes + channel.length + eventRoom > runBytesMax) return false;
    return this.channels.size < channelsMax || this.channels.has(channel);
  }

  /**
   * Appends one event. `channel` must have been checked.
   *
   * @param step distance from the previous sequence number: 1 but in slices.
   * @param extras encoded extras, see `encodeExtras`.
   */
  append(channel: string, tag: number, body: Uint8Array, step = 1, extras?: Uint8Array): void {
    const length = body.length;
    const index = this.indexOf(channel);
    this.reserve(eventRoom + length + (extras?.length ?? 0));
    const buffer = this.buffer;
    let at = this.at;
    buffer[at++] = extras === undefined ? 0x94 : 0x95;
    at = writeInt(buffer, at, step);
    at = writeInt(buffer, at, index);
    buffer[at++] = tag;
    at = writeBinHead(buffer, at, length);
    buffer.set(body, at);
    at += length;
    if (extras !== undefined) {
      buffer.set(extras, at);
      at += extras.length;
    }
    this.at = at;
    this.count++;
  }

  /**
   * Copies events that need no change: the bytes `from … to` of a run with the same channels in the
   * same order. `count` events must lie there.
   */
  appendRaw(bytes: Buffer, from: number, to: number, count: number): void {
    this.reserve(to - from);
    bytes.copy(this.buffer, this.at, from, to);
    this.at += to - from;
    this.count += count;
  }

  /** Makes sure that `channel` has an index, in the order of the calls. */
  indexOf(channel: string): number {
    if (channel === this.lastChannel) return this.lastChannelIndex;
    let index = this.channels.get(channel);
    if (index === undefined) {
      index = this.channels.size;
      this.channels.set(channel, index);
      this.channelBytes += channel.length + 2;
    }
    this.lastChannel = channel;
    this.lastChannelIndex = index;
    return index;
  }

  /**
   * Writes the header and returns `prefix`, header and events as one part. The writer must not be
   * used afterwards.
   *
   * @param prefix bytes to stand in front of the run, such as the head of a frame; at most 200.
   */
  close(opening: RunOpening, prefix: Uint8Array): Buffer {
    const rangeBytes = (opening.handled?.rangeCount ?? 0) * rangeBytesMax;
    const need = prefix.length + 200 + opening.service.length + this.channelBytes + 5 + rangeBytes;
    let from = headRoom - need;
    if (from < 0) {
      const wider = Buffer.allocUnsafeSlow(need + this.at - headRoom);
      this.buffer.copy(wider, need, headRoom, this.at);
      this.at = need + this.at - headRoom;
      this.buffer = wider;
      from = 0;
    }
    const events = from + need;
    const head = Buffer.allocUnsafe(need);
    head.set(prefix, 0);
    const end = this.writeHeader(head, prefix.length, opening);
    const start = events - end;
    head.copy(this.buffer, start, 0, end);
    return this.buffer.subarray(start, this.at);
  }

  private writeHeader(head: Buffer, start: number, opening: RunOpening): number {
    let at = start;
    const { cell, handled } = opening;
    head[at++] = 0x88 + (cell === undefined ? 0 : 1) + (handled === undefined ? 0 : 1);
    at = writeThid(head, at, keys.sender, opening.sender);
    if (cell !== undefined) at = writeThid(head, at, keys.cell, cell);
    at = writeString(head, writeBytes(head, at, keys.service), opening.service);
    at = writeInt(head, writeBytes(head, at, keys.session), opening.session);
    at = writeInt(head, writeBytes(head, at, keys.floor), opening.floor);
    at = writeInt(head, writeBytes(head, at, keys.first), opening.first);
    at = writeInt(head, writeBytes(head, at, keys.time), opening.time);
    at = writeInt(head, writeBytes(head, at, keys.count), this.count);
    if (handled !== undefined) at = writeRanges(head, writeBytes(head, at, keys.handled), handled);
    at = writeBytes(head, at, keys.channels);
    at = writeArrayHead(head, at, this.channels.size);
    for (const channel of this.channels.keys()) at = writeString(head, at, channel);
    return at;
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const wider = Buffer.allocUnsafeSlow(
      Math.max(this.at + bytes, Math.min(this.buffer.length * 2, headRoom + 2 * runBytesMax)),
    );
    this.buffer.copy(wider, 0, 0, this.at);
    this.buffer = wider;
  }
}

/**
 * Cuts events out of a run; the result is a run again, behind `prefix`. Events that lie side by
 * side are copied as they are while the channel table is small; else each gets a step of its own
 * and a place in a new channel table, and its body and extras are copied. Of what is handled it
 * says what it has itself.
 *
 * @param indexes ascending indexes of the events to keep: at least one.
 */
export function sliceRun(run: Run, indexes: ArrayLike<number>, prefix: Uint8Array): Buffer {
  const from = indexes[0] as number;
  const to = (indexes[indexes.length - 1] as number) + 1;
  const { sender, service, session, floor, time, cell, channels } = run.header;
  const first = run.seqAt(from);
  const handled = run.header.handled && handledAmong(run, indexes);
  const opening = { sender, service, session, floor, first, time, cell, handled };
  const writer = new RunWriter(run.bytesOf(from, to) + eventRoom);
  if (to - from === indexes.length && keepsTable(channels, writer)) {
    writer.appendRaw(run.bytes, run.starts[from] as number, run.starts[to] as number, to - from);
    return writer.close(opening, prefix);
  }
  let previous = opening.first - 1;
  for (let at = 0; at < indexes.length; at++) {
    const index = indexes[at] as number;
    const seq = run.seqAt(index);
    const extras = run.extrasBytesAt(index);
    const body = run.bodyAt(index);
    writer.append(run.channelAt(index), run.tagAt(index), body, seq - previous, extras);
    previous = seq;
  }
  return writer.close(opening, prefix);
}

/** The numbers of these events that are handled; `undefined`: none is. */
function handledAmong(run: Run, indexes: ArrayLike<number>): RangeSet | undefined {
  const handled = new RangeSet();
  for (let at = 0; at < indexes.length; at++) {
    const seq = run.seqAt(indexes[at] as number);
    if (run.isHandled(seq)) handled.add(seq);
  }
  return handled.rangeCount === 0 ? undefined : handled;
}

/** Gives the writer the channels, and tells whether each keeps its index: one may stand twice. */
function keepsTable(channels: ChannelTable, writer: RunWriter): boolean {
  return channels.length <= 4 && [...channels].every((name, at) => writer.indexOf(name) === at);
}

/** The ascending integers `from … to - 1`, for `sliceRun`. */
export function indexRange(from: number, to: number): Uint32Array {
  const indexes = new Uint32Array(to - from);
  for (let at = 0; at < indexes.length; at++) indexes[at] = from + at;
  return indexes;
}

/** @throws {MeshError} `TOO_LARGE` if a body of `bytes` may not be sent. */
export function checkBodyBytes(bytes: number): void {
  if (bytes > eventBytesMax) {
    throw new MeshError("TOO_LARGE", `a body of ${bytes} bytes, at most ${eventBytesMax}`);
  }
}
