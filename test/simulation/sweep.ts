import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

import type { WorldKind } from "./shape.js";
import { shapeOf } from "./swarm.js";
import { Totals } from "./totals.js";

/** What a worker is to run. */
export interface SeedOrder {
  readonly seed: number;
  readonly kind: WorldKind;
  /** How many times as many events as usual. */
  readonly scale: number;
}

/** How a sweep is made. */
export interface SweepOptions {
  /** What the worlds are drawn for. Default: `swarm`. */
  readonly kind?: WorldKind;
  /** How many times as many events as usual each seed has. Default: 1. */
  readonly scale?: number;
  /** Called with each report as it comes. */
  readonly onReport?: (report: SeedReport) => void;
}

/** How one seed went, as a worker tells it. */
export interface SeedReport {
  readonly seed: number;
  readonly wrong: readonly string[];
  readonly events: number;
  /** Times that a handler was given an event. */
  readonly deliveries: number;
  readonly faults: number;
  readonly counts: readonly (readonly [string, number])[];
}

/** How many seeds went. */
export interface SweepReport {
  readonly seeds: number;
  readonly events: number;
  readonly deliveries: number;
  readonly faults: number;
  readonly totals: Totals;
  /** For each seed that failed, what was wrong and the line that replays it. */
  readonly failed: readonly string[];
  /** The fewest events and faults that a seed had. */
  readonly eventsMin: number;
  readonly faultsMin: number;
}

/** What a world is drawn for, and how many times as many events as usual it has. */
export type WorldSize = Pick<SeedOrder, "kind" | "scale">;

/** A world makes short-lived objects by the million: in a small space too many grow old. */
const youngSpace = ["--max-semi-space-size=64"];
/** More workers than this gain nothing: the sweep is short. */
const workersMax = 8;

/** Runs drawn worlds for all of these seeds, as many at a time as the machine has processors. */
export async function sweep(
  seeds: readonly number[],
  { kind = "swarm", scale = 1, onReport = () => {} }: SweepOptions = {},
): Promise<SweepReport> {
  const rest = largestFirst(seeds.map((seed) => ({ seed, kind, scale })));
  const reports: SeedReport[] = [];
  const workers = Math.min(availableParallelism(), workersMax, seeds.length);
  const take = (report: SeedReport): void => {
    reports.push(report);
    onReport(report);
  };
  await Promise.all(Array.from({ length: workers }, () => work(rest, take)));
  reports.sort((a, b) => a.seed - b.seed);
  return summarize(reports, { kind, scale });
}

/** A large world that comes last would keep one worker busy while the others have nothing to do. */
function largestFirst(orders: readonly SeedOrder[]): SeedOrder[] {
  const sized = orders.map((order) => {
    const { transmitters, cells } = shapeOf(order);
    return { order, size: transmitters ** 2 + cells };
  });
  return sized.toSorted((a, b) => b.size - a.size).map(({ order }) => order);
}

function work(rest: SeedOrder[], take: (report: SeedReport) => void): Promise<void> {
  const path = fileURLToPath(new URL("sweep-worker.ts", import.meta.url));
  const child = fork(path, { execArgv: [...youngSpace, "--import", "tsx"] });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a worker of the sweep ended with ${code}`));
    });
    child.on("message", (report: SeedReport | "ready") => {
      if (report !== "ready") take(report);
      next(child, rest);
    });
  });
}

function next(child: ChildProcess, rest: SeedOrder[]): void {
  const order = rest.shift();
  if (order === undefined) child.disconnect();
  else child.send(order);
}

function summarize(reports: readonly SeedReport[], world: WorldSize): SweepReport {
  const totals = new Totals();
  for (const { counts } of reports) for (const [name, count] of counts) totals.add(name, count);
  const failed = reports
    .filter(({ wrong }) => wrong.length > 0)
    .map(({ seed, wrong }) => `${wrong.join("\n    ")}\n    replay: ${replayLine(seed, world)}`);
  const sum = (pick: (report: SeedReport) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  return {
    seeds: reports.length,
    events: sum(({ events }) => events),
    deliveries: sum(({ deliveries }) => deliveries),
    faults: sum(({ faults }) => faults),
    totals,
    failed,
    eventsMin: Math.min(...reports.map(({ events }) => events)),
    faultsMin: Math.min(...reports.map(({ faults }) => faults)),
  };
}

/** The command that runs one seed again, and nothing else. */
export function replayLine(seed: number, { kind, scale }: WorldSize): string {
  const drawn = kind === "swarm" ? "" : `SIM_KIND=${kind} `;
  const size = scale === 1 ? "" : `SIM_SCALE=${scale} `;
  return `${drawn}${size}SEED=${seed} npm run test:simulation -- --grep "one seed"`;
}
