import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

import { Totals } from "./totals.js";

/** How one seed went, as a worker tells it. */
export interface SeedReport {
  readonly seed: number;
  readonly wrong: readonly string[];
  readonly events: number;
  readonly faults: number;
  readonly counts: readonly (readonly [string, number])[];
}

/** How many seeds went. */
export interface SweepReport {
  readonly seeds: number;
  readonly events: number;
  readonly faults: number;
  readonly totals: Totals;
  /** For each seed that failed, what was wrong and the line that replays it. */
  readonly failed: readonly string[];
  /** The fewest events and faults that a seed had. */
  readonly eventsMin: number;
  readonly faultsMin: number;
}

/** More workers than this gain nothing: the sweep is short. */
const workersMax = 8;

/** Runs drawn worlds for all of these seeds, as many at a time as the machine has processors. */
export async function sweep(seeds: readonly number[]): Promise<SweepReport> {
  const rest = [...seeds];
  const reports: SeedReport[] = [];
  const workers = Math.min(availableParallelism(), workersMax, seeds.length);
  await Promise.all(Array.from({ length: workers }, () => work(rest, reports)));
  reports.sort((a, b) => a.seed - b.seed);
  return summarize(reports);
}

function work(rest: number[], reports: SeedReport[]): Promise<void> {
  const path = fileURLToPath(new URL("sweep-worker.ts", import.meta.url));
  const child = fork(path, { execArgv: ["--import", "tsx"] });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a worker of the sweep ended with ${code}`));
    });
    child.on("message", (report: SeedReport | "ready") => {
      if (report !== "ready") reports.push(report);
      next(child, rest);
    });
  });
}

function next(child: ChildProcess, rest: number[]): void {
  const seed = rest.shift();
  if (seed === undefined) child.disconnect();
  else child.send(seed);
}

function summarize(reports: readonly SeedReport[]): SweepReport {
  const totals = new Totals();
  for (const { counts } of reports) for (const [name, count] of counts) totals.add(name, count);
  const failed = reports
    .filter(({ wrong }) => wrong.length > 0)
    .map(({ seed, wrong }) => `${wrong.join("\n    ")}\n    replay: ${replayLine(seed)}`);
  const sum = (pick: (report: SeedReport) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  return {
    seeds: reports.length,
    events: sum(({ events }) => events),
    faults: sum(({ faults }) => faults),
    totals,
    failed,
    eventsMin: Math.min(...reports.map(({ events }) => events)),
    faultsMin: Math.min(...reports.map(({ faults }) => faults)),
  };
}

/** The command that runs one seed again, and nothing else. */
export function replayLine(seed: number): string {
  return `SEED=${seed} npm run test:simulation -- --grep "one seed"`;
}
