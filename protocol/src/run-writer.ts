import type { ChannelTable } from "./channel-table.js";
import { encodeMessagePack } from "./encoding.js";
import { MeshError } from "./errors.js";
import { encodeExtras } from "./extras.js";
import { channelBytesMax, eventBytesMax, runBytesMax } from "./limits.js";
import type { Run, RunHeader } from "./run.js";
import { thidBytes } from "./thid.js";

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
};

/** Encodes a short ASCII string as MessagePack. */
function text(value: string): Buffer {
  return Buffer.from(encodeMessagePack(value));
}

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
    const need = prefix.length + 200 + opening.service.length + this.channelBytes + 5;
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
    head[at++] = opening.cell === undefined ? 0x88 : 0x89;
    at = writeThid(head, at, keys.sender, opening.sender);
    if (opening.cell !== undefined) at = writeThid(head, at, keys.cell, opening.cell);
    at = writeString(head, writeBytes(head, at, keys.service), opening.service);
    at = writeInt(head, writeBytes(head, at, keys.session), opening.session);
    at = writeInt(head, writeBytes(head, at, keys.floor), opening.floor);
    at = writeInt(head, writeBytes(head, at, keys.first), opening.first);
    at = writeInt(head, writeBytes(head, at, keys.time), opening.time);
    at = writeInt(head, writeBytes(head, at, keys.count), this.count);
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
 * side are copied as they are while the channel table is small; else each is written anew, with a
 * step and a channel table of its own.
 *
 * @param indexes ascending indexes of the events to keep: at least one.
 */
export function sliceRun(run: Run, indexes: ArrayLike<number>, prefix: Uint8Array): Buffer {
  const from = indexes[0] as number;
  const to = (indexes[indexes.length - 1] as number) + 1;
  const { sender, service, session, floor, time, cell } = run.header;
  const base = { sender, service, session, floor, time, first: run.seqAt(from) };
  const opening = cell === undefined ? base : { ...base, cell };
  const writer = new RunWriter(run.bytesOf(from, to) + eventRoom);
  if (to - from === indexes.length && keepsTable(run.header.channels, writer)) {
    writer.appendRaw(run.bytes, run.starts[from] as number, run.starts[to] as number, to - from);
    return writer.close(opening, prefix);
  }
  let previous = opening.first - 1;
  for (let at = 0; at < indexes.length; at++) {
    const index = indexes[at] as number;
    const seq = run.seqAt(index);
    const extras = encodeExtras(run.extrasAt(index));
    const body = run.bodyAt(index);
    writer.append(run.channelAt(index), run.tagAt(index), body, seq - previous, extras);
    previous = seq;
  }
  return writer.close(opening, prefix);
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

function writeInt(buffer: Buffer, at: number, value: number): number {
  if (value < 0x80) {
    buffer[at] = value;
    return at + 1;
  }
  if (value < 0x1_0000) {
    buffer[at] = 0xcd;
    buffer[at + 1] = value >>> 8;
    buffer[at + 2] = value;
    return at + 3;
  }
  if (value < 0x1_0000_0000) {
    buffer[at] = 0xce;
    return buffer.writeUInt32BE(value, at + 1);
  }
  buffer[at] = 0xcf;
  buffer.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at + 1);
  return buffer.writeUInt32BE(value % 0x1_0000_0000, at + 5);
}

function writeBinHead(buffer: Buffer, at: number, length: number): number {
  if (length < 0x100) {
    buffer[at] = 0xc4;
    buffer[at + 1] = length;
    return at + 2;
  }
  if (length < 0x1_0000) {
    buffer[at] = 0xc5;
    return buffer.writeUInt16BE(length, at + 1);
  }
  buffer[at] = 0xc6;
  return buffer.writeUInt32BE(length, at + 1);
}

function writeArrayHead(buffer: Buffer, at: number, count: number): number {
  if (count < 16) {
    buffer[at] = 0x90 | count;
    return at + 1;
  }
  buffer[at] = 0xdc;
  return buffer.writeUInt16BE(count, at + 1);
}

/** Writes a name of at most 255 bytes. */
function writeString(buffer: Buffer, at: number, value: string): number {
  if (value.length > channelBytesMax) throw new MeshError("INTERNAL", "a name over 255 bytes");
  let next = at;
  if (value.length < 32) {
    buffer[next++] = 0xa0 | value.length;
  } else {
    buffer[next++] = 0xd9;
    buffer[next++] = value.length;
  }
  return next + buffer.latin1Write(value, next);
}

function writeBytes(buffer: Buffer, at: number, bytes: Uint8Array): number {
  buffer.set(bytes, at);
  return at + bytes.length;
}

function writeThid(buffer: Buffer, at: number, key: Uint8Array, thid: string): number {
  let next = writeBytes(buffer, at, key);
  buffer[next++] = 0xc4;
  buffer[next++] = 20;
  next = writeBytes(buffer, next, thidBytes(thid));
  return next;
}
