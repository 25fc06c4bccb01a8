import { tooDeep, tooManyKeys } from "./bounds.js";
import { MeshError } from "./errors.js";
import { depthMax, keysMax } from "./limits.js";
import { refuseBuiltIn, refuseCycle, refused } from "./message-pack-refusal.js";
import { writeTimestamp } from "./timestamp.js";

/*
 * The state of the write that is going on. Module variables, because they are faster than fields; a
 * write that begins inside another (in a getter or a toJSON) saves them and puts them back.
 */
let target: Buffer = Buffer.alloc(0);
let position = 0;
let limit = 0;
let keys = 0;
let busy = false;

/** Thrown, and caught here, when what is left of the target cannot hold the value. */
const noRoom = Symbol("no room");

const floats = new Float64Array(1);
const floatBytes = new Uint8Array(floats.buffer);
floats[0] = 1;
const littleEndian = floatBytes[7] !== 0;

/**
 * Writes `value` into `into` from `at` on, and returns where it ends, or −1 if there is no room.
 *
 * What is written always passes `checkMessagePack`. Objects are maps of their own enumerable keys;
 * as in JSON, keys whose value is undefined are left out, undefined elsewhere is nil, and `toJSON`
 * is asked, except that a Date is a timestamp. Bytes beyond the end are never written; those
 * behind the value may be, also after −1 or an error.
 *
 * Hot path: one pass, no copy (bench: encoding).
 *
 * @throws {MeshError} `BAD_PAYLOAD` for what has no meaning on the other side (functions, symbols,
 * Map, Set, RegExp, Error, typed arrays other than bytes, an invalid Date, an integer beyond 64
 * bits, a value that contains itself), `TOO_DEEP`, `TOO_MANY_KEYS`.
 */
export function writeMessagePack(value: unknown, into: Uint8Array, at: number): number {
  if (busy) return writeNested(value, into, at);
  busy = true;
  try {
    return begin(value, into, at);
  } finally {
    busy = false;
  }
}

function writeNested(value: unknown, into: Uint8Array, at: number): number {
  const outer = { target, position, limit, keys };
  try {
    return begin(value, into, at);
  } finally {
    ({ target, position, limit, keys } = outer);
  }
}

function begin(value: unknown, into: Uint8Array, at: number): number {
  target = Buffer.isBuffer(into) ? into : Buffer.from(into.buffer, into.byteOffset, into.length);
  position = at;
  limit = into.length;
  keys = 0;
  try {
    write(value, 0);
    return position <= limit ? position : -1;
  } catch (thrown) {
    if (thrown === noRoom) return -1;
    if (thrown instanceof MeshError && thrown.code === "TOO_DEEP") refuseCycle(value);
    throw thrown;
  }
}

/*
 * Below, bytes are written without asking whether there is room: a write behind the end of a typed
 * array is ignored, `position` goes on, and `begin` sees it. Only what could cost time or memory
 * (containers, long texts, binaries) asks first.
 */

function write(value: unknown, depth: number): void {
  switch (typeof value) {
    case "string":
      writeString(value);
      return;
    case "number":
      writeNumber(value);
      return;
    case "boolean":
      target[position++] = value ? 0xc3 : 0xc2;
      return;
    case "object":
      if (value === null) target[position++] = 0xc0;
      else writeObject(value, depth);
      return;
    case "undefined":
      target[position++] = 0xc0;
      return;
    case "bigint":
      writeBigInt(value);
      return;
    default:
      throw refused(`a ${typeof value}`);
  }
}

function writeNumber(value: number): void {
  if (value >>> 0 === value) {
    if (value === 0 && 1 / value < 0) writeFloat(value);
    else if (value < 0x80) target[position++] = value;
    else if (value < 0x100) {
      target[position++] = 0xcc;
      target[position++] = value;
    } else if (value < 0x10000) writeHead16(0xcd, value);
    else writeHead32(0xce, value);
  } else if ((value | 0) === value) {
    if (value >= -0x20) target[position++] = value;
    else if (value >= -0x80) {
      target[position++] = 0xd0;
      target[position++] = value;
    } else if (value >= -0x8000) writeHead16(0xd1, value);
    else writeHead32(0xd2, value);
  } else if (Number.isSafeInteger(value)) {
    writeHead32(value < 0 ? 0xd3 : 0xcf, Math.floor(value / 2 ** 32));
    write32(value >>> 0);
  } else writeFloat(value);
}

function writeFloat(value: number): void {
  floats[0] = value;
  target[position++] = 0xcb;
  for (let i = 0; i < 8; i++) target[position++] = floatBytes[littleEndian ? 7 - i : i]!;
}

