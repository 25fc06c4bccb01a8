import { encodeMessagePack } from "./encoding.js";
import { MeshError } from "./errors.js";
import { channelBytesMax } from "./limits.js";
import type { RangeSet } from "./ranges.js";
import { thidBytes } from "./thid.js";

/*
 * Writes MessagePack of known shape into a buffer that has room for it, without building objects:
 * the other half of `MessagePackCursor`. Each function writes at `at` and returns where it ended.
 * Hot path: guarded by `bench/micro/run`.
 */

/** What a range of sequence numbers takes at most, in bytes. */
export const rangeBytesMax = 18;

/** Encodes a short ASCII string as MessagePack. */
export function packedText(value: string): Buffer {
  return Buffer.from(encodeMessagePack(value));
}

/** An integer 0 … 2^53 − 1, as short as may be. */
export function writeInt(buffer: Buffer, at: number, value: number): number {
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

/** The head of a bin; its bytes come next. */
export function writeBinHead(buffer: Buffer, at: number, length: number): number {
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

/** The head of an array; its values come next. */
export function writeArrayHead(buffer: Buffer, at: number, count: number): number {
  if (count < 16) {
    buffer[at] = 0x90 | count;
    return at + 1;
  }
  if (count < 0x1_0000) {
    buffer[at] = 0xdc;
    return buffer.writeUInt16BE(count, at + 1);
  }
  buffer[at] = 0xdd;
  return buffer.writeUInt32BE(count, at + 1);
}

/** Ranges as an array: first, last, first, last, … */
export function writeRanges(buffer: Buffer, at: number, ranges: RangeSet): number {
  let next = writeArrayHead(buffer, at, 2 * ranges.rangeCount);
  for (const [first, last] of ranges.ranges()) {
    next = writeInt(buffer, writeInt(buffer, next, first), last);
  }
  return next;
}

/** Writes a name of at most 255 bytes. */
export function writeString(buffer: Buffer, at: number, value: string): number {
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

/** Bytes that are encoded already. */
export function writeBytes(buffer: Buffer, at: number, bytes: Uint8Array): number {
  buffer.set(bytes, at);
  return at + bytes.length;
}

/** A key that is encoded already, and a THID as a bin. */
export function writeThid(buffer: Buffer, at: number, key: Uint8Array, thid: string): number {
  let next = writeBytes(buffer, at, key);
  buffer[next++] = 0xc4;
  buffer[next++] = 20;
  next = writeBytes(buffer, next, thidBytes(thid));
  return next;
}
