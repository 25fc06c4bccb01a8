import { decodeExact, decodeMessagePack, encodeMessagePack } from "./encoding.js";
import { MeshError } from "./errors.js";
import { encodeJson, parseExactJson, parseJson } from "./json.js";
import { eventBytesMax } from "./limits.js";
import { typeName } from "./quote.js";

/** How a body is written: one byte beside it in a run, and in the event's THID. */
export const bodyTag = Object.freeze({ bytes: 0, json: 1, messagePack: 2 });

/** One of the values of `bodyTag`. */
export type BodyTag = (typeof bodyTag)[keyof typeof bodyTag];

/** A body as it travels: its tag, and its bytes as the sender encoded them. */
export interface EncodedBody {
  readonly tag: BodyTag;
  readonly bytes: Uint8Array;
}

/** A body in the fields of a `J` command. */
export type JsonBody = { readonly data: unknown } | { readonly bytes: string };

/**
 * Encodes what an application sends: bytes as they are, not copied; all else as MessagePack.
 *
 * @throws {MeshError} `TOO_LARGE` past `eventBytesMax`; `BAD_PAYLOAD`, `TOO_DEEP`, `TOO_MANY_KEYS`
 * for what cannot be encoded.
 */
export function encodeBody(data: unknown): EncodedBody {
  if (data instanceof Uint8Array) return checkedSize({ tag: bodyTag.bytes, bytes: data });
  return checkedSize({ tag: bodyTag.messagePack, bytes: encodeMessagePack(data) });
}

function checkedSize(body: EncodedBody): EncodedBody {
  const size = body.bytes.length;
  if (size > eventBytesMax) {
    throw new MeshError("TOO_LARGE", `body of ${size} bytes, at most ${eventBytesMax}`);
  }
  return body;
}

/**
 * Decodes a body, bounds first. Bytes, and binaries within, are views on `bytes`.
 *
 * @throws {MeshError} `TOO_DEEP`, `TOO_MANY_KEYS`, `TOO_LARGE`; `BAD_PAYLOAD` for the rest.
 * @see PROTOCOL.md §6.5
 */
export function decodeBody(tag: number, bytes: Uint8Array, start = 0, end = bytes.length): unknown {
  if (tag === bodyTag.messagePack) return decodeMessagePack(bytes, start, end);
  if (tag === bodyTag.bytes) return bytes.subarray(start, end);
  if (tag === bodyTag.json) return parseJson(bytes.subarray(start, end));
  throw new MeshError("BAD_PAYLOAD", `unknown body tag ${tag}; known: 0, 1, 2`);
}

/**
 * Transcodes a body for a cell that speaks `J`: the fields `data` or `bytes` of its command.
 *
 * A timestamp becomes an RFC 3339 string, and binary inside a value a base64 string.
 *
 * @throws {MeshError} `BAD_PAYLOAD` for what JSON cannot say (NaN, infinities, integers beyond
 * 2^53 − 1, years beyond 9999); as `decodeBody` for a body that cannot be decoded.
 * @see PROTOCOL.md §6.4
 */
export function bodyToJson(tag: number, bytes: Uint8Array): JsonBody {
  if (tag === bodyTag.bytes) return { bytes: base64(bytes) };
  if (tag === bodyTag.messagePack) return { data: toJsonValue(decodeExact(bytes)) };
  if (tag === bodyTag.json) return { data: parseExactJson(bytes) };
  return { data: decodeBody(tag, bytes) };
}

/** Depth is bounded: the value was decoded within the bounds of values. */
function toJsonValue(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw unsayable(String(value));
  if (typeof value === "bigint") return sayableInteger(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (value instanceof Uint8Array) return base64(value);
  if (value instanceof Date) return rfc3339(value);
  const json: Record<string, unknown> = {};
  for (const key of Object.keys(value)) json[key] = toJsonValue((value as typeof json)[key]);
  return json;
}

function sayableInteger(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw unsayable("an integer beyond 2^53 − 1");
}

function rfc3339(date: Date): string {
  const text = date.toISOString();
  // Outside the years 0 to 9999 the text has a sign and six digits, which RFC 3339 does not know.
  if (text.length !== 24) throw unsayable(`the time ${text}`);
  return text;
}

function unsayable(what: string): MeshError {
  return new MeshError("BAD_PAYLOAD", `JSON cannot say ${what}`);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

/**
 * Encodes the body of a `J` command from its fields: `bytes` (base64) or `data`, not both; neither
 * is `data: null`.
 *
 * @throws {MeshError} `BAD_PAYLOAD`; `TOO_LARGE` past `eventBytesMax`.
 * @see PROTOCOL.md §6.3
 */
export function bodyFromJson(fields: { data?: unknown; bytes?: unknown }): EncodedBody {
  const { data, bytes } = fields;
  if (bytes === undefined) {
    return checkedSize({ tag: bodyTag.json, bytes: encodeJson(data === undefined ? null : data) });
  }
  if (data !== undefined) throw new MeshError("BAD_PAYLOAD", "either data or bytes, not both");
  if (typeof bytes !== "string") {
    throw new MeshError("BAD_PAYLOAD", `bytes must be a base64 string, got ${typeName(bytes)}`);
  }
  return checkedSize({ tag: bodyTag.bytes, bytes: fromBase64(bytes) });
}

/** Decodes base64, with or without padding; Node.js alone would skip over what is none. */
function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  const padded = bytes.toString("base64");
  const unpadded = padded.replaceAll("=", "");
  if (text !== padded && text !== unpadded) {
    throw new MeshError("BAD_PAYLOAD", "bytes must be a base64 string");
  }
  return bytes;
}
