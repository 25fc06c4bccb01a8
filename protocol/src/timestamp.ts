/*
 * Timestamps: MessagePack extension −1, the one extension that is spoken.
 *
 *   d6 ff  ssssssss                    seconds, unsigned 32 bits
 *   d7 ff  nnnnnnnn ssssssss           nanoseconds << 34 | seconds, 64 bits
 *   c7 0c ff  nnnnnnnn ssssssss ssssssss    nanoseconds 32 bits, seconds signed 64 bits
 */

const two32 = 2 ** 32;

/** The first and last millisecond that a `Date` can hold. */
const dateMsMax = 8.64e15;

/**
 * Reads the 4, 8 or 12 bytes of a timestamp as milliseconds since 1970, or NaN if they name no
 * instant that a `Date` can hold. What is finer than a millisecond is cut off.
 */
export function readTimestampMs(bytes: Uint8Array, at: number, length: number): number {
  const first = readUint32(bytes, at);
  if (length === 4) return first * 1000;
  const second = readUint32(bytes, at + 4);
  let nanoseconds = first;
  let seconds = second;
  if (length === 8) {
    nanoseconds = first >>> 2;
    seconds += (first & 3) * two32;
  } else {
    seconds = (second | 0) * two32 + readUint32(bytes, at + 8);
  }
  if (nanoseconds > 999_999_999) return Number.NaN;
  const ms = seconds * 1000 + Math.floor(nanoseconds / 1e6);
  return Math.abs(ms) <= dateMsMax ? ms : Number.NaN;
}

/** Bytes that the timestamp of `ms` takes, its head included: 6, 10 or 15. */
export function timestampBytes(ms: number): number {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 0 || seconds >= 2 ** 34) return 15;
  return seconds < two32 && ms % 1000 === 0 ? 6 : 10;
}

/** Writes the timestamp of `ms`, a whole number that a `Date` holds, in its shortest form. */
export function writeTimestamp(ms: number, target: Uint8Array, at: number): number {
  const seconds = Math.floor(ms / 1000);
  const nanoseconds = (ms - seconds * 1000) * 1e6;
  const length = timestampBytes(ms);
  const low = seconds >>> 0;
  const high = Math.floor(seconds / two32);
  if (length === 6) {
    target[at] = 0xd6;
    target[at + 1] = 0xff;
  } else if (length === 10) {
    target[at] = 0xd7;
    target[at + 1] = 0xff;
    writeUint32(nanoseconds * 4 + high, target, at + 2);
  } else {
    target[at] = 0xc7;
    target[at + 1] = 12;
    target[at + 2] = 0xff;
    writeUint32(nanoseconds, target, at + 3);
    writeUint32(high, target, at + 7);
  }
  writeUint32(low, target, at + length - 4);
  return at + length;
}

function readUint32(bytes: Uint8Array, at: number): number {
  const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16);
  return (high | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function writeUint32(value: number, target: Uint8Array, at: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}
