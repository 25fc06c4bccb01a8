import { MeshError, type ErrorCode } from "./errors.js";
import { channelBytesMax, segmentCharsMax, segmentsMax } from "./limits.js";
import { quote, typeName } from "./quote.js";

const dot = 0x2e;
const dollar = 0x24;

/** 1 for each ASCII character that a segment may hold: `A–Z a–z 0–9 _ - : @`. */
const segmentChars = new Uint8Array(128);
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:@") {
  segmentChars[char.charCodeAt(0)] = 1;
}

/** Tells whether the character code may stand in a segment. */
export function isSegmentChar(code: number): boolean {
  return code < 128 && segmentChars[code] === 1;
}

/** Tells whether a name that is already known to be a channel or pattern is the mesh's own. */
export function isSystemChannel(channel: string): boolean {
  return channel.charCodeAt(0) === dollar;
}

/**
 * Checks that `value` is a channel, and returns it.
 *
 * Hot path: one loop over the characters and no allocation (bench: channel). Names that begin with
 * `$` belong to the mesh and pass only with `system`.
 *
 * @throws {MeshError} `BAD_CHANNEL` with the position of the first fault, counted from 1; `DENIED`
 * for a well-formed `$` name without `system`.
 * @see PROTOCOL.md, channels.
 */
export function checkChannel(value: unknown, options?: { readonly system?: boolean }): string {
  if (typeof value === "string" && isPlainChannel(value)) return value;
  return checkUnusualChannel(value, options?.system === true);
}

function isPlainChannel(text: string): boolean {
  const length = text.length;
  if (length > channelBytesMax) return false;
  let segments = 1;
  let segmentAt = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code !== dot) {
      if (code > 127 || segmentChars[code] === 0) return false;
      continue;
    }
    const chars = i - segmentAt;
    if (chars === 0 || chars > segmentCharsMax || ++segments > segmentsMax) return false;
    segmentAt = i + 1;
  }
  const chars = length - segmentAt;
  return chars > 0 && chars <= segmentCharsMax;
}

/** The slow half of `checkChannel`: a `$` name, or a refusal that says what is wrong and where. */
function checkUnusualChannel(value: unknown, system: boolean): string {
  const text = checkText("BAD_CHANNEL", value);
  const length = text.length;
  let segments = 1;
  let segmentAt = 0;
  for (let i = 0; i <= length; i++) {
    const code = i < length ? text.charCodeAt(i) : dot;
    if (code === dot) {
      checkSegment("BAD_CHANNEL", { text, segmentAt, end: i, segment: segments });
      if (i < length) segments++;
      segmentAt = i + 1;
    } else if (!isSegmentChar(code) && !(code === dollar && i === 0)) {
      throw refusedChar("BAD_CHANNEL", text, i);
    }
  }
  if (text.charCodeAt(0) === dollar) {
    if (length === 1 || text.charCodeAt(1) === dot) {
      throw new MeshError("BAD_CHANNEL", "a name must follow the $ at position 1");
    }
    if (!system) throw new MeshError("DENIED", "channels starting with $ are reserved");
  }
  return text;
}

/** What `checkSegment` looks at: `text` from `segmentAt` to `end`, its `segment` counted from 1. */
export interface SegmentSpan {
  readonly text: string;
  readonly segmentAt: number;
  readonly end: number;
  readonly segment: number;
}

/**
 * Refuses what is no text of 1 … 255 characters; patterns and channels share it.
 *
 * @throws {MeshError} `code`, with "must be a string", "empty" or "at most 255".
 */
export function checkText(code: ErrorCode, value: unknown): string {
  if (typeof value !== "string") {
    const name = code === "BAD_PATTERN" ? "pattern" : "channel";
    const missing = value === undefined ? `${name} is required: it ` : "";
    throw new MeshError(code, `${missing}must be a string, got ${typeName(value)}`);
  }
  if (value.length === 0) throw new MeshError(code, "empty");
  if (value.length > channelBytesMax) {
    throw new MeshError(code, `at most ${channelBytesMax} characters, got ${value.length}`);
  }
  return value;
}

/**
 * Refuses an empty or overlong segment, and one too many; patterns and channels share it.
 *
 * @throws {MeshError} `code`.
 */
export function checkSegment(
  code: ErrorCode,
  { text, segmentAt, end, segment }: SegmentSpan,
): void {
  const chars = end - segmentAt;
  if (chars === 0) {
    const last = end === text.length && end > 0;
    const what = last ? "ends with a dot" : `empty segment at position ${segmentAt + 1}`;
    throw new MeshError(code, `${what} in ${quote(text)}`);
  }
  if (chars > segmentCharsMax) {
    throw new MeshError(code, `segment ${segment} longer than ${segmentCharsMax} characters`);
  }
  if (segment > segmentsMax) throw new MeshError(code, `at most ${segmentsMax} segments`);
}

/** Builds the refusal of the character at `index`, with its position counted from 1. */
export function refusedChar(code: ErrorCode, text: string, index: number): MeshError {
  const char = text.charCodeAt(index);
  const where = `at position ${index + 1}`;
  if (char === 0x20) return new MeshError(code, `space ${where} in ${quote(text)}`);
  if (char === dollar)
    return new MeshError(code, `$ ${where}: it may begin the first segment only`);
  if (char < 0x20 || char === 0x7f) {
    return new MeshError(code, `control character ${hex(char)} ${where} in ${quote(text)}`);
  }
  if (char > 0x7f) return refusedUnicode(code, text, index);
  const hint = charHint(code, String.fromCharCode(char));
  return new MeshError(code, `'${text[index]}' ${where} in ${quote(text)}`, { hint });
}

function charHint(code: ErrorCode, char: string): string {
  if (code === "BAD_CHANNEL") {
    if ("/#+".includes(char)) return "use dots, MQTT wildcards are not used";
    if ("*>".includes(char)) return "a channel has no wildcards; a pattern has * and **";
  }
  return "use letters, digits, _ - : @, and dots between segments";
}

function refusedUnicode(code: ErrorCode, text: string, index: number): MeshError {
  if (!isWellFormed(text)) return new MeshError(code, "not valid Unicode");
  const point = text.codePointAt(index) ?? 0;
  const name = `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
  return new MeshError(code, `ASCII only: ${name} at position ${index + 1} in ${quote(text)}`);
}

/** Tells whether every surrogate of the text has its partner. */
function isWellFormed(text: string): boolean {
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    if (point >= 0xd800 && point <= 0xdfff) return false;
  }
  return true;
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

/**
 * Checks that `value` is a service name, which is one channel segment, and returns it.
 *
 * @throws {MeshError} `BAD_SERVICE`.
 */
export function checkService(value: unknown): string {
  if (typeof value !== "string") {
    const missing = value === undefined ? "service is required: it " : "";
    throw new MeshError("BAD_SERVICE", `${missing}must be a string, got ${typeName(value)}`);
  }
  if (value.length === 0) throw new MeshError("BAD_SERVICE", "empty");
  if (value.length > segmentCharsMax) {
    const text = `at most ${segmentCharsMax} characters, got ${value.length}`;
    throw new MeshError("BAD_SERVICE", text);
  }
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (isSegmentChar(code)) continue;
    if (code > 0x7f) throw refusedUnicode("BAD_SERVICE", value, i);
    const hint = code === dot ? "a service is one segment, without dots" : undefined;
    const text = `use letters, digits, _ - : @ (${quote(value)}, position ${i + 1})`;
    throw new MeshError("BAD_SERVICE", text, { hint });
  }
  return value;
}
