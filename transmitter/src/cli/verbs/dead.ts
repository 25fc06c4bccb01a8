import { checkService } from "@thynapse/protocol";
import { createInterface } from "node:readline/promises";
import { bodyText, jsonLine } from "../event-view.js";
import { type ExitCode, exitCode, usageFault } from "../fault.js";
import { integer, text, toggle } from "../flags.js";
import { didYouMean } from "../nearest.js";
import { type Session, withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
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
  readonly service?: string;
}

/** `thynapse dead ACTION [LETTER]`: events that a group has given up. */
export const dead = defineVerb({
  name: "dead",
  usage: "[ACTION] [LETTER]",
  flags,
  notes: `ACTION is one of ${actions.join(", ")}; ls if nothing is said. redrive and drop take the
number of a LETTER, or --service for all of one.`,
  examples: [
    "dead ls --service billing",
    "dead show 12",
    "dead redrive 12",
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
    if (!/^\d{1,15}$/.test(number)) {
      throw usageFault(`LETTER: digits only, got ${JSON.stringify(number)}`);
    }
    if (service !== undefined) throw usageFault("LETTER and --service: choose one");
    return { letter: Number(number) };
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

async function list({ flags: given, out }: DeadInvocation, session: Session): Promise<ExitCode> {
  const { service, limit } = given;
  const data = { limit, ...(service !== undefined && { service }) };
  const letters = await askSystem(session.cell, "$mesh.dead.list", query(given, session, data));
  if (given.json) {
    for (const letter of letters) await out.line(jsonLine(letter));
  } else {
    for (const line of tableLines(columns, letters)) await out.line(line);
  }
  return exitCode.ok;
}

async function showLetter(
  { flags: given, out }: DeadInvocation,
  session: Session,
  { letter }: Target,
): Promise<ExitCode> {
  const data = { letter };
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
  const { flags: given, out } = invocation;
  if (action === "drop" && !(await isMeant(invocation, session, target))) return exitCode.failed;
  const request = `$mesh.dead.${action}` as const;
  const { count } = await askSystem(session.cell, request, query(given, session, { ...target }));
  const done = action === "drop" ? "dropped" : "redriven";
  await out.line(given.json ? jsonLine({ [done]: count }) : `${done} ${count}`);
  return exitCode.ok;
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