function writeBigInt(value: bigint): void {
  if (value >= -(2n ** 53n) && value <= 2n ** 53n) {
    writeNumber(Number(value));
    return;
  }
  if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) {
    throw refused("an integer of more than 64 bits");
  }
  const bits = BigInt.asUintN(64, value);
  writeHead32(value < 0n ? 0xd3 : 0xcf, Number(bits >> 32n));
  write32(Number(bits & 0xffff_ffffn));
}

/** Writes a kind and two bytes. */
function writeHead16(kind: number, value: number): void {
  target[position++] = kind;
  target[position++] = value >> 8;
  target[position++] = value;
}

/** Writes a kind and four bytes. */
function writeHead32(kind: number, value: number): void {
  target[position++] = kind;
  write32(value);
}

function write32(value: number): void {
  target[position++] = value >>> 24;
  target[position++] = value >>> 16;
  target[position++] = value >>> 8;
  target[position++] = value;
}

/** Up to here a loop over the characters is faster than a call of the native writer. */
const loopCharsMax = 32;

function writeString(text: string): void {
  const length = text.length;
  if (length >= loopCharsMax) {
    writeLongString(text);
    return;
  }
  const start = position;
  target[position++] = 0xa0 | length;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) {
      position = start;
      writeLongString(text);
      return;
    }
    target[position++] = code;
  }
}

/** Writes text by the native writer; a lone surrogate becomes U+FFFD. */
function writeLongString(text: string): void {
  const length = Buffer.byteLength(text);
  if (length < 0x20) target[position++] = 0xa0 | length;
  else if (length < 0x100) {
    target[position++] = 0xd9;
    target[position++] = length;
  } else if (length < 0x10000) writeHead16(0xda, length);
  else writeHead32(0xdb, length);
  if (position + length > limit) throw noRoom;
  target.write(text, position);
  position += length;
}

function writeObject(value: object, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) writeMap(value, depth);
  else if (Array.isArray(value)) writeArray(value, depth);
  else if (prototype === null) writeMap(value, depth);
  else if (value instanceof Uint8Array) writeBytes(value);
  else if (value instanceof Date) writeDate(value);
  else writeInstance(value, depth);
}

function writeMap(value: object, depth: number): void {
  enter(depth, 1);
  const start = position++;
  let count = 0;
  for (const key in value) {
    if (!Object.prototype.hasOwnProperty.call(value, key)) continue;
    const item = (value as Record<string, unknown>)[key];
    if (item === undefined) continue;
    if (key === "__proto__") throw refused("the key __proto__");
    count++;
    writeString(key);
    write(item, depth + 1);
  }
  keys += count;
  if (keys > keysMax) throw tooManyKeys(keysMax);
  if (count < 16) target[start] = 0x80 | count;
  else widenMap(start, count);
}

/** Makes room for the count of a map whose keys are already written. */
function widenMap(start: number, count: number): void {
  const end = position;
  if (end + 2 > limit) throw noRoom;
  target.copyWithin(start + 3, start + 1, end);
  position = start;
  writeHead16(0xde, count);
  position = end + 2;
}

function writeArray(value: readonly unknown[], depth: number): void {
  const length = value.length;
  enter(depth, length + 1);
  if (length < 16) target[position++] = 0x90 | length;
  else if (length < 0x10000) writeHead16(0xdc, length);
  else writeHead32(0xdd, length);
  for (let i = 0; i < length; i++) write(value[i], depth + 1);
}

/** Begins a container, which takes at least `bytes`: what is endless ends here. */
function enter(depth: number, bytes: number): void {
  if (depth >= depthMax) throw tooDeep(depthMax);
  if (position + bytes > limit) throw noRoom;
}

function writeBytes(value: Uint8Array): void {
  const length = value.length;
  if (length < 0x100) {
    target[position++] = 0xc4;
    target[position++] = length;
  } else if (length < 0x10000) writeHead16(0xc5, length);
  else writeHead32(0xc6, length);
  if (position + length > limit) throw noRoom;
  target.set(value, position);
  position += length;
}

function writeDate(value: Date): void {
  const ms = value.getTime();
  if (Number.isNaN(ms)) throw refused("an invalid Date");
  position = writeTimestamp(ms, target, position);
}

function writeInstance(value: object, depth: number): void {
  if (value instanceof ArrayBuffer) {
    writeBytes(new Uint8Array(value));
    return;
  }
  if (ArrayBuffer.isView(value)) throw refused(`a ${value.constructor.name}`, "send a Uint8Array");
  const toJson = (value as { toJSON?: unknown }).toJSON;
  if (typeof toJson === "function") {
    const json: unknown = toJson.call(value, "");
    // A toJSON may give another one with a toJSON, so it counts as a level.
    enter(depth, 1);
    write(json, depth + 1);
    return;
  }
  refuseBuiltIn(value);
  writeMap(value, depth);
}
