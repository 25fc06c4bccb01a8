import { exitCode } from "./fault.js";
import type { Flag } from "./flags.js";
import { variableOf } from "./resolve.js";
import type { Verb } from "./verb.js";
import { verbs } from "./verbs.js";

const columnsMax = 100;

/** Where descriptions of flags begin; a longer flag has a line of its own. */
const flagColumns = 34;

/** Writes the help of the whole command. */
export function helpOfAll(version: string): string {
  const width = Math.max(...Object.keys(verbs).map((name) => name.length));
  const rows = Object.entries(verbs).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`,
  );
  const codes = Object.entries(exitCode).map(([name, code]) => `${code} ${wordsOf(name)}`);
  return [
    `thynapse ${version}: an event mesh`,
    "",
    "usage: thynapse VERB [flags]",
    "",
    ...rows,
    "",
    "thynapse VERB --help says more. Every flag is also a variable, THYNAPSE_<FLAG>, and may",
    "stand in a JSON file: -c FILE.",
    "",
    ...wrap(`exit codes: ${codes.join(", ")}`, columnsMax),
  ].join("\n");
}

/** Writes the help of one verb. */
export function helpOf(verb: Verb): string {
  const summary = verbs[verb.name]?.summary ?? "";
  const paragraphs = (verb.notes ?? "").split("\n").join(" ");
  const someFlag = Object.keys(verb.flags)[0] ?? "json";
  return [
    `usage: thynapse ${[verb.name, verb.usage].filter(Boolean).join(" ")} [flags]`,
    "",
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
    ...(paragraphs === "" ? [] : ["", ...wrap(paragraphs, columnsMax)]),
    "",
    ...Object.entries(verb.flags).flatMap(([name, flag]) => flagLines(name, flag)),
    "      --help".padEnd(flagColumns) + "print this",
    "",
    `Every flag is also a variable, such as ${variableOf(someFlag)}.`,
    "",
    ...verb.examples.map((example) => `  thynapse ${example}`),
  ].join("\n");
}

function flagLines(name: string, flag: Flag): string[] {
  const letter = flag.alias.find((alias) => alias.length === 1);
  const value = flag.placeholder === undefined ? "" : ` ${flag.placeholder}`;
  const head = `  ${letter === undefined ? "   " : `-${letter},`} --${name}${value}`;
  const shown = flag.shown === undefined ? "" : ` (default ${flag.shown})`;
  const [first = "", ...others] = wrap(flag.describe + shown, columnsMax - flagColumns);
  const below = others.map((line) => " ".repeat(flagColumns) + line);
  if (head.length > flagColumns - 2) return [head, " ".repeat(flagColumns) + first, ...below];
  return [head.padEnd(flagColumns) + first, ...below];
}

/** Breaks text into lines at spaces. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}
