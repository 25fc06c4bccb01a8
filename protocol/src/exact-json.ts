import { stringEnd } from "./json-bounds.js";
import { JsonNumber } from "./json-number.js";
import { randomToken } from "./thid.js";

/** Stands in a string for a number; drawn, and never said, so that nobody can write one. */
const mark = randomToken(128);
const marks = new RegExp(`"${mark}(\\d+)"`, "g");

/** As `JSON.stringify`, with each `JsonNumber` as it was written. */
export function stringifyExactly(value: unknown): string | undefined {
  const literals: string[] = [];
  JsonNumber.writer = (literal) => `${mark}${literals.push(literal) - 1}`;
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (literals.length === 0) return text;
    return text?.replace(marks, (_, at: string) => literals[Number(at)] as string);
  } finally {
    JsonNumber.writer = undefined;
  }
}

/** A number of many characters, or with an exponent; perhaps within a string. */
const suspect = /(?:^|[:,[\s])-?(?:\d[\d.]{15}|\d[\d.]*[eE])/;

/** As `JSON.parse`, with a `JsonNumber` for each number that no double has. */
export function parseExactly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const marked = suspect.test(text) ? markNumbers(text) : text;
  return marked === text ? value : JSON.parse(marked, revive);
}

function revive(_: string, value: unknown): unknown {
  const isMarked = typeof value === "string" && value.startsWith(mark);
  return isMarked ? new JsonNumber(value.slice(mark.length)) : value;
}

/** Puts those numbers of a JSON text that no double has into marked strings. */
function markNumbers(text: string): string {
  const number = /["-]|\d/g;
  let marked = "";
  let from = 0;
  for (let found = number.exec(text); found !== null; found = number.exec(text)) {
    const { index } = found;
    if (found[0] === '"') {
      number.lastIndex = stringEnd(text, index + 1) + 1;
      continue;
    }
    const literal = literalAt(text, index);
    number.lastIndex = index + literal.length;
    if (isDouble(literal)) continue;
    marked += `${text.slice(from, index)}"${mark}${literal}"`;
    from = number.lastIndex;
  }
  return marked + text.slice(from);
}

function literalAt(text: string, at: number): string {
  const literal = /[-+.eE\d]+/y;
  literal.lastIndex = at;
  return literal.exec(text)?.[0] ?? "";
}

/** Whether the nearest double of a literal, as it is written again, is the same number. */
function isDouble(literal: string): boolean {
  if (literal.length < 16 && !/e/i.test(literal)) return true;
  const again = String(Number(literal));
  return again === literal || decimalOf(again) === decimalOf(literal);
}

/** The sign, the digits from the first to the last one above 0, and the power of ten behind. */
function decimalOf(literal: string): string {
  const [, sign, whole = "", part = "", power = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e(.+))?$/i.exec(literal) ?? [];
  const digits = (whole + part).replace(/^0+/, "");
  // Not by /0+$/, which looks again from each 0 of a row that does not end the number.
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  const short = digits.slice(0, end);
  if (short === "") return "0";
  return `${sign}${short} ${Number(power) - part.length + digits.length - short.length}`;
}
