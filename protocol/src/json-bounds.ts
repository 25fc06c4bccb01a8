import { tooDeep, tooManyKeys, type ValueLimits } from "./bounds.js";
import { depthMax, keysMax } from "./limits.js";

const quoteMark = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Checks depth and number of keys of a JSON text before it is parsed, in one pass over the text.
 *
 * Only what stands outside strings counts; whether the text is JSON at all, the parser says.
 *
 * @throws {MeshError} `TOO_DEEP`, `TOO_MANY_KEYS`.
 */
export function checkJsonBounds(text: string, limits?: ValueLimits): void {
  const depthLimit = limits?.depthMax ?? depthMax;
  const keysLimit = limits?.keysMax ?? keysMax;
  let depth = 0;
  let keys = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quoteMark) at = stringEnd(text, at + 1);
    else if (code === openBrace || code === openBracket) {
      if (++depth > depthLimit) throw tooDeep(depthLimit);
    } else if (code === closeBrace || code === closeBracket) depth--;
    else if (code === colon && ++keys > keysLimit) throw tooManyKeys(keysLimit);
  }
}

/** Finds the quote that ends the string which begins at `at`; the end of the text without one. */
export function stringEnd(text: string, at: number): number {
  let end = text.indexOf('"', at);
  while (end >= 0 && isEscaped(text, end, at)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

/**
 * Tells whether an odd number of backslashes stands before `at`.
 *
 * Linear in all, though it looks back: the backslashes before one quote end at the quote before it.
 */
function isEscaped(text: string, at: number, start: number): boolean {
  let before = at;
  while (before > start && text.charCodeAt(before - 1) === backslash) before--;
  return (at - before) % 2 === 1;
}
