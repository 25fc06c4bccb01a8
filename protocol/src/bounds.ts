import { MeshError } from "./errors.js";
import { depthMax, eventBytesMax, keysMax } from "./limits.js";
import { readTimestampMs } from "./timestamp.js";
import { isUtf8 } from "./utf8.js";

/** How far a value may go; both default to the limits of the protocol. */
export interface ValueLimits {
  readonly depthMax?: number;
  readonly keysMax?: number;
}

/** Nothing is nested deeper, whatever the caller allows: the stacks below are this long. */
const stackDepth = 256;

/*
 * The containers that are open, innermost last: how many values each still wants, and whether it is
 * a map. Kept between calls so that a check allocates nothing; a check calls no one else's code, so
 * two never overlap.
 */
const openValues = new Float64Array(stackDepth + 1);
const openMaps = new Uint8Array(stackDepth + 1);

/**
 * Bytes behind the first one of each kind of value: 0 for small integers, nil and booleans, 1 … 8
 * for numbers; 255 for what needs a closer look.
 */
const fixedBytes = new Uint8Array(256).fill(255);
fixedBytes.fill(0, 0x00, 0x80);
fixedBytes.fill(0, 0xe0, 0x100);
for (const kind of [0xc0, 0xc2, 0xc3]) fixedBytes[kind] = 0;
for (const kind of [0xcc, 0xd0]) fixedBytes[kind] = 1;
for (const kind of [0xcd, 0xd1]) fixedBytes[kind] = 2;
for (const kind of [0xca, 0xce, 0xd2]) fixedBytes[kind] = 4;
for (const kind of [0xcb, 0xcf, 0xd3]) fixedBytes[kind] = 8;

/**
 * Checks one MessagePack value, from `start` on, and returns where it ends; nothing is decoded.
 *
 * Guaranteed of what passes: it ends by `end`; arrays and maps are nested at most `depthMax` deep
 * and have at most `keysMax` keys together; keys are strings, and none is `__proto__`; strings are
 * UTF-8; the only extension is a timestamp that names an instant. So a decoder of it can neither
 * recurse far, nor allocate more than the bytes justify, nor touch a prototype.
 *
 * Hot path: no recursion, no allocation; work is linear in the bytes (bench: bounds).
 *
 * @throws {MeshError} `TOO_DEEP`, `TOO_MANY_KEYS`, `TOO_LARGE` for a count that no event could
 * hold, `BAD_PAYLOAD` for the rest.
 * @see PROTOCOL.md §3.6
 */
export function checkMessagePack(
  bytes: Uint8Array,
  start: number,
  end: number,
  limits?: ValueLimits,
): number {
  const depthLimit = Math.min(limits?.depthMax ?? depthMax, stackDepth);
  const keysLimit = limits?.keysMax ?? keysMax;
  if (end > bytes.length) throw endsEarly(bytes.length);
  let at = start;
  let depth = 0;
  let keys = 0;
  let wanted = 1;
  let map = 0;
  for (;;) {
    while (wanted === 0) {
      if (depth === 0) return at;
      depth--;
      wanted = openValues[depth]!;
      map = openMaps[depth]!;
    }
    // In a map an even number of values is left before each key.
    if (map === 1 && wanted % 2 === 0) at = checkKey(bytes, at, end);
    else {
      if (at >= end) throw endsEarly(at);
      const kind = bytes[at]!;
      const fixed = fixedBytes[kind]!;
      if (fixed !== 255) {
        at += 1 + fixed;
        if (at > end) throw endsEarly(end);
      } else if ((kind & 0xe0) === 0xa0) {
        at = checkText(bytes, at + 1, kind & 0x1f, end);
      } else if (kind < 0xa0 || (kind >= 0xdc && kind <= 0xdf)) {
        const isMap = kind < 0x90 || kind >= 0xde;
        const head = kind < 0xa0 ? 0 : (kind & 1) === 0 ? 2 : 4;
        const count = head === 0 ? kind & 0x0f : readCount(bytes, at, end);
        at += 1 + head;
        if (isMap) keys += count;
        if (depth >= depthLimit) throw tooDeep(depthLimit);
        checkContainer(count, isMap, end - at);
        if (keys > keysLimit) throw tooManyKeys(keysLimit);
        openValues[depth] = wanted - 1;
        openMaps[depth] = map;
        depth++;
        wanted = isMap ? 2 * count : count;
        map = isMap ? 1 : 0;
        continue;
      } else at = checkLong(bytes, at, end);
    }
    wanted--;
  }
}

/** Checks the key at `at`: a string that is not `__proto__`. */
function checkKey(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) throw endsEarly(at);
  const kind = bytes[at]!;
  if ((kind & 0xe0) === 0xa0) {
    const length = kind & 0x1f;
    const next = checkText(bytes, at + 1, length, end);
    if (length === 9 && isProto(bytes, at + 1)) throw protoKey();
    return next;
  }
  if (kind < 0xd9 || kind > 0xdb) throw bad("map keys must be strings");
  const next = checkLong(bytes, at, end);
  if (next >= 9 && next - at < 15 && isProto(bytes, next - 9) && longLength(bytes, at) === 9) {
    throw protoKey();
  }
  return next;
}

