import { MeshError } from "./errors.js";
import { checkPayloadBytes, type PayloadLimits, type PayloadMap } from "./json.js";
import { commandBytesMax } from "./limits.js";
import { readMessagePack } from "./message-pack-read.js";
import { refuseCycle } from "./message-pack-refusal.js";
import { writeMessagePack } from "./message-pack-write.js";
import { typeName } from "./quote.js";

/** Small values are written side by side into slabs of this size; a view keeps its slab alive. */
const slabBytes = 64 * 1024;

let slab = Buffer.allocUnsafeSlow(slabBytes);
let slabAt = 0;
let large: Buffer | undefined;

/**
 * Encodes a value as MessagePack; the result is never written to again.
 *
 * Hot path: no copy for what fits into a slab (bench: encoding). A value that stands in a buffer of
 * the caller's is written there by `writeMessagePack`, which also says what can be encoded.
 *
 * @throws {MeshError} as `writeMessagePack`, and `TOO_LARGE` past `commandBytesMax`.
 */
export function encodeMessagePack(value: unknown): Buffer {
  // The rest of the slab belongs to this call until it ends: a toJSON may encode something too.
  const into = slab;
  const start = slabAt;
  slabAt = slabBytes;
  let end = -1;
  try {
    end = writeMessagePack(value, into, start);
  } finally {
    if (slab === into) slabAt = end < 0 ? start : end;
  }
  if (end >= 0) return into.subarray(start, end);
  if (start > slabBytes / 2) {
    // What was left of the slab was too little; a fresh one may do.
    slab = Buffer.allocUnsafeSlow(slabBytes);
    slabAt = 0;
    return encodeMessagePack(value);
  }
  return encodeLarge(value);
}

function encodeLarge(value: unknown): Buffer {
  const into = large ?? Buffer.allocUnsafeSlow(commandBytesMax);
  large = undefined;
  try {
    const end = writeMessagePack(value, into, 0);
    if (end < 0) {
      refuseCycle(value);
      throw new MeshError("TOO_LARGE", `more than ${commandBytesMax} bytes encoded`);
    }
    return Buffer.from(into.subarray(0, end));
  } finally {
    large = into;
  }
}

/**
 * Decodes the one MessagePack value between `start` and `end`, after checking its bounds.
 *
 * Binaries in it are views on `bytes`.
 *
 * @throws {MeshError} as `checkMessagePack`, and `BAD_PAYLOAD` if bytes follow the value.
 */
export function decodeMessagePack(bytes: Uint8Array, start = 0, end = bytes.length): unknown {
  return readMessagePack(bytes, start, end);
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
  const value = readMessagePack(payload, 0, payload.length);
  const kind =
    value instanceof Uint8Array ? "bytes" : value instanceof Date ? "timestamp" : typeName(value);
  if (kind !== "object") throw new MeshError("BAD_PAYLOAD", `expected a map, got ${kind}`);
  return value as PayloadMap;
}
