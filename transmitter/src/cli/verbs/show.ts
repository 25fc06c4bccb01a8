import { jsonLine } from "../event-view.js";
import { CliFault, type ExitCode, exitCode, usageFault } from "../fault.js";
import { toggle } from "../flags.js";
import { didYouMean } from "../nearest.js";
import { type Session, withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import { askSystem, type Row, type SystemQuery } from "../system.js";
import { pairLines } from "../table.js";
import { defineVerb, type Invocation } from "../verb.js";

const flags = {
  prometheus: toggle({ describe: "with metrics: in the text format of Prometheus" }),
  ...timeoutFlag(),
  ...cellFlags,
};

type ShowInvocation = Invocation<typeof flags>;

/** One thing that can be shown: which request lists it, and which fields name one of many. */
interface Subject {
  readonly request:
    | "$mesh.status"
    | "$mesh.metrics"
    | "$mesh.transmitters"
    | "$mesh.cells"
    | "$mesh.services"
    | "$mesh.groups"
    | "$mesh.patterns";
  /** Fields that the further arguments are compared with, in turn. */
  readonly names: readonly string[];
}

const subjects: Readonly<Record<string, Subject>> = {
  status: { request: "$mesh.status", names: [] },
  metrics: { request: "$mesh.metrics", names: [] },
  transmitter: { request: "$mesh.transmitters", names: ["id"] },
  cell: { request: "$mesh.cells", names: ["id"] },
  service: { request: "$mesh.services", names: ["service"] },
  group: { request: "$mesh.groups", names: ["service", "pattern"] },
  pattern: { request: "$mesh.patterns", names: ["pattern"] },
};

/** `thynapse show WHAT [NAME]`: one thing with all its fields. */
export const show = defineVerb({
  name: "show",
  usage: "[WHAT] [NAME] [PATTERN]",
  flags,
  notes: `WHAT is one of ${Object.keys(subjects).join(", ")}; status if nothing is said. An ID may
be cut short as long as it names one cell.`,
  examples: [
    "show status",
    "show cell 1f3a",
    "show group billing 'orders.*'",
    "show metrics --prometheus",
  ],
  async run(invocation) {
    const { flags: given, positionals } = invocation;
    const [what = "status", ...names] = positionals;
    const subject = Object.hasOwn(subjects, what) ? subjects[what] : undefined;
    if (subject === undefined) {
      const known = Object.keys(subjects);
      throw usageFault(
        `show: nothing called ${JSON.stringify(what)}${didYouMean(what, known)}`,
        `one of ${known.join(", ")}`,
      );
    }
    checkNames(what, subject, names);
    if (given.prometheus && what !== "metrics") {
      throw usageFault("--prometheus goes with metrics", "thynapse show metrics --prometheus");
    }
    if (given.prometheus && given.json) throw usageFault("--json and --prometheus: choose one");
    return await withCell(
      invocation,
      async (session) => await showOne(invocation, session, { what, subject, names }),
    );
  },
});

function checkNames(what: string, { names: wanted }: Subject, given: readonly string[]): void {
  const words = [what, ...wanted.map((name) => name.toUpperCase())];
  const usage = `usage: thynapse show ${words.join(" ")}`;
  const optional = what === "group" ? 1 : wanted.length;
  const missing = wanted[given.length];
  if (given.length < optional && missing !== undefined) {
    throw usageFault(`show ${what} needs ${missing.toUpperCase()}`, usage);
  }
  const extra = given[wanted.length];
  if (extra !== undefined) {
    throw usageFault(`show ${what} does not take ${JSON.stringify(extra)}`, usage);
  }
}

interface Choice {
  readonly what: string;
  readonly subject: Subject;
  readonly names: readonly string[];
}

async function showOne(
  { flags: given, out }: ShowInvocation,
  { cell, ending }: Session,
  { what, subject, names }: Choice,
): Promise<ExitCode> {
  const query: SystemQuery = { timeoutMs: given.timeout, signal: ending };
  if (given.prometheus) {
    const { text } = await askSystem(cell, "$mesh.prometheus", query);
    await out.write(text.endsWith("\n") ? text : `${text}\n`);
    return exitCode.ok;
  }
  const result: Row | readonly Row[] = await askSystem(cell, subject.request, query);
  const found = isList(result) ? pick(result, { what, subject, names }) : [result];
  for (const [at, row] of found.entries()) {
    if (given.json) {
      await out.line(jsonLine(row));
    } else {
      if (at > 0) await out.line("");
      for (const line of pairLines(row)) await out.line(line);
    }
  }
  return exitCode.ok;
}

function isList(result: Row | readonly Row[]): result is readonly Row[] {
  return Array.isArray(result);
}

/** The rows that the names fit: whole, or an ID by its beginning if that fits one only. */
function pick(rows: readonly Row[], { what, subject, names }: Choice): readonly Row[] {
  const fields = subject.names.slice(0, names.length);
  const whole = rows.filter((row) => fields.every((field, at) => row[field] === names[at]));
  if (whole.length > 0) return whole;
  const name = names.join(" ");
  const begun =
    fields[0] === "id" ? rows.filter((row) => String(row["id"]).startsWith(names[0] ?? "")) : [];
  if (begun.length === 1) return begun;
  if (begun.length > 1)
    throw usageFault(`${begun.length} ${what}s begin with ${name}`, "add digits");
  throw new CliFault(exitCode.failed, `no ${what} ${name} here`, {
    fix: `thynapse ls ${what}s lists them`,
  });
}