/** Checks `length` bytes of text at `at`. Short ASCII is what nearly all text is. */
function checkText(bytes: Uint8Array, at: number, length: number, end: number): number {
  const next = at + length;
  if (next > end) throw endsEarly(end);
  for (let i = at; i < next; i++) {
    if (bytes[i]! > 0x7f) {
      if (!isUtf8(bytes, i, next)) throw bad(`invalid UTF-8 in the string at offset ${at}`);
      return next;
    }
  }
  return next;
}

/** Checks a string, binary or extension with a length of its own, or refuses the kind. */
function checkLong(bytes: Uint8Array, at: number, end: number): number {
  const kind = bytes[at]!;
  if (kind === 0xc1) throw bad(`byte 0xc1 is never used, at offset ${at}`);
  if (kind === 0xc7 || kind === 0xd6 || kind === 0xd7) return checkTimestamp(bytes, at, end);
  if (kind === 0xc8 || kind === 0xc9 || (kind >= 0xd4 && kind <= 0xd8)) {
    throw bad(`extension types are refused except the timestamp, at offset ${at}`);
  }
  const text = kind >= 0xd9;
  const from = at + 1 + (1 << (text ? kind - 0xd9 : kind - 0xc4));
  if (from > end) throw endsEarly(end);
  const length = longLength(bytes, at);
  if (text) return checkText(bytes, from, length, end);
  if (length > end - from) throw endsEarly(end);
  return from + length;
}

/** The length written behind a str 8/16/32 or bin 8/16/32 at `at`. */
function longLength(bytes: Uint8Array, at: number): number {
  const kind = bytes[at]!;
  const width = 1 << (kind >= 0xd9 ? kind - 0xd9 : kind - 0xc4);
  let length = 0;
  for (let i = 1; i <= width; i++) length = length * 256 + bytes[at + i]!;
  return length;
}

function checkTimestamp(bytes: Uint8Array, at: number, end: number): number {
  const kind = bytes[at]!;
  const typeAt = at + (kind === 0xc7 ? 2 : 1);
  const length = kind === 0xd6 ? 4 : kind === 0xd7 ? 8 : 12;
  if (typeAt >= end) throw endsEarly(end);
  if (bytes[typeAt] !== 0xff) {
    throw bad(`extension types are refused except the timestamp, at offset ${at}`);
  }
  if (kind === 0xc7 && bytes[at + 1] !== 12) {
    throw bad(`a timestamp has 4, 8 or 12 bytes, got ${bytes[at + 1]}`);
  }
  const next = typeAt + 1 + length;
  if (next > end) throw endsEarly(end);
  if (Number.isNaN(readTimestampMs(bytes, typeAt + 1, length))) {
    throw bad(`the timestamp at offset ${at} names no instant`);
  }
  return next;
}

function readCount(bytes: Uint8Array, at: number, end: number): number {
  const width = (bytes[at]! & 1) === 0 ? 2 : 4;
  if (at + 1 + width > end) throw endsEarly(end);
  let count = 0;
  for (let i = 1; i <= width; i++) count = count * 256 + bytes[at + i]!;
  return count;
}

/**
 * Refuses a count that the bytes behind it cannot hold: each value takes at least one. Where no
 * event could hold it either, the count itself is the fault and not a cut.
 */
function checkContainer(count: number, isMap: boolean, bytesLeft: number): void {
  if ((isMap ? 2 * count : count) <= bytesLeft) return;
  if (count > eventBytesMax) {
    throw new MeshError("TOO_LARGE", `${isMap ? "map" : "array"} of ${count}`);
  }
  throw bad(`ends early: ${isMap ? "map" : "array"} of ${count} in ${bytesLeft} bytes`);
}

/** Compares nine bytes with `__proto__`. */
function isProto(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 0x5f &&
    bytes[at + 1] === 0x5f &&
    bytes[at + 2] === 0x70 &&
    bytes[at + 3] === 0x72 &&
    bytes[at + 4] === 0x6f &&
    bytes[at + 5] === 0x74 &&
    bytes[at + 6] === 0x6f &&
    bytes[at + 7] === 0x5f &&
    bytes[at + 8] === 0x5f
  );
}

function bad(what: string): MeshError {
  return new MeshError("BAD_PAYLOAD", what);
}

function endsEarly(at: number): MeshError {
  return bad(`ends early at offset ${at}`);
}

function protoKey(): MeshError {
  return bad("the key __proto__ is refused");
}

/** Builds the refusal of a value that is nested too deep. */
export function tooDeep(limit: number): MeshError {
  return new MeshError("TOO_DEEP", `nested deeper than ${limit}`);
}

/** Builds the refusal of a value with too many keys. */
export function tooManyKeys(limit: number): MeshError {
  return new MeshError("TOO_MANY_KEYS", `more than ${limit} keys`);
}
