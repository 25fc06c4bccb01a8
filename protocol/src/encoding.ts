// The whole package would load a native part that is slower for the short strings of most events.
import { Packr } from "msgpackr/pack";
import { Unpackr } from "msgpackr/unpack";
import { checkMessagePack } from "./bounds.js";
import { checkEncodable } from "./encodable.js";
import { MeshError } from "./errors.js";
import { checkPayloadBytes, type PayloadLimits, type PayloadMap } from "./json.js";
import { commandBytesMax } from "./limits.js";
import { typeName } from "./quote.js";

/*
 * Plain maps, plain types. What the library would write for a Set, an Error or a typed array is an
 * extension, which the bounds refuse; what it would revive from one never reaches it.
 */
const options = {
  useRecords: false,
  variableMapSize: true,
  mapsAsObjects: true,
  encodeUndefinedAsNil: true,
  int64AsType: "auto",
};
// The library's types do not know "auto": a number where that is exact, else a bigint.
type LibraryOptions = ConstructorParameters<typeof Packr>[0];
const packr = new Packr(options as unknown as LibraryOptions);
/** Looks at each field once more: a fifth slower. */
const gapPackr = new Packr({ ...options, skipValues: [undefined] } as unknown as LibraryOptions);
/** Asks no `toJSON`: where one is no function, the library would call it all the same. */
const decoyPackr = new Packr({
  ...options,
  skipValues: [undefined],
  useToJSON: false,
} as unknown as LibraryOptions);
const unpackr = new Unpackr(options as unknown as LibraryOptions);
/** Tells integers of 64 bits from floats: its "auto" gives a number at 2^53, too. */
const exactUnpackr = new Unpackr({
  ...options,
  int64AsType: "bigint",
} as unknown as LibraryOptions);

/**
 * Encodes a value as MessagePack; the result is never written to again.
 *
 * Objects are maps of their own enumerable keys; as in JSON, keys whose value is undefined are left
 * out, undefined elsewhere is nil, and `toJSON` is asked, except that a Date is a timestamp. Hot
 * path.
 *
 * @throws {MeshError} as `checkEncodable`
 */
export function encodeMessagePack(value: unknown): Buffer {
  const { hasGaps, hasDecoys } = checkEncodable(value);
  const bytes = (hasDecoys ? decoyPackr : hasGaps ? gapPackr : packr).pack(value);
  if (bytes.length > commandBytesMax) {
    throw new MeshError("TOO_LARGE", `more than ${commandBytesMax} bytes encoded`);
  }
  return bytes;
}

/**
 * Decodes the one MessagePack value between `start` and `end`, after checking its bounds.
 *
 * Binaries in it are views on `bytes`.
 *
 * @throws {MeshError} as `checkMessagePack`, and `BAD_PAYLOAD` if bytes follow the value.
 */
export function decodeMessagePack(bytes: Uint8Array, start = 0, end = bytes.length): unknown {
  checkWhole(bytes, start, end);
  return unpackr.unpack(bytes, { start, end });
}

/**
 * Decodes as `decodeMessagePack`, but whatever is written as an integer of 64 bits is a bigint.
 *
 * @throws {MeshError} as `decodeMessagePack`
 */
export function decodeExact(bytes: Uint8Array): unknown {
  checkWhole(bytes, 0, bytes.length);
  return exactUnpackr.unpack(bytes);
}

function checkWhole(bytes: Uint8Array, start: number, end: number): void {
  const stop = checkMessagePack(bytes, start, end);
  if (stop === end) return;
  throw new MeshError("BAD_PAYLOAD", `${end - stop} bytes after the value`);
}

/**
 * Decodes the payload of an `M` command that is no run: one map with string keys.
 *
 * @throws {MeshError} `TOO_LARGE`, `TOO_DEEP`, `TOO_MANY_KEYS`; `BAD_PAYLOAD` for the rest.
 * @see PROTOCOL.md §3.6
 */
export function decodePayloadMap(payload: Uint8Array, limits?: PayloadLimits): PayloadMap {
  checkPayloadBytes(payload.length, limits);
  if (payload[0] === 0x7b) {
    // An opening brace: in MessagePack that is the number 123.
    throw new MeshError("BAD_PAYLOAD", "not a MessagePack map; did you mean encoding J?");
  }
  const value = decodeMessagePack(payload);
  const kind =
    value instanceof Uint8Array ? "bytes" : value instanceof Date ? "timestamp" : typeName(value);
  if (kind !== "object") throw new MeshError("BAD_PAYLOAD", `expected a map, got ${kind}`);
  return value as PayloadMap;
}
