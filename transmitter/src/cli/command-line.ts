import yargs, { type Argv } from "yargs";
import { CliFault, usageFault } from "./fault.js";
import type { Flag, Flags } from "./flags.js";
import { didYouMean } from "./nearest.js";

/** A command line taken apart; nothing in it has been judged yet. */
export interface CommandLine {
  readonly positionals: readonly string[];
  /** The texts given to each flag, by its first name. */
  readonly given: ReadonlyMap<string, readonly string[]>;
}

/** What is needed of a verb to read its command line. */
export interface Syntax {
  readonly name: string;
  readonly flags: Flags;
}

/*
 * yargs guesses nothing here: every value stays the text that was typed, and what follows `--`
 * stays apart, since a body may look like a flag.
 */
const asTyped = {
  "boolean-negation": false,
  "camel-case-expansion": false,
  "dot-notation": false,
  "duplicate-arguments-array": true,
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "populate--": true,
  "strip-aliased": true,
};

/**
 * Starts a parser without the habits of yargs that hurt, such as taking a body `help` for the flag.
 */
function startParser(): Argv {
  return yargs()
    .scriptName("thynapse")
    .locale("en")
    .help(false)
    .version(false)
    .exitProcess(false)
    .parserConfiguration(asTyped)
    .fail((text, error) => {
      throw error ?? usageFault(text);
    });
}

/**
 * Takes a command line apart by the flags of its verb.
 *
 * @throws {CliFault} of usage: an unknown flag, one given twice, one without its value.
 */
export async function readCommandLine(
  argv: readonly string[],
  syntax: Syntax,
): Promise<CommandLine> {
  checkToggles(argv, syntax.flags);
  const parser = withFlags(startParser(), syntax.flags).strictOptions();
  parser.fail((text, error) => {
    throw error instanceof CliFault ? error : usageFaultFrom(text, syntax);
  });
  const { _: words, "--": rest = [], ...flags } = await parser.parseAsync([...argv]);
  const given = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(flags)) {
    const flag = syntax.flags[name];
    if (flag === undefined || value === undefined) continue;
    const texts = (Array.isArray(value) ? value : [value]).map(String);
    if (texts.length > 1 && !flag.repeatable) throw givenTwice(name);
    given.set(name, texts);
  }
  return { positionals: [...words, ...(rest as readonly unknown[])].map(String), given };
}

function withFlags(parser: Argv, flags: Flags): Argv {
  for (const [name, flag] of Object.entries(flags)) {
    const kind = isToggle(flag)
      ? { type: "boolean" as const }
      : { type: "string" as const, nargs: 1 };
    parser.option(name, { alias: [...flag.alias], ...kind });
  }
  return parser;
}

function isToggle(flag: Flag): boolean {
  return flag.placeholder === undefined;
}

/** yargs takes `--json --json` and `--json=maybe` without a word, so toggles are looked at here. */
function checkToggles(argv: readonly string[], flags: Flags): void {
  const seen = new Set<string>();
  for (const word of argv) {
    if (word === "--") return;
    const [, written = "", , value] = /^--?([^=]+)(=(.*))?$/s.exec(word) ?? [];
    const found = Object.entries(flags).find(
      ([name, flag]) => isToggle(flag) && [name, ...flag.alias].includes(written),
    );
    if (found === undefined) continue;
    const [name, flag] = found;
    if (seen.has(name)) throw givenTwice(name);
    seen.add(name);
    if (value !== undefined) flag.read([value], `--${name}`);
  }
}

function givenTwice(name: string): CliFault {
  return usageFault(`--${name} given twice`, "leave one");
}

function usageFaultFrom(text: string, { name, flags }: Syntax): CliFault {
  const help = `thynapse ${name} --help lists them`;
  const [, unknown] = /^Unknown arguments?: ([^,]+)/.exec(text) ?? [];
  if (unknown !== undefined) {
    const dashes = unknown.length === 1 ? "-" : "--";
    const names = Object.entries(flags).flatMap(([flag, { alias }]) => [flag, ...alias]);
    const meant = unknown.length === 1 ? "" : didYouMean(unknown, longNames(names), "--");
    return usageFault(`unknown flag ${dashes}${unknown}${meant}`, help);
  }
  const [, short] = /^Not enough arguments following: (.+)$/.exec(text) ?? [];
  if (short !== undefined) {
    const flag = Object.keys(flags).find((key) => flags[key]?.alias.includes(short)) ?? short;
    const placeholder = flags[flag]?.placeholder ?? "VALUE";
    return usageFault(`--${flag} needs a value`, `write --${flag} ${placeholder}`);
  }
  return usageFault(text, help);
}

function longNames(names: readonly string[]): readonly string[] {
  return names.filter((name) => name.length > 1);
}
