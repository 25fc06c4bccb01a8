import { usageFault, usageFaultOf } from "./fault.js";
import { didYouMean } from "./nearest.js";

/** One flag of a verb: how it is written, and how its text becomes a value. */
export interface Flag<T = unknown> {
  readonly describe: string;
  /** What stands for the value in the help; a toggle has none. */
  readonly placeholder: string | undefined;
  /** Other names, a letter or a word. */
  readonly alias: readonly string[];
  /** Its name in a config file, where that is not its own in camel case. */
  readonly configName?: string;
  /** Whether it may be given more than once. */
  readonly repeatable: boolean;
  /** The values that it knows, if they can be listed: for completion. */
  readonly choices?: readonly string[];
  /** What the help says of the default. */
  readonly shown: string | undefined;
  /** The value where nobody gave one. */
  readonly fallback: T;
  /**
   * Reads what was given; `where` names the place: `--port`, `THYNAPSE_PORT`, `thynapse.json:
   * port`.
   *
   * @throws {CliFault} of usage, beginning with `where`.
   */
  read(texts: readonly string[], where: string): T;
}

/** The flags of a verb by their names, as written after the two dashes. */
export type Flags = Readonly<Record<string, Flag>>;

/** The values of flags. */
export type Values<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never;
};

/** What every kind of flag has. */
export interface FlagRules {
  readonly describe: string;
  readonly alias?: string | readonly string[];
  readonly placeholder?: string;
}

interface Defaulted<D> {
  readonly fallback?: D;
}

/** Makes a flag that is there or not. */
export function toggle(rules: FlagRules): Flag<boolean> {
  return {
    ...common(rules, undefined),
    choices: ["true", "false"],
    fallback: false,
    read: ([text = ""], where) => {
      if (text === "true" || text === "1") return true;
      if (text === "false" || text === "0") return false;
      throw usageFault(`${where}: true or false, got ${JSON.stringify(text)}`);
    },
  };
}

/**
 * Makes a flag of one text; `check` throws for one that breaks the rules, or returns a better one.
 */
export function text<D extends string | undefined = undefined>(
  rules: FlagRules & Defaulted<D> & { readonly check?: (text: string) => string },
): Flag<string | D> {
  return {
    ...common(rules, rules.placeholder ?? "TEXT"),
    shown: rules.fallback,
    fallback: rules.fallback as D,
    read: ([given = ""], where) => checked(given, where, rules.check),
  };
}

/** Makes a flag of any number of texts. */
export function list<D extends readonly string[]>(
  rules: FlagRules & { readonly fallback: D; readonly check?: (text: string) => string },
): Flag<readonly string[]> {
  return {
    ...common(rules, rules.placeholder ?? "TEXT"),
    repeatable: true,
    shown: rules.fallback.join(", ") || undefined,
    fallback: rules.fallback,
    read: (texts, where) => texts.map((given) => checked(given, where, rules.check)),
  };
}

/** Makes a flag of one word out of few. */
export function choice<C extends string, D extends C | undefined = undefined>(
  choices: readonly C[],
  rules: FlagRules & Defaulted<D>,
): Flag<C | D> {
  return {
    ...common(rules, choices.join("|")),
    choices,
    shown: rules.fallback,
    fallback: rules.fallback as D,
    read: ([given = ""], where) => {
      const found = choices.find((word) => word === given);
      if (found !== undefined) return found;
      const known = choices.join(", ");
      throw usageFault(
        `${where}: ${JSON.stringify(given)} is not one of ${known}${didYouMean(given, choices)}`,
      );
    },
  };
}

/** What a number may be, both ends included. */
export interface NumberRules<D> extends FlagRules, Defaulted<D> {
  readonly min: number;
  readonly max: number;
}

/** Makes a flag of a whole number: digits and nothing else. */
export function integer<D extends number | undefined = undefined>(
  rules: NumberRules<D>,
): Flag<number | D> {
  const range = `a whole number from ${rules.min} to ${rules.max}`;
  return {
    ...common(rules, rules.placeholder ?? "N"),
    shown: rules.fallback?.toString(),
    fallback: rules.fallback as D,
    read: ([given = ""], where) => {
      if (!/^-?\d+$/.test(given)) {
        throw usageFault(`${where}: digits only, got ${JSON.stringify(given)}`, range);
      }
      return inRange(Number(given), { given, where, range, ...rules });
    },
  };
}

