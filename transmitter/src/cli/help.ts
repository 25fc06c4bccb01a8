import { startParser, withFlags } from "./command-line.js";
import { exitCode } from "./fault.js";
import { variableOf } from "./resolve.js";
import type { Verb } from "./verb.js";
import { verbs } from "./verbs.js";

const columnsMax = 100;

/** Writes the help of the whole command. */
export async function helpOfAll(version: string): Promise<string> {
  const parser = startParser()
    .usage(`thynapse ${version}: an event mesh\n\nusage: thynapse VERB [flags]`)
    .updateStrings({ "Commands:": "verbs:" });
  for (const [name, { summary }] of Object.entries(verbs)) parser.command(name, summary);
  const codes = Object.entries(exitCode).map(([name, code]) => `${code} ${wordsOf(name)}`);
  parser.epilogue(
    [
      "thynapse VERB --help says more; every flag is also a variable, THYNAPSE_<FLAG>, and may",
      "stand in a JSON file: -c FILE.",
      `\nexit codes: ${codes.join(", ")}`,
    ].join("\n"),
  );
  return finish(await parser.wrap(columnsMax).getHelp());
}

/** Writes the help of one verb. */
export async function helpOf(verb: Verb): Promise<string> {
  const summary = verbs[verb.name]?.summary ?? "";
  const usage = `thynapse ${verb.name} ${verb.usage}`.trimEnd();
  const parser = withFlags(startParser(), verb.flags)
    .usage(`${usage}\n\n${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
    .updateStrings({ "Options:": "flags:", "Examples:": "examples:" });
  for (const example of verb.examples) parser.example(`thynapse ${example}`, "");
  const someFlag = Object.keys(verb.flags)[0] ?? "json";
  parser.epilogue(
    `${verb.notes === undefined ? "" : `${verb.notes}\n\n`}Every flag is also a variable, such as ${variableOf(someFlag)}.`,
  );
  return finish(await parser.wrap(columnsMax).getHelp());
}

function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}

function finish(text: string): string {
  return text.trim();
}
