import { readCommandLine } from "./command-line.js";
import { type ConfigFile, readConfigFile } from "./config-file.js";
import { usageFault } from "./fault.js";
import type { Flag, Flags, Values } from "./flags.js";
import { didYouMean } from "./nearest.js";

/** What a verb was asked to do, checked. */
export interface Resolved<F extends Flags = Flags> {
  readonly positionals: readonly string[];
  readonly flags: Values<F>;
  /** Flags that somebody gave, anywhere; the others have their defaults. */
  readonly given: ReadonlySet<string>;
  /** Resolves it once more: the config file may be another one by now. */
  again(): Promise<Resolved<F>>;
}

/** The parts of a verb that say how it is written. */
export interface Usage<F extends Flags = Flags> {
  readonly name: string;
  /** The positional arguments, as in `CHANNEL [BODY]` or `PATTERN…`. */
  readonly usage: string;
  readonly flags: F;
}

/** Names the variable of a flag: `THYNAPSE_PUB_PORT` for `pub-port`. */
export function variableOf(flag: string): string {
  return `THYNAPSE_${flag.replaceAll("-", "_").toUpperCase()}`;
}

/**
 * Resolves a command line: a flag counts before its variable, that before the config file, and that
 * before the default. Every text is read by the same rules, wherever it stood.
 *
 * @throws {CliFault} of usage, or 73 for a config file that cannot be read.
 */
export async function resolveCommandLine<F extends Flags>(
  verb: Usage<F>,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Resolved<F>> {
  const line = await readCommandLine(argv, verb);
  const path = (line.given.get("config") ?? variable("config", env))?.[0];
  const config = path === undefined ? undefined : readConfigFile(path);
  const configured = config === undefined ? undefined : configuredFlags(config, verb.flags);

  const values: Record<string, unknown> = {};
  const given = new Set<string>();
  for (const [name, flag] of Object.entries(verb.flags)) {
    const [where, texts] =
      found(`--${name}`, line.given.get(name)) ??
      found(variableOf(name), split(variable(name, env), flag.repeatable)) ??
      found(`${config?.name}: ${name}`, configured?.get(name)) ??
      [];
    if (where === undefined || texts === undefined) {
      values[name] = flag.fallback;
      continue;
    }
    if (texts.length > 1 && !flag.repeatable) throw usageFault(`${where} given twice`, "leave one");
    values[name] = flag.read(texts, where);
    given.add(name);
  }
  checkPositionals(verb, line.positionals);
  const again = (): Promise<Resolved<F>> => resolveCommandLine(verb, argv, env);
  return { positionals: line.positionals, flags: values as Values<F>, given, again };
}

function found(where: string, texts: readonly string[] | undefined) {
  return texts === undefined ? undefined : ([where, texts] as const);
}

function variable(name: string, env: NodeJS.ProcessEnv): readonly string[] | undefined {
  const text = env[variableOf(name)];
  return text === undefined ? undefined : [text];
}

/** A variable has one text; commas stand between several. */
function split(texts: readonly string[] | undefined, repeatable: boolean) {
  return repeatable ? texts?.flatMap((text) => text.split(",")) : texts;
}

/** The texts of a config file by the names of the flags; there they may have two. */
function configuredFlags(config: ConfigFile, flags: Flags): Map<string, readonly string[]> {
  const configured = new Map<string, readonly string[]>();
  for (const [key, texts] of config.entries) {
    const name = Object.keys(flags).find((flag) => configNames(flag, flags[flag]).includes(key));
    if (name === undefined || name === "config") {
      const meant = didYouMean(key, Object.keys(flags));
      throw usageFault(`${config.name}: unknown flag ${key}${meant}`);
    }
    if (configured.has(name)) throw usageFault(`${config.name}: ${key} given twice`, "leave one");
    configured.set(name, texts);
  }
  return configured;
}

/** A flag stands in a file as it is written, or as in code: `pub-port` or `pubPort`. */
function configNames(name: string, flag: Flag | undefined): readonly string[] {
  const camel = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return [name, flag?.configName ?? camel];
}

function checkPositionals(verb: Usage, given: readonly string[]): void {
  const wanted = verb.usage.split(" ").filter((word) => word !== "");
  const usage = `usage: thynapse ${verb.name} ${verb.usage}`.trimEnd();
  const missing = wanted[given.length];
  if (missing !== undefined && !missing.startsWith("[")) {
    throw usageFault(`${verb.name} needs ${missing.replace("…", "")}`, usage);
  }
  const many = wanted[wanted.length - 1]?.includes("…") === true;
  const extra = given[wanted.length];
  if (!many && extra !== undefined) {
    throw usageFault(`${verb.name} does not take ${JSON.stringify(extra)}`, usage);
  }
}
