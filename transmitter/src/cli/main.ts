import { type CliFault, exitCode, type ExitCode, faultLine, faultOf, usageFault } from "./fault.js";
import { Interrupts } from "./interrupts.js";
import { didYouMean } from "./nearest.js";
import { Output } from "./output.js";
import type { Verb } from "./verb.js";
import { verbs } from "./verbs.js";
import { ownVersion } from "./version.js";

const out = new Output(process.stdout);
const err = new Output(process.stderr);
const argv = process.argv.slice(2);

process.on("uncaughtException", (thrown) => {
  const exit = tell(thrown, argv);
  void err.flush().then(() => process.exit(exit));
});
process.exit(await end(argv));

/** Runs, says in one line what went wrong, and lets both outputs go first. */
async function end(words: readonly string[]): Promise<ExitCode> {
  const exit = await run(words).catch((thrown: unknown) => tell(thrown, words));
  await Promise.all([out.flush(), err.flush()]);
  if (out.fault !== undefined && exit === exitCode.ok) {
    const failed = tell(out.fault, words);
    await err.flush();
    return failed;
  }
  return exit;
}

async function run([name, ...words]: readonly string[]): Promise<ExitCode> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    return await help(words[0]);
  }
  if (name === "--version" || name === "-V") {
    await out.line(ownVersion());
    return exitCode.ok;
  }
  if (asksForHelp(words)) return await help(name);
  // One after the other: Node opens all files of an import at once, and there may be few to open.
  const verb = await loadVerb(name);
  const { resolveCommandLine } = await import("./resolve.js");
  const resolved = await resolveCommandLine(verb, words, process.env);
  const interrupts = new Interrupts();
  interrupts.listen();
  return await verb.run({ ...resolved, env: process.env, out, err, interrupts });
}

async function loadVerb(name: string): Promise<Verb> {
  if (Object.hasOwn(verbs, name)) return await verbs[name]!.load();
  const all = "thynapse --help lists the verbs";
  if (name.startsWith("-")) throw usageFault(`${name} before a verb: the verb comes first`, all);
  throw usageFault(`unknown verb ${name}${didYouMean(name, Object.keys(verbs))}`, all);
}

function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return (end < 0 ? words : words.slice(0, end)).some((word) => word === "--help" || word === "-h");
}

async function help(name: string | undefined): Promise<ExitCode> {
  const verb = name === undefined || name.startsWith("-") ? undefined : await loadVerb(name);
  const { helpOf, helpOfAll } = await import("./help.js");
  await out.line(verb === undefined ? helpOfAll(ownVersion()) : helpOf(verb));
  return exitCode.ok;
}

function tell(thrown: unknown, words: readonly string[]): ExitCode {
  const fault = faultOf(thrown);
  void err.line(faultLine(fault));
  if (words.includes("--debug") || process.env["THYNAPSE_DEBUG"] === "true") {
    for (const trace of traces(fault)) void err.line(trace);
  }
  return fault.exit;
}

/** The stack of a fault and of what caused it. */
function traces(fault: CliFault): string[] {
  const found: string[] = [];
  for (let at: unknown = fault; at instanceof Error; at = at.cause)
    found.push(at.stack ?? at.message);
  return found;
}
