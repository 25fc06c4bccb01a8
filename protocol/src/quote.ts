import { JsonNumber } from "./json-number.js";

const quotedCharsMax = 60;

/**
 * Quotes text from a stranger for a message, a log line or a terminal.
 *
 * Only printable ASCII comes out: everything else is written `\uXXXX`, so that no line break,
 * escape sequence, invisible or right-to-left character reaches a log. Cut at 60 characters.
 */
export function quote(text: string): string {
  let out = '"';
  const length = Math.min(text.length, quotedCharsMax);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22 || code === 0x5c) out += `\\${text[i]}`;
    else if (code >= 0x20 && code < 0x7f) out += text[i];
    else out += `\\u${code.toString(16).padStart(4, "0")}`;
  }
  return `${out}${text.length > length ? "…" : ""}"`;
}

/** Names the type of a decoded value as messages do: `null` and `array` are types of their own. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "array";
  if (value instanceof JsonNumber) return "number";
  return typeof value;
}

/**
 * Names a value from a stranger in a few words: numbers and short texts as they are, all else by
 * its type. Never calls anything that the value brings along.
 */
export function nameValue(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "string") return quote(value);
  if (value instanceof Uint8Array) return "bytes";
  return typeName(value);
}
