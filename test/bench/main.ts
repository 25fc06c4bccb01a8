import { keepAwake } from "./awake.js";
import { killStartedProcesses } from "../support/process.js";
import { Overdue } from "./limit.js";
import { killMembers } from "./member.js";
import { resolveBenchOptions, USAGE, UsageError, type BenchOptions } from "./options.js";
import { PEERS } from "./peers/index.js";
import { Progress } from "./progress.js";
import { machine, renderReport, type Report } from "./report.js";
import { measure, type Sample } from "./run.js";
import type { Scenario, SystemName } from "./scenario.js";
import { missesOf, summarize, voidnessesOf, type Failure, type Row } from "./summary.js";

/** Aborted by the first signal, so that no further run begins while those that run are ended. */
const interrupted = new AbortController();

const INTERRUPTS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

async function main(argv: readonly string[]): Promise<number> {
  const options = resolveBenchOptions(argv);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const report = await bench(options);
  process.stdout.write(
    options.json ? `${JSON.stringify(report)}\n` : renderReport(report, options),
  );
  if (options.json && options.ci) {
    for (const miss of report.missed) process.stderr.write(`MISSED ${miss}\n`);
  }
  const failed = report.scenarios.some((row) => row.failures.length > 0);
  const slow = options.ci && report.missed.length > 0;
  return failed || slow || report.void !== null ? 1 : 0;
}

async function bench(options: BenchOptions): Promise<Report> {
  if (options.awake) await keepAwake();
  await tryHubs(options.systems);
  const runs = options.scenarios.flatMap((scenario) => systemsOf(scenario, options));
  const progress = new Progress(runs.length * options.repeats);
  const rows: Row[] = [];
  const voids: string[] = [];
  for (const scenario of options.scenarios) {
    const row = await runScenario(scenario, options, progress);
    rows.push(row);
    voids.push(...voidnessesOf(row, scenario));
  }
  progress.clear();
  return {
    scenarios: rows,
    void: voids.length === 0 ? null : voids,
    missed: rows.flatMap((row) => missesOf(row, options.ci)),
    repeats: options.repeats,
    seconds: options.seconds,
    awake: options.awake,
    machine: machine(),
  };
}

/**
 * Runs the systems in turn, so that what slows the machine for a while slows them all.
 *
 * A run that does not end makes the scenario void, so the rest of its runs are not tried.
 */
async function runScenario(
  scenario: Scenario,
  options: BenchOptions,
  progress: Progress,
): Promise<Row> {
  const samples = new Map<SystemName, (Sample | undefined)[]>();
  const failures: Failure[] = [];
  let turnsLeft = systemsOf(scenario, options).length * options.repeats;
  for (const { system, repeat } of turnsOf(scenario, options)) {
    progress.show(`${scenario.name} · ${system} · run ${repeat} of ${options.repeats}`);
    interrupted.signal.throwIfAborted();
    const sample = await measure(scenario, system, options.seconds).catch((error: Error) => {
      failures.push({ system, repeat, why: error.message, isOverdue: error instanceof Overdue });
      return undefined;
    });
    samples.set(system, [...(samples.get(system) ?? []), sample]);
    progress.advance();
    turnsLeft--;
    if (failures.at(-1)?.isOverdue === true) break;
  }
  progress.advance(turnsLeft);
  return summarize(scenario, samples, failures);
}

/** Starts and stops each hub once, so that a program that is missing is named at once. */
async function tryHubs(systems: readonly SystemName[]): Promise<void> {
  for (const system of systems) await (await PEERS[system].startHub({ isLinked: false })).stop();
}

function systemsOf(scenario: Scenario, options: BenchOptions): readonly SystemName[] {
  return scenario.systems.filter((system) =>
    options.systems.includes(system === "single" ? "thynapse" : system),
  );
}

interface Turn {
  readonly system: SystemName;
  readonly repeat: number;
}

function turnsOf(scenario: Scenario, options: BenchOptions): readonly Turn[] {
  const systems = systemsOf(scenario, options);
  return Array.from({ length: options.repeats }, (_, at) =>
    systems.map((system) => ({ system, repeat: at + 1 })),
  ).flat();
}

async function endAll(): Promise<void> {
  await Promise.all([killMembers(), killStartedProcesses()]);
}

for (const [signal, code] of Object.entries(INTERRUPTS)) {
  process.on(signal, () => {
    interrupted.abort();
    void endAll().finally(() => process.exit(code));
  });
}
// Whatever was started since; the killing itself waits for nothing.
process.on("exit", () => void endAll());

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError;
  if (!interrupted.signal.aborted) {
    process.stderr.write(usage ? `${error.message}\n\n${USAGE}` : `${(error as Error).message}\n`);
  }
  process.exitCode = usage ? 2 : 1;
} finally {
  await endAll();
}
