import type {} from "./buffer.js";
import { checkMessagePack } from "./bounds.js";
import { MeshError } from "./errors.js";
import { depthMax, keysMax } from "./limits.js";
import { readTimestampMs } from "./timestamp.js";
import { isUtf8 } from "./utf8.js";

/*
 * The state of the read that is going on. Module variables, because they are faster than fields. A
 * read calls nobody else's code, so two never overlap.
 */
let source: Buffer = Buffer.alloc(0);
let at = 0;
let end = 0;
let keys = 0;

/** Thrown, and caught here, at the first fault; `checkMessagePack` then says what it was. */
const malformed = Symbol("malformed");

/**
 * Reads the one MessagePack value between `start` and `stop`, with the checks of `checkMessagePack`
 * in the same pass: it accepts exactly what that accepts.
 *
 * Maps become plain objects, timestamps Dates, integers beyond 2^53 − 1 bigints, binaries *views*
 * on `bytes`. Hot path (bench: encoding).
 *
 * @throws {MeshError} as `checkMessagePack`, and `BAD_PAYLOAD` if bytes follow the value.
 */
export function readMessagePack(bytes: Uint8Array, start: number, stop: number): unknown {
  source = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  at = start;
  end = Math.min(stop, source.length);
  keys = 0;
  try {
    const value = read(0);
    if (at === stop) return value;
  } catch (thrown) {
    if (thrown !== malformed) throw thrown;
  }
  const valueEnd = checkMessagePack(bytes, start, stop);
  if (valueEnd === stop) throw new MeshError("INTERNAL", "the checks of MessagePack disagree");
  throw new MeshError("BAD_PAYLOAD", `${stop - valueEnd} bytes after the value`);
}

function read(depth: number): unknown {
  if (at >= end) throw malformed;
  const kind = source[at++]!;
  if (kind < 0x80) return kind;
  if (kind < 0x90) return readMap(kind & 0x0f, depth);
  if (kind < 0xa0) return readArray(kind & 0x0f, depth);
  if (kind < 0xc0) return readText(kind & 0x1f);
  if (kind >= 0xe0) return kind - 0x100;
  switch (kind) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xca:
      return source.readFloatBE(skip(4));
    case 0xcb:
      return source.readDoubleBE(skip(8));
    case 0xcc:
      return readUint(1);
    case 0xcd:
      return readUint(2);
    case 0xce:
      return readUint(4);
    case 0xcf:
      return readInt64(false);
    case 0xd0:
      return source.readInt8(skip(1));
    case 0xd1:
      return source.readInt16BE(skip(2));
    case 0xd2:
      return source.readInt32BE(skip(4));
    case 0xd3:
      return readInt64(true);
    default:
      return readLong(kind, depth);
  }
}

function readLong(kind: number, depth: number): unknown {
  switch (kind) {
    case 0xc4:
      return readBytes(readUint(1));
    case 0xc5:
      return readBytes(readUint(2));
    case 0xc6:
      return readBytes(readUint(4));
    case 0xc7:
    case 0xd6:
    case 0xd7:
      return readTimestamp(kind);
    case 0xd9:
      return readText(readUint(1));
    case 0xda:
      return readText(readUint(2));
    case 0xdb:
      return readText(readUint(4));
    case 0xdc:
      return readArray(readUint(2), depth);
    case 0xdd:
      return readArray(readUint(4), depth);
    case 0xde:
      return readMap(readUint(2), depth);
    case 0xdf:
      return readMap(readUint(4), depth);
    default:
      throw malformed;
  }
}

/** Moves over `length` bytes and returns where they begin. */
function skip(length: number): number {
  const from = at;
  at += length;
  if (at > end) throw malformed;
  return from;
}

function readUint(width: number): number {
  const from = skip(width);
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + source[from + i]!;
  return value;
}

/** Reads 64 bits; an integer that a number holds exactly is a number, any other a bigint. */
function readInt64(signed: boolean): number | bigint {
  const from = skip(8);
  const bits = source.readUInt32BE(from);
  const high = signed ? bits | 0 : bits;
  const value = high * 2 ** 32 + source.readUInt32BE(from + 4);
  if (Number.isSafeInteger(value)) return value;
  return signed ? source.readBigInt64BE(from) : source.readBigUInt64BE(from);
}

