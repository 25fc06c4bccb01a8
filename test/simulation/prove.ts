import { rareBranches, rarestBranches } from "./branches.js";
import { faultKinds } from "./faults.js";
import { replayLine, type SeedReport, sweep } from "./sweep.js";

/*
 * Goal:   no promise is broken in more than 10 000 drawn worlds with 100 million events.
 * Method: as the full sweep, over more seeds, each with more events, which travel in runs as those of
 *         busy cells do. A line says how far it is, always on a terminal, else once a minute. A seed
 *         that fails says at once how to replay it. The last line has the totals: `events` are those
 *         that cells sent, each counted once, whatever the run that it went in; `deliveries` are the
 *         times that a handler was given one.
 * Run:    npm run prove:simulation; SIM_SEEDS, SEED_FIRST and SIM_SCALE change its size.
 */

const seeds = Number(process.env["SIM_SEEDS"] ?? 10_600);
const firstSeed = Number(process.env["SEED_FIRST"] ?? 1);
const size = { kind: "proof", scale: Number(process.env["SIM_SCALE"] ?? 1) } as const;
const { isTTY } = process.stdout;
const sayEveryMs = isTTY ? 1000 : 60_000;

const begunMs = performance.now();
let saidMs = begunMs;
let [done, events, deliveries, faults] = [0, 0, 0, 0];
const failed: number[] = [];

function progress(): string {
  const minutes = (performance.now() - begunMs) / 60_000;
  const perSecond = Math.round(events / (minutes * 60));
  const load = `${events} events (${perSecond}/s), ${deliveries} deliveries, ${faults} faults`;
  return `${done} of ${seeds} seeds, ${load}, ${failed.length} failed, ${minutes.toFixed(1)} min`;
}

function take(report: SeedReport): void {
  done++;
  events += report.events;
  deliveries += report.deliveries;
  faults += report.faults;
  if (report.wrong.length > 0) {
    failed.push(report.seed);
    console.log(`seed ${report.seed}: ${report.wrong[0]}`);
    console.log(`  replay: ${replayLine(report.seed, size)}`);
  }
  if (performance.now() - saidMs < sayEveryMs) return;
  saidMs = performance.now();
  process.stdout.write(isTTY ? `\r\u001b[K${progress()}` : `${progress()}\n`);
}

const numbers = Array.from({ length: seeds }, (_, at) => firstSeed + at);
const { totals } = await sweep(numbers, { ...size, onReport: take });
const branches = [...rareBranches, ...rarestBranches];
const never = totals.zeros([...faultKinds.map((kind) => `fault: ${kind}`), ...branches]);
if (isTTY) process.stdout.write("\r\u001b[K");
console.log(totals.say(branches));
if (never.length > 0) console.log(`never happened: ${never.join(", ")}`);
const isClean = failed.length === 0 && never.length === 0;
console.log(`${isClean ? "clean" : "broken"}: ${progress()}`);
process.exitCode = isClean ? 0 : 1;
