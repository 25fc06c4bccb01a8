import { MeshError } from "@thynapse/protocol";

/** What an option may be; the text completes "must be …". */
export interface OptionRule {
  readonly text: string;
  allows(value: unknown): boolean;
}

/** The rule of each option of one call. */
export type OptionRules<T> = { readonly [K in keyof Required<T>]: OptionRule };

/** A whole number of `min … max`. */
export function whole(min: number, max: number): OptionRule {
  return {
    text: `a whole number ${min} … ${max}`,
    allows: (value) =>
      Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

/** One of these strings. */
export function oneOf(...values: readonly string[]): OptionRule {
  const text = values.map((value) => JSON.stringify(value)).join(" or ");
  return { text, allows: (value) => values.includes(value as string) };
}

/** True or false. */
export const flag: OptionRule = {
  text: "true or false",
  allows: (value) => typeof value === "boolean",
};

/** A function. */
export const callable: OptionRule = {
  text: "a function",
  allows: (value) => typeof value === "function",
};

/** An abort signal. */
export const abortSignal: OptionRule = {
  text: "an AbortSignal",
  allows: (value) => value instanceof AbortSignal,
};

/** What is checked where it is used. */
export const anything: OptionRule = { text: "given", allows: () => true };

/** An object with these methods. */
export function objectWith(...methods: readonly string[]): OptionRule {
  return {
    text: `an object with ${methods.join(", ")}`,
    allows: (value) =>
      typeof value === "object" &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === "function"),
  };
}

/**
 * Checks the options of a call and freezes a copy; what is `undefined` is left out.
 *
 * @throws {MeshError} `BAD_OPTION` for a key that is none, with the nearest one that is, and for a
 * value that breaks its rule.
 */
export function checkOptions<T extends object>(
  call: string,
  given: T | undefined,
  rules: OptionRules<T>,
): Readonly<Partial<T>> {
  if (given === undefined) return Object.freeze({});
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new MeshError("BAD_OPTION", `${call}: options must be an object`);
  }
  const checked: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(rules, key)) throw unknownOption(call, key, Object.keys(rules));
    if (value === undefined) continue;
    const rule = rules[key as keyof T];
    if (!rule.allows(value)) {
      throw new MeshError("BAD_OPTION", `${call}: ${key} must be ${rule.text}`);
    }
    checked[key] = value;
  }
  return Object.freeze(checked as Partial<T>);
}

function unknownOption(call: string, key: string, known: readonly string[]): MeshError {
  const nearest = known.toSorted((a, b) => distance(key, a) - distance(key, b))[0] ?? "";
  const isNear = distance(key, nearest) <= Math.max(2, key.length / 3);
  const hint = isNear ? `did you mean ${nearest}?` : `known: ${known.join(", ")}`;
  return new MeshError("BAD_OPTION", `${call}: unknown option ${JSON.stringify(key)}; ${hint}`);
}

/** Insertions, deletions and replacements between two names, whatever their case. */
function distance(left: string, right: string): number {
  const a = left.toLowerCase();
  const b = right.toLowerCase();
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
