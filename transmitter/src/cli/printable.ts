const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/*
 * Control characters (a terminal obeys C1 too) and DEL, what turns the direction of text, breaks
 * lines or is not seen, and surrogates without a partner.
 */
const unprintable =
  /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu;

/**
 * Writes text from a stranger so that a terminal shows it and obeys nothing in it.
 *
 * Line breaks, escape sequences and invisible characters become `\n`, `\x1b`, `\u202e`; all else,
 * other scripts too, stays as it is. The result is one line.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (char) => named[char] ?? escapeOf(char));
}

/** Does the same within JSON text, where only escapes that JSON knows may stand. */
export function printableJson(text: string): string {
  return text.replace(unprintable, (char) => `\\u${hexOf(char).padStart(4, "0")}`);
}

function escapeOf(char: string): string {
  const hex = hexOf(char);
  return hex.length <= 2 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
}

function hexOf(char: string): string {
  return char.charCodeAt(0).toString(16);
}
