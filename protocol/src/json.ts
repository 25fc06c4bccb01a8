import { MeshError } from "./errors.js";
import { parseExactly, stringifyExactly } from "./exact-json.js";
import { checkJsonBounds } from "./json-bounds.js";
import { findJsonFault } from "./json-fault.js";
import { payloadBytesMax } from "./limits.js";
import { typeName } from "./quote.js";

/** A decoded payload: an object or map with string keys, nothing of which is trusted yet. */
export type PayloadMap = Record<string, unknown>;

/** How much a payload may be. */
export interface PayloadLimits {
  /** Bytes of the encoded payload; default `payloadBytesMax`. */
  readonly bytesMax?: number;
}

// ignoreBOM keeps a byte-order mark in the text, where it is refused by name.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes the payload of a `J` command: UTF-8, one JSON object, within the bounds of values.
 *
 * Of equal keys the last one counts. The object is never merged into another one, so a key
 * `__proto__` stays a key. Offsets in messages are bytes, counted from 0.
 *
 * @throws {MeshError} `TOO_LARGE`, `TOO_DEEP`, `TOO_MANY_KEYS`; `BAD_PAYLOAD` for the rest.
 * @see PROTOCOL.md §3.7
 */
export function decodeJson(payload: Uint8Array, limits?: PayloadLimits): PayloadMap {
  return decodeWith(parseJson, payload, limits);
}

/** As `decodeJson`, with a `JsonNumber` for each number that no double has. */
export function decodeExactJson(payload: Uint8Array, limits?: PayloadLimits): PayloadMap {
  return decodeWith(parseExactJson, payload, limits);
}

function decodeWith(
  parse: (bytes: Uint8Array) => unknown,
  payload: Uint8Array,
  limits: PayloadLimits | undefined,
): PayloadMap {
  checkPayloadBytes(payload.length, limits);
  if (looksLikeMessagePack(payload[0]!)) {
    throw new MeshError("BAD_PAYLOAD", "not JSON; did you mean encoding M?");
  }
  const value = parse(payload);
  if (typeName(value) !== "object") {
    throw new MeshError("BAD_PAYLOAD", `expected an object, got ${typeName(value)}`);
  }
  return value as PayloadMap;
}

/** Refuses an empty payload, and one past its limit. */
export function checkPayloadBytes(size: number, limits?: PayloadLimits): void {
  const bytesMax = limits?.bytesMax ?? payloadBytesMax;
  if (size === 0) throw new MeshError("BAD_PAYLOAD", "empty payload");
  if (size > bytesMax) {
    throw new MeshError("TOO_LARGE", `payload of ${size} bytes, at most ${bytesMax}`);
  }
}

/** The first byte of a MessagePack map, array or string; no JSON text begins with one. */
function looksLikeMessagePack(byte: number): boolean {
  return (byte >= 0x80 && byte <= 0xbf) || (byte >= 0xd9 && byte <= 0xdf);
}

/**
 * Parses any JSON value from its UTF-8 bytes, bounds first.
 *
 * @throws {MeshError} as `decodeJson`.
 */
export function parseJson(bytes: Uint8Array): unknown {
  return parseWith(JSON.parse, bytes);
}

/** As `parseJson`, with a `JsonNumber` for each number that no double has. */
export function parseExactJson(bytes: Uint8Array): unknown {
  return parseWith(parseExactly, bytes);
}

function parseWith(parse: (text: string) => unknown, bytes: Uint8Array): unknown {
  const text = decodeText(bytes);
  checkJsonBounds(text);
  try {
    return parse(text);
  } catch (cause) {
    throw refusedJson(text, cause);
  }
}

function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new MeshError("BAD_PAYLOAD", "starts with a byte-order mark; remove it");
  }
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new MeshError("BAD_PAYLOAD", "invalid UTF-8", { cause, hint: "write JSON as UTF-8" });
  }
}

function refusedJson(text: string, cause: unknown): MeshError {
  const fault = findJsonFault(text);
  if (fault === undefined) return new MeshError("BAD_PAYLOAD", "not JSON", { cause });
  const offset = Buffer.byteLength(text.slice(0, fault.at));
  const advice = fault.hint === undefined ? "" : `: ${fault.hint}`;
  const message = `${fault.what} at offset ${offset}${advice}`;
  return new MeshError("BAD_PAYLOAD", message, { hint: fault.hint });
}

/**
 * Encodes a value as JSON text in UTF-8, a `JsonNumber` as it was written.
 *
 * @throws {MeshError} `BAD_PAYLOAD` for what JSON cannot say at all: a cycle, a bigint, a function.
 */
export function encodeJson(value: unknown): Buffer {
  let text: string | undefined;
  try {
    text = stringifyExactly(value);
  } catch (cause) {
    if (cause instanceof MeshError) throw cause;
    const message = cause instanceof Error ? cause.message : "the value";
    throw new MeshError("BAD_PAYLOAD", `JSON cannot say this: ${message}`, { cause });
  }
  if (text === undefined) {
    throw new MeshError("BAD_PAYLOAD", `JSON cannot say this: ${typeof value}`);
  }
  return Buffer.from(text);
}
