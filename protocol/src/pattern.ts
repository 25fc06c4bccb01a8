import { checkSegment, checkText, isSegmentChar, isSystemChannel, refusedChar } from "./channel.js";
import { MeshError } from "./errors.js";
import { quote } from "./quote.js";

/** What a catch asks for: a channel in which whole segments may be `*`, and one may be `**`. */
export interface Pattern {
  readonly text: string;
  /** The segments of `text`; `*` and `**` stand for themselves. */
  readonly segments: readonly string[];
}

const star = 0x2a;
const dot = 0x2e;
const dollar = 0x24;

/**
 * Reads a pattern. Linear in its length; no pattern ever becomes a regular expression.
 *
 * ```text
 * pattern = segment *( "." segment )          as a channel: 1 … 255 bytes, at most 32 segments
 * segment = 1*64( A–Z a–z 0–9 _ - : @ )
 *         / "*"                               exactly one segment
 *         / "**"                              one or more segments, at most once in a pattern
 * ```
 *
 * @throws {MeshError} `BAD_PATTERN`; what looks like a pattern of another system gets a hint that
 * says what to write instead.
 * @see PROTOCOL.md, patterns.
 */
export function parsePattern(value: unknown): Pattern {
  if (Array.isArray(value)) {
    throw new MeshError("BAD_PATTERN", "must be a string: one pattern per subscribe");
  }
  const text = checkText("BAD_PATTERN", value);
  const segments: string[] = [];
  let segmentAt = 0;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && text.charCodeAt(i) !== dot) {
      checkPatternChar(text, i);
      continue;
    }
    checkSegment("BAD_PATTERN", { text, segmentAt, end: i, segment: segments.length + 1 });
    segments.push(checkWildcard(text.slice(segmentAt, i), segmentAt));
    segmentAt = i + 1;
  }
  if (segments.indexOf("**") !== segments.lastIndexOf("**")) {
    throw new MeshError("BAD_PATTERN", `only one ** in a pattern, got ${quote(text)}`);
  }
  return Object.freeze({ text, segments: Object.freeze(segments) });
}

function checkPatternChar(text: string, index: number): void {
  const code = text.charCodeAt(index);
  if (isSegmentChar(code) || code === star || (code === dollar && index === 0)) return;
  throw foreignPattern(text) ?? refusedChar("BAD_PATTERN", text, index);
}

function checkWildcard(segment: string, segmentAt: number): string {
  if (segment === "$") {
    throw new MeshError("BAD_PATTERN", "a name must follow the $ at position 1");
  }
  if (segment.includes("*") && segment !== "*" && segment !== "**") {
    const hint = "* is exactly one segment, ** is one or more";
    const where = `${quote(segment)} at position ${segmentAt + 1}`;
    throw new MeshError("BAD_PATTERN", `a wildcard is a whole segment, got ${where}`, { hint });
  }
  return segment;
}

/** Recognises the habits of other systems, and says how their pattern is written here. */
function foreignPattern(text: string): MeshError | undefined {
  if (text.length > 1 && text.startsWith("/") && text.endsWith("/")) {
    return new MeshError("BAD_PATTERN", "regular expressions are not accepted", {
      hint: "use * for one segment, ** for one or more",
    });
  }
  if (text.includes("|") || text.includes(",")) {
    return new MeshError("BAD_PATTERN", `one pattern per subscribe, got ${quote(text)}`);
  }
  const translated = translate(text);
  if (translated === undefined) return undefined;
  return new MeshError("BAD_PATTERN", `${quote(text)} is written otherwise here`, {
    hint:
      translated.includes("**") && translated !== "**"
        ? `use **: ${translated}`
        : `use ${translated}`,
  });
}

const foreignWildcards: ReadonlyMap<string, string> = new Map([
  ["+", "*"],
  ["#", "**"],
  [">", "**"],
]);

/** Translates an MQTT, AMQP or NATS pattern, or returns undefined if that gives no pattern. */
function translate(text: string): string | undefined {
  const segments = text.split("/").join(".").split(".");
  const translated = segments
    .filter((segment) => segment.length > 0)
    .map((segment) => foreignWildcards.get(segment) ?? segment)
    .join(".");
  // What is the same as before has nothing foreign in it, and would be translated for ever.
  if (translated === text) return undefined;
  try {
    return parsePattern(translated).text;
  } catch {
    // No hint is better than one that would be refused in its turn.
    return undefined;
  }
}

/**
 * Tells whether the pattern matches the channel: the slow, plain meaning of a pattern.
 *
 * Both are well formed. `*` and `**` never match a first segment that begins with `$`. Fast
 * implementations are compared with this one.
 */
export function matchesPattern(pattern: Pattern, channel: string): boolean {
  const wanted = pattern.segments;
  const given = channel.split(".");
  if (isSystemChannel(channel) && wanted[0]?.startsWith("*") === true) return false;
  const manyAt = wanted.indexOf("**");
  if (manyAt < 0) return wanted.length === given.length && sameSegments(wanted, given);
  if (given.length < wanted.length) return false;
  const tail = wanted.slice(manyAt + 1);
  const givenTail = given.slice(given.length - tail.length);
  return sameSegments(wanted.slice(0, manyAt), given) && sameSegments(tail, givenTail);
}

/** Compares as many segments as are wanted, from the first on. */
function sameSegments(wanted: readonly string[], given: readonly string[]): boolean {
  return wanted.every((segment, i) => segment === "*" || segment === given[i]);
}
