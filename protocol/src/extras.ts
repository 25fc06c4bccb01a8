import type { MessagePackCursor } from "./cursor.js";
import { decodeMessagePack, encodeMessagePack } from "./encoding.js";
import { MeshError } from "./errors.js";
import type { Writable } from "./fields.js";
import { nameValue, quote } from "./quote.js";

/** What an asker wants. @see PROTOCOL.md §12.1 */
export interface AskTerms {
  /** How long the asker waits: 1 … 3 600 000 ms. */
  readonly timeoutMs: number;
  /** Whether a handler that throws is followed by another attempt; default no. */
  readonly retry?: boolean;
  /** Whether every multicatch cell is asked instead of the groups; default no. */
  readonly gather?: boolean;
  /** Whether replies in parts are welcome; default no. */
  readonly parts?: boolean;
}

/** The optional properties of an event. @see PROTOCOL.md §7.1 */
export interface EventExtras {
  /** At most 64 entries, together at most 8 KiB. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Key of affinity, at most 255 bytes. */
  readonly key?: string;
  /** Dropped and counted when older than this at delivery; ms, at least 1. */
  readonly ttlMs?: number;
  /** Idempotency key, at most 255 bytes. */
  readonly id?: string;
  readonly ask?: AskTerms;
}

const headersMax = 64;
const headerBytesMax = 8192;
const nameBytesMax = 255;
const askTimeoutMaxMs = 3_600_000;

/**
 * Reads the extras at the cursor and moves it behind them. @throws {MeshError} as `checkExtras`.
 */
export function readExtras(cursor: MessagePackCursor): EventExtras {
  const from = cursor.at;
  cursor.skipValue();
  const value = decodeMessagePack(cursor.bytes, from, cursor.at);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    cursor.fail("extras are a map");
  }
  return checkExtras(value as Record<string, unknown>);
}

/** Encodes extras for `RunWriter.append`; `undefined` if there are none. */
export function encodeExtras(extras: EventExtras | undefined): Uint8Array | undefined {
  if (extras === undefined) return undefined;
  for (const key in extras) {
    if (extras[key as keyof EventExtras] !== undefined) {
      return Buffer.from(encodeMessagePack(extras));
    }
  }
  return undefined;
}

/**
 * Validates the extras of an event; fields that are no extras are left out.
 *
 * @throws {MeshError} `BAD_TTL` for the time to live, `BAD_OPTION` for the rest.
 */
export function checkExtras(value: Readonly<Record<string, unknown>>): EventExtras {
  const extras: Writable<EventExtras> = {};
  const { headers, key, ttlMs, id, ask } = value;
  if (headers !== undefined) extras.headers = checkHeaders(headers);
  if (key !== undefined) extras.key = checkName(key, "key");
  if (id !== undefined) extras.id = checkName(id, "id");
  if (ttlMs !== undefined) {
    if (!Number.isSafeInteger(ttlMs) || (ttlMs as number) < 1) {
      const text = `ttlMs is a whole number of milliseconds, at least 1, got ${nameValue(ttlMs)}`;
      throw new MeshError("BAD_TTL", text, { hint: 'five seconds are "ttlMs":5000' });
    }
    extras.ttlMs = ttlMs as number;
  }
  if (ask !== undefined) extras.ask = checkAsk(ask);
  return extras;
}

function checkHeaders(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MeshError("BAD_OPTION", "headers is a map of strings");
  }
  const entries = Object.entries(value);
  if (entries.length > headersMax) {
    throw new MeshError("TOO_MANY_KEYS", `at most ${headersMax} headers, got ${entries.length}`);
  }
  let length = 0;
  for (const [name, text] of entries) {
    if (typeof text !== "string") {
      throw new MeshError("BAD_OPTION", `header ${quote(name)} must be a string`);
    }
    checkWhole(name, "the name of a header");
    checkWhole(text, `header ${quote(name)}`);
    length += Buffer.byteLength(name) + Buffer.byteLength(text);
  }
  if (length > headerBytesMax) {
    throw new MeshError("TOO_LARGE", `headers take ${length} bytes, at most ${headerBytesMax}`);
  }
  return value as Record<string, string>;
}

function checkName(value: unknown, field: string): string {
  if (typeof value !== "string" || value === "" || Buffer.byteLength(value) > nameBytesMax) {
    throw new MeshError("BAD_OPTION", `${field} is a string of 1 to ${nameBytesMax} bytes`);
  }
  checkWhole(value, field);
  return value;
}

/** JSON can say half a character, and UTF-8 cannot. */
function checkWhole(text: string, what: string): void {
  if (text.isWellFormed()) return;
  throw new MeshError("BAD_OPTION", `${what} has half a character (a lone surrogate)`);
}

function checkAsk(value: unknown): AskTerms {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MeshError("BAD_OPTION", "ask is a map with timeoutMs");
  }
  const { timeoutMs, retry, gather, parts } = value as Record<string, unknown>;
  if (
    !Number.isSafeInteger(timeoutMs) ||
    (timeoutMs as number) < 1 ||
    (timeoutMs as number) > askTimeoutMaxMs
  ) {
    throw new MeshError("BAD_OPTION", `ask.timeoutMs is an integer 1 … ${askTimeoutMaxMs}`);
  }
  for (const flag of [retry, gather, parts]) {
    if (flag !== undefined && typeof flag !== "boolean") {
      throw new MeshError("BAD_OPTION", "ask.retry, ask.gather and ask.parts are true or false");
    }
  }
  const terms: Writable<AskTerms> = { timeoutMs: timeoutMs as number };
  if (retry === true) terms.retry = true;
  if (gather === true) terms.gather = true;
  if (parts === true) terms.parts = true;
  return terms;
}
