import { expect } from "chai";

import { eventually } from "../support/eventually.js";
import type { StartedProcess } from "../support/process.js";
import { type RunEnd, startThynapse } from "./thynapse.js";
import { runVerb } from "./verb-runner.js";

/** Two processes start, and find each other. */
export const slowly = { withinMs: 20_000 };

/** A transmitter as a process of its own. */
export interface Up {
  readonly process: StartedProcess;
  readonly id: string;
  readonly command: string;
}

/** What a verb tells with `--json`, a line of it. */
export type Row = Readonly<Record<string, unknown>>;

/** Starts two transmitters that are linked both ways. */
export async function startMesh(flags: readonly string[] = []): Promise<Record<"a" | "b", Up>> {
  const a = await startUp(flags);
  const b = await startUp([...flags, "--link", a.command]);
  await eventually(async () => {
    expect(await rowsOf(a, "ls", "links", "--filter", "state=up")).to.have.length(2);
    expect(await rowsOf(b, "ls", "transmitters", "--filter", "state=alive")).to.have.length(2);
  }, slowly);
  return { a, b };
}

/** Starts one. */
export async function startUp(flags: readonly string[]): Promise<Up> {
  const started = startThynapse(["up", "--port", "0", "--json", ...flags]);
  const [line] = await started.waitForLine(/^\{"ready":true.*/, slowly);
  const { id, command } = JSON.parse(line) as { id: string; command: string };
  return { process: started, id, command };
}

/** Runs a verb at one of them. */
export async function run(
  { command }: Up,
  verb: string,
  ...words: readonly string[]
): Promise<RunEnd> {
  return await runVerb([verb, "-t", command, ...words]);
}

/** What a verb tells that must end well. */
export async function rowsOf(up: Up, verb: string, ...words: readonly string[]): Promise<Row[]> {
  const end = await run(up, verb, ...words, "--json");
  expect(end).to.deep.include({ code: 0, stderr: [] });
  return json(end);
}

/** The lines of an end, read. */
export function json(end: RunEnd): Row[] {
  return end.stdout.map((line) => JSON.parse(line) as Row);
}
