import { jsonLine } from "../event-view.js";
import { CliFault, type ExitCode, exitCode, usageFault } from "../fault.js";
import { toggle } from "../flags.js";
import { didYouMean } from "../nearest.js";
import { type Session, withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import { findTransmitter, listMesh, type MeshList, tellMissing } from "../mesh-list.js";
import type { Output } from "../output.js";
import { askSystem, type ListRequest, type Row, type SystemQuery } from "../system.js";
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
  readonly request: ListRequest | "$mesh.status" | "$mesh.metrics";
  /** Fields that the further arguments are compared with, in turn. */
  readonly names: readonly string[];
  /** How many of them may be left out. */
  readonly optional?: number;
  /** Field that one argument is compared with where it fits none by the first. */
  readonly other?: string;
}

const subjects: Readonly<Record<string, Subject>> = {
  status: { request: "$mesh.status", names: ["transmitter"], optional: 1 },
  metrics: { request: "$mesh.metrics", names: ["transmitter"], optional: 1 },
  transmitter: { request: "$mesh.transmitters", names: ["id"] },
  link: { request: "$mesh.links", names: ["transmitter", "peer"], optional: 1, other: "peer" },
  cell: { request: "$mesh.cells", names: ["id"] },
  service: { request: "$mesh.services", names: ["service"] },
  group: { request: "$mesh.groups", names: ["service", "pattern"], optional: 1 },
  pattern: { request: "$mesh.patterns", names: ["pattern"] },
};

/** Fields that hold an id, which may be cut short. */
const idFields: ReadonlySet<string> = new Set(["id", "transmitter", "peer"]);

/** `thynapse show WHAT [NAME]`: one thing with all its fields. */
export const show = defineVerb({
  name: "show",
  usage: "[WHAT] [NAME] [PATTERN]",
  flags,
  words: Object.keys(subjects),
  notes: `WHAT is one of ${Object.keys(subjects).join(", ")}; status if nothing is said. An ID may
be cut short as long as it names one; for that of a transmitter its address will do. Status and
metrics are those of the transmitter that is asked, or of the named one.`,
  examples: [
    "show status",
    "show status 77b0",
    "show cell 1f3a",
    "show link 77b0",
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

function checkNames(
  what: string,
  { names: wanted, optional = 0 }: Subject,
  given: readonly string[],
): void {
  const words = [what, ...wanted.map((name) => name.toUpperCase())];
  const usage = `usage: thynapse show ${words.join(" ")}`;
  const missing = wanted[given.length];
  if (given.length < wanted.length - optional && missing !== undefined) {
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
  { flags: given, out, err }: ShowInvocation,
  { cell, ending }: Session,
  choice: Choice,
): Promise<ExitCode> {
  const query: SystemQuery = { timeoutMs: given.timeout, signal: ending };
  const { request } = choice.subject;
  const of =
    request === "$mesh.status" || request === "$mesh.metrics" ? choice.names[0] : undefined;
  const transmitter = of === undefined ? undefined : (await findTransmitter(cell, of, query))["id"];
  const data = transmitter === undefined ? {} : { transmitter };
  if (given.prometheus) {
    const { text } = await askSystem(cell, "$mesh.prometheus", { ...query, data });
    await out.write(text.endsWith("\n") ? text : `${text}\n`);
    return exitCode.ok;
  }
  const { found, missing } =
    request === "$mesh.status" || request === "$mesh.metrics"
      ? { found: [await askSystem(cell, request, { ...query, data })], missing: [] }
      : request === "$mesh.transmitters"
        ? { found: [await findTransmitter(cell, choice.names[0] ?? "", query)], missing: [] }
        : await pick(await listMesh(cell, request, query), choice, err);
  for (const [at, row] of found.entries()) {
    if (given.json) {
      await out.line(jsonLine(row));
    } else {
      if (at > 0) await out.line("");
      for (const line of pairLines(row)) await out.line(line);
    }
  }
  return missing.length === 0 ? exitCode.ok : exitCode.timedOut;
}

/** The rows that the names fit: whole, or an ID by its beginning if that fits one only. */
async function pick({ rows, missing }: MeshList, { what, subject, names }: Choice, err: Output) {
  const fields = subject.names.slice(0, names.length);
  const others = subject.other === undefined || names.length > 1 ? [] : [[subject.other]];
  let found: Row[] = [];
  for (const compared of [fields, ...others]) {
    for (const isBegun of [false, true]) {
      const isFit = (row: Row): boolean => fits(row, { fields: compared, names, isBegun });
      if (found.length === 0) found = rows.filter(isFit);
    }
  }
  const name = names.join(" ");
  const isSole =
    subject.optional === undefined && fields[0] !== undefined && idFields.has(fields[0]);
  if (isSole && found.length > 1) {
    throw usageFault(`${found.length} ${what}s begin with ${name}`, "add digits");
  }
  // What was found is whole; what was not may be with those who did not answer.
  if (found.length > 0 && isSole) return { found, missing: [] };
  await tellMissing(missing, err);
  if (found.length > 0) return { found, missing };
  throw new CliFault(exitCode.failed, `no ${what} ${name} here`, {
    fix: `thynapse ls ${what}s lists them`,
  });
}

interface Comparison {
  readonly fields: readonly string[];
  readonly names: readonly string[];
  /** Whether an id that only begins so fits, too. */
  readonly isBegun: boolean;
}

function fits(row: Row, { fields, names, isBegun }: Comparison): boolean {
  return fields.every((field, at) => {
    const [value, name = ""] = [String(row[field]), names[at]];
    return value === name || (isBegun && idFields.has(field) && value.startsWith(name));
  });
}