/** Makes a flag of a number that may have a fraction, written with a point. */
export function fraction<D extends number | undefined = undefined>(
  rules: NumberRules<D>,
): Flag<number | D> {
  const range = `a number from ${rules.min} to ${rules.max}`;
  return {
    ...common(rules, rules.placeholder ?? "X"),
    shown: rules.fallback?.toString(),
    fallback: rules.fallback as D,
    read: ([given = ""], where) => {
      if (!/^\d+(\.\d+)?$/.test(given)) {
        throw usageFault(`${where}: digits and a point only, got ${JSON.stringify(given)}`, range);
      }
      return inRange(Number(given), { given, where, range, ...rules });
    },
  };
}

const unitMs: Readonly<Record<string, number>> = {
  "": 1,
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

/** Makes a flag of a duration in ms: `250`, `250ms`, `5s`, `2m`, `1h`. */
export function duration<D extends number | undefined = undefined>(
  rules: NumberRules<D>,
): Flag<number | D> {
  const range = `${durationText(rules.min)} to ${durationText(rules.max)}, such as 250ms, 5s or 2m`;
  return {
    ...common(rules, rules.placeholder ?? "DURATION"),
    shown: rules.fallback === undefined ? undefined : durationText(rules.fallback),
    fallback: rules.fallback as D,
    read: ([given = ""], where) => {
      const [, digits, unit = ""] = /^(\d+)(ms|s|min|m|h)?$/.exec(given) ?? [];
      if (digits === undefined) {
        const what = `${where}: digits only, then ms, s, m or h, got ${JSON.stringify(given)}`;
        throw usageFault(what, range);
      }
      return inRange(Number(digits) * (unitMs[unit] ?? 1), { given, where, range, ...rules });
    },
  };
}

const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Makes a flag of a size in bytes: `512`, `64KiB`, `1MB`. */
export function size<D extends number | undefined = undefined>(
  rules: NumberRules<D>,
): Flag<number | D> {
  const range = `${sizeText(rules.min)} to ${sizeText(rules.max)}, such as 512, 64KiB or 1MB`;
  return {
    ...common(rules, rules.placeholder ?? "BYTES"),
    shown: rules.fallback === undefined ? undefined : sizeText(rules.fallback),
    fallback: rules.fallback as D,
    read: ([given = ""], where) => {
      const [, digits, unit = ""] = /^(\d+)([kKMG]i?B|B)?$/.exec(given) ?? [];
      const factor = unitBytes[unit];
      if (digits === undefined || factor === undefined) {
        const what = `${where}: digits only, then kB, KiB, MB or MiB, got ${JSON.stringify(given)}`;
        throw usageFault(what, range);
      }
      return inRange(Number(digits) * factor, { given, where, range, ...rules });
    },
  };
}

/** Writes a duration as a flag takes it: `5s` for 5000. */
export function durationText(ms: number): string {
  for (const unit of ["h", "m", "s"]) {
    const factor = unitMs[unit] ?? 1;
    if (ms >= factor && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return `${ms}ms`;
}

/** Writes a size as a flag takes it: `64KiB` for 65536. */
export function sizeText(bytes: number): string {
  for (const unit of ["GiB", "MiB", "KiB"]) {
    const factor = unitBytes[unit] ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}`;
}

function common(rules: FlagRules, placeholder: string | undefined) {
  const { alias = [], describe } = rules;
  return {
    describe,
    placeholder,
    alias: typeof alias === "string" ? [alias] : alias,
    repeatable: false,
    shown: undefined as string | undefined,
  };
}

function checked(given: string, where: string, check?: (text: string) => string): string {
  if (check === undefined) return given;
  try {
    return check(given);
  } catch (thrown) {
    throw usageFaultOf(thrown, where);
  }
}

interface Ranged {
  readonly given: string;
  readonly where: string;
  readonly range: string;
  readonly min: number;
  readonly max: number;
}

function inRange(value: number, { given, where, range, min, max }: Ranged): number {
  if (value >= min && value <= max) return value;
  throw usageFault(`${where}: ${given} is out of range`, range);
}
