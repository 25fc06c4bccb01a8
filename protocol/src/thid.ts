import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { MeshError } from "./errors.js";
import { typeName } from "./quote.js";

/** A 160-bit identity of a cell, a transmitter or an event, as 40 lower-case hex digits. */
export type Thid = string;

const thidBytesLength = 20;
const thidChars = 2 * thidBytesLength;

/** Draws a new identity from the system's randomness. */
export function randomThid(): Thid {
  return randomBytes(thidBytesLength).toString("hex");
}

/** Draws a secret of `bits` (a multiple of 8) as lower-case hex. */
export function randomToken(bits: number): string {
  return randomBytes(bits / 8).toString("hex");
}

/** Tells whether `value` is a THID as it is written: 40 *lower-case* hex digits. */
export function isThid(value: unknown): value is Thid {
  return typeof value === "string" && value.length === thidChars && badHexAt(value, false) < 0;
}

/**
 * Reads a THID that somebody else wrote: upper case is accepted and comes back in lower case.
 *
 * @throws {MeshError} `BAD_ID` for anything that is not 40 hex characters.
 */
export function readThid(value: unknown): Thid {
  if (value === undefined || value === null) {
    throw new MeshError("BAD_ID", "id is required: 40 hex characters");
  }
  if (typeof value !== "string") {
    throw new MeshError("BAD_ID", `40 hex characters as a string, got ${typeName(value)}`);
  }
  if (value.length !== thidChars) {
    throw new MeshError("BAD_ID", `40 hex characters, got ${value.length}`);
  }
  const at = badHexAt(value, true);
  if (at >= 0) {
    throw new MeshError("BAD_ID", `40 hex characters, got another at position ${at + 1}`);
  }
  return value.toLowerCase();
}

/** Returns the index of the first character that is no hex digit, or −1. */
function badHexAt(text: string, upperCase: boolean): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const digit = code >= 0x30 && code <= 0x39;
    const lower = code >= 0x61 && code <= 0x66;
    const upper = upperCase && code >= 0x41 && code <= 0x46;
    if (!digit && !lower && !upper) return i;
  }
  return -1;
}

/** Returns the 20 bytes of a THID. The caller has checked it with `readThid`. */
export function thidBytes(thid: Thid): Uint8Array {
  return Buffer.from(thid, "hex");
}

/**
 * Writes 20 bytes as a THID.
 *
 * @throws {MeshError} `BAD_ID` for any other length.
 */
export function thidFromBytes(bytes: Uint8Array): Thid {
  if (bytes.length !== thidBytesLength) {
    throw new MeshError("BAD_ID", `20 bytes, got ${bytes.length}`);
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

/** Returns the SHA-1 of `bytes` as a THID. An identity, not a proof of anything. */
export function hashThid(bytes: Uint8Array): Thid {
  return createHash("sha1").update(bytes).digest("hex");
}

/** What makes an event the event that it is. */
export interface EventIdentity {
  readonly sender: Thid;
  /** The sender's number for the event: 0 … 2^53 − 1. */
  readonly seq: number;
  readonly channel: string;
  /** One of `bodyTag`. */
  readonly tag: number;
  /** The body, as its sender encoded it. */
  readonly body: Uint8Array;
}

/**
 * Derives the THID of an event: the SHA-1 of its contents.
 *
 * ```text
 * +--------------+------------------+-----------------+------+-----+--------+
 * | sender       | seq              | channel         | 0x00 | tag | body   |
 * | 20 bytes     | 8 bytes, big-end | UTF-8           |      | 1   |        |
 * +--------------+------------------+-----------------+------+-----+--------+
 * ```
 *
 * Two equal events of one sender differ in `seq`; an event that is sent again does not.
 */
export function eventThid({ sender, seq, channel, tag, body }: EventIdentity): Thid {
  const numberAt = thidBytesLength;
  const channelAt = numberAt + 8;
  const head = Buffer.alloc(channelAt + Buffer.byteLength(channel) + 2);
  head.write(sender, 0, "hex");
  head.writeUInt32BE(Math.floor(seq / 2 ** 32), numberAt);
  head.writeUInt32BE(seq % 2 ** 32, numberAt + 4);
  head.write(channel, channelAt, "utf8");
  head[head.length - 1] = tag;
  return createHash("sha1").update(head).update(body).digest("hex");
}

/**
 * Compares two secrets in a time that does not depend on where they differ.
 *
 * Strings are compared as UTF-8. Only that the lengths differ can be learned from the time.
 */
export function constantTimeEqual(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const left = typeof a === "string" ? Buffer.from(a) : a;
  const right = typeof b === "string" ? Buffer.from(b) : b;
  return left.length === right.length && timingSafeEqual(left, right);
}
