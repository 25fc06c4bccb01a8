import { checkService } from "@thynapse/protocol";
import { createInterface } from "node:readline/promises";
import { bodyText, jsonLine } from "../event-view.js";
import { type ExitCode, exitCode, usageFault } from "../fault.js";
import { integer, text, toggle } from "../flags.js";
import { didYouMean } from "../nearest.js";
import { type Session, withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import { findTransmitter, listMesh, tellMissing } from "../mesh-list.js";
import { askSystem, type Row, type SystemQuery } from "../system.js";
import { type Column, pairLines, tableLines } from "../table.js";
import { defineVerb, type Invocation } from "../verb.js";

const flags = {
  service: text({
    describe: "the dead letters of this service",
    alias: "s",
    placeholder: "NAME",
    check: checkService,
  }),
  limit: integer({
    describe: "with ls: only the newest",
    placeholder: "COUNT",
    min: 1,
    max: 1_000_000,
    fallback: 100,
  }),
  yes: toggle({ describe: "with drop: do not ask, where it is a terminal" }),
  ...timeoutFlag(),
  ...cellFlags,
};

type DeadInvocation = Invocation<typeof flags>;

const actions = ["ls", "show", "redrive", "drop"] as const;
type Action = (typeof actions)[number];

/** What is asked for: one letter, or those of a service. */
interface Target {
  readonly letter?: number;
  /** The beginning of the id of the transmitter that has it. */
  readonly transmitter?: string;
  readonly service?: string;
}

/** `thynapse dead ACTION [LETTER]`: events that a group has given up. */
export const dead = defineVerb({
  name: "dead",
  usage: "[ACTION] [LETTER]",
  flags,
  words: actions,
  notes: `ACTION is one of ${actions.join(", ")}; ls if nothing is said. redrive and drop take a
LETTER, or --service for all of one, on every transmitter. A LETTER is a number, with the beginning
of its transmitter's ID before it where several have that number: 77b0/12.`,
  examples: [
    "dead ls --service billing",
    "dead show 12",
    "dead redrive 77b0/12",
    "dead drop --service billing",
  ],
  async run(invocation) {
    const { positionals, flags: given } = invocation;
    const [name = "ls", number] = positionals;
    const action = actions.find((known) => known === name);
    if (action === undefined) {
      throw usageFault(
        `dead: no action ${JSON.stringify(name)}${didYouMean(name, actions)}`,
        `one of ${actions.join(", ")}`,
      );
    }
    const target = resolveTarget(action, number, given.service);
    return await withCell(invocation, async (session): Promise<ExitCode> => {
      if (action === "ls") return await list(invocation, session);
      if (action === "show") return await showLetter(invocation, session, target);
      return await change(invocation, session, { action, target });
    });
  },
});

function resolveTarget(
  action: Action,
  number: string | undefined,
  service: string | undefined,
): Target {
  if (action === "ls") {
    if (number !== undefined) throw usageFault("dead ls takes no LETTER", "thynapse dead show N");
    return {};
  }
  if (number !== undefined) {
    const [, transmitter, digits] = /^(?:([0-9a-f]{1,40})\/)?(\d{1,15})$/.exec(number) ?? [];
    if (digits === undefined) {
      const what = `LETTER: digits only, got ${JSON.stringify(number)}`;
      throw usageFault(what, "12, or 77b0/12 with the beginning of its transmitter's ID");
    }
    if (service !== undefined) throw usageFault("LETTER and --service: choose one");
    return { letter: Number(digits), ...(transmitter !== undefined && { transmitter }) };
  }
  if (action === "show" || service === undefined) {
    throw usageFault(
      `dead ${action} needs LETTER${action === "show" ? "" : " or --service"}`,
      "thynapse dead ls lists them",
    );
  }
  return { service };
}

const columns: readonly Column[] = [
  { field: "letter" },
  { field: "atMs", title: "at", show: (value) => new Date(Number(value)).toISOString() },
  { field: "service" },
  { field: "pattern" },
  { field: "channel" },
  { field: "attempts" },
  { field: "reason" },
];

async function list(
  { flags: given, out, err }: DeadInvocation,
  session: Session,
): Promise<ExitCode> {
  const { service, limit } = given;
  const data = { limit, ...(service !== undefined && { service }) };
  const { rows: all, missing } = await listMesh(
    session.cell,
    "$mesh.dead.list",
    query(given, session, data),
  );
  // What did not fit into one answer has come whole, from one transmitter after the other.
  const rows = [...all].sort((a, b) => Number(a["atMs"]) - Number(b["atMs"])).slice(-limit);
  if (given.json) {
    for (const letter of rows) await out.line(jsonLine(letter));
  } else {
    const isOne = new Set(rows.map(({ transmitter }) => transmitter)).size < 2;
    const named = isOne ? rows : rows.map((row) => ({ ...row, letter: letterName(row) }));
    for (const line of tableLines(columns, named)) await out.line(line);
  }
  await tellMissing(missing, err);
  return missing.length === 0 ? exitCode.ok : exitCode.timedOut;
}

/** A letter as it is named where several transmitters have some. */
function letterName({ transmitter, letter }: Row): string {
  return `${String(transmitter).slice(0, 8)}/${String(letter)}`;
}

/** Finds the transmitter that has a letter: the one that is named, or the only one with it. */
async function locate(
  given: DeadInvocation["flags"],
  session: Session,
  { letter, transmitter, service }: Target,
): Promise<Row> {
  if (letter === undefined) return { service };
  if (transmitter !== undefined) {
    const { id } = await findTransmitter(session.cell, transmitter, query(given, session, {}));
    return { letter, transmitter: id };
  }
  const wanted = query(given, session, { letter });
  const { rows } = await listMesh(session.cell, "$mesh.dead.list", wanted);
  const [found] = rows;
  if (found === undefined) return { letter };
  if (rows.length === 1) return { letter, transmitter: found["transmitter"] };
  const what = `${rows.length} transmitters have a dead letter ${letter}`;
  throw usageFault(what, `say which one: ${rows.map(letterName).join(", ")}`);
}

async function showLetter(
  { flags: given, out }: DeadInvocation,
  session: Session,
  target: Target,
): Promise<ExitCode> {
  const data = await locate(given, session, target);
  const shown = await askSystem(session.cell, "$mesh.dead.show", query(given, session, data));
  if (given.json) {
    await out.line(jsonLine(shown));
    return exitCode.ok;
  }
  const { data: body, ...fields } = shown;
  for (const line of pairLines(fields)) await out.line(line);
  if ("data" in shown) await out.line(`data  ${bodyText(body)}`);
  return exitCode.ok;
}

async function change(
  invocation: DeadInvocation,
  session: Session,
  { action, target }: { readonly action: "redrive" | "drop"; readonly target: Target },
): Promise<ExitCode> {
  const { flags: given, out, err } = invocation;
  const data = await locate(given, session, target);
  if (action === "drop" && !(await isMeant(invocation, session, target))) return exitCode.failed;
  const request = `$mesh.dead.${action}` as const;
  const result = await askSystem(session.cell, request, query(given, session, data));
  const { count, missing = [] } = result;
  const done = action === "drop" ? "dropped" : "redriven";
  await out.line(given.json ? jsonLine({ [done]: count }) : `${done} ${count}`);
  await tellMissing(missing, err);
  return missing.length === 0 ? exitCode.ok : exitCode.timedOut;
}

/** Dropping cannot be undone: a person is asked, a script is not. */
async function isMeant(
  { flags: given, err }: DeadInvocation,
  { ending }: Session,
  { letter, service }: Target,
): Promise<boolean> {
  if (given.yes || given.json || !err.isTerminal || process.stdin.isTTY !== true) return true;
  const what = letter === undefined ? `all dead letters of ${service}` : `dead letter ${letter}`;
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`drop ${what}? [y/N] `, { signal: ending });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}

function query(given: { readonly timeout: number }, { ending }: Session, data: Row): SystemQuery {
  return { data, timeoutMs: given.timeout, signal: ending };
}