function readBytes(length: number): Buffer {
  const from = skip(length);
  return source.subarray(from, at);
}

function readTimestamp(kind: number): Date {
  let length = kind === 0xd6 ? 4 : 8;
  if (kind === 0xc7) {
    length = 12;
    if (readUint(1) !== 12) throw malformed;
  }
  if (readUint(1) !== 0xff) throw malformed;
  const ms = readTimestampMs(source, skip(length), length);
  if (Number.isNaN(ms)) throw malformed;
  return new Date(ms);
}

function readArray(length: number, depth: number): unknown[] {
  if (depth >= depthMax || length > end - at) throw malformed;
  const array: unknown[] = [];
  for (let i = 0; i < length; i++) array.push(read(depth + 1));
  return array;
}

function readMap(length: number, depth: number): Record<string, unknown> {
  keys += length;
  if (depth >= depthMax || keys > keysMax) throw malformed;
  const map: Record<string, unknown> = {};
  for (let i = 0; i < length; i++) map[readKey()] = read(depth + 1);
  return map;
}

/** Up to here collecting the characters is faster than a call of the native decoder. */
const collectBytesMax = 12;

/** One array per length, so that `fromCharCode` gets exactly the characters of the text. */
const collected = Array.from({ length: collectBytesMax + 1 }, (_, length) =>
  new Array<number>(length).fill(0),
);

function readText(length: number): string {
  const from = skip(length);
  if (length <= collectBytesMax) return readShortText(from, length);
  for (let i = from; i < at; i++) {
    if (source[i]! > 0x7f) return readUnicode(from);
  }
  return source.latin1Slice(from, at);
}

function readShortText(from: number, length: number): string {
  const chars = collected[length]!;
  for (let i = 0; i < length; i++) {
    const byte = source[from + i]!;
    if (byte > 0x7f) return readUnicode(from);
    chars[i] = byte;
  }
  return String.fromCharCode.apply(null, chars);
}

function readUnicode(from: number): string {
  if (!isUtf8(source, from, at)) throw malformed;
  return source.utf8Slice(from, at);
}

/*
 * Keys repeat from event to event: a table by hash of those read last, each entry with its bytes,
 * so that a hit costs a comparison and no string. Bounded; a collision only costs the reading.
 */
const cachedKeys = 2048;
/** The kind, and with it the length, and up to 31 bytes. */
const keyStride = 32;
const keyBytes = new Uint8Array(cachedKeys * keyStride);
const keyTexts: string[] = new Array<string>(cachedKeys).fill("");

function readKey(): string {
  if (at >= end) throw malformed;
  const kind = source[at]!;
  if (kind < 0xa0 || kind >= 0xc0) return readLongKey(kind);
  const length = kind & 0x1f;
  at++;
  const from = skip(length);
  const slot = keySlot(from, length);
  const entry = slot * keyStride;
  if (keyBytes[entry] === kind) {
    let i = 0;
    while (i < length && keyBytes[entry + 1 + i] === source[from + i]) i++;
    if (i === length) return keyTexts[slot]!;
  }
  at = from;
  const key = checkedKey(readText(length));
  keyBytes[entry] = kind;
  for (let i = 0; i < length; i++) keyBytes[entry + 1 + i] = source[from + i]!;
  keyTexts[slot] = internalized(key);
  return key;
}

/** Mixes the length and three bytes: enough, since a slot is compared in full. */
function keySlot(from: number, length: number): number {
  if (length === 0) return 0;
  const middle = source[from + (length >> 1)]!;
  const mixed = (source[from]! * 31 + middle) * 31 + source[from + length - 1]!;
  return (mixed * 31 + length) & (cachedKeys - 1);
}

/** Returns the engine's own copy of a key, with which properties are found without a search. */
function internalized(key: string): string {
  return Object.keys({ [key]: 0 })[0]!;
}

function readLongKey(kind: number): string {
  if (kind < 0xd9 || kind > 0xdb) throw malformed;
  at++;
  return checkedKey(readText(readUint(1 << (kind - 0xd9))));
}

function checkedKey(key: string): string {
  if (key === "__proto__") throw malformed;
  return key;
}
