import { rareBranches } from "./branches.js";
import { faultKinds } from "./faults.js";
import { type SeedReport, sweep } from "./sweep.js";

/*
 * Goal:   no promise is broken in 10 000 drawn worlds with 100 million events.
 * Method: as the full sweep, over more seeds, each with more events; a line every ten seconds says how
 *         far it is, and the last line has the totals. A seed that fails says at once how to replay it.
 * Run:    npm run prove:simulation; SIM_SEEDS, SEED_FIRST and SIM_SCALE change its size.
 */

const seeds = Number(process.env["SIM_SEEDS"] ?? 10_000);
const firstSeed = Number(process.env["SEED_FIRST"] ?? 1);
const scale = Number(process.env["SIM_SCALE"] ?? 5);
const sayEveryMs = 10_000;

const begunMs = performance.now();
let saidMs = begunMs;
let [done, events, faults, failed] = [0, 0, 0, 0];

function progress(): string {
  const minutes = ((performance.now() - begunMs) / 60_000).toFixed(1);
  return `${done} of ${seeds} seeds, ${events} events, ${faults} faults, ${failed} failed, ${minutes} min`;
}

function take(report: SeedReport): void {
  done++;
  events += report.events;
  faults += report.faults;
  if (report.wrong.length > 0) {
    failed++;
    const replay = `SIM_SCALE=${scale} SEED=${report.seed} npm run test:simulation -- --grep "one seed"`;
    console.log(`seed ${report.seed}: ${report.wrong[0]}\n  replay: ${replay}`);
  }
  if (performance.now() - saidMs < sayEveryMs) return;
  saidMs = performance.now();
  console.log(progress());
}

const numbers = Array.from({ length: seeds }, (_, at) => firstSeed + at);
const { totals } = await sweep(numbers, { scale, onReport: take });
const never = totals.zeros([...faultKinds.map((kind) => `fault: ${kind}`), ...rareBranches]);
console.log(totals.say(rareBranches));
if (never.length > 0) console.log(`never happened: ${never.join(", ")}`);
console.log(`${failed === 0 ? "clean" : "broken"}: ${progress()}`);
process.exitCode = failed === 0 && never.length === 0 ? 0 : 1;
