import { killStartedProcesses } from "../../support/process.js";
import { endMeshes } from "../faults/fault-mesh.js";
import { runFlood } from "./flood.js";
import { runFrozen } from "./frozen.js";
import { runIdle } from "./idle.js";
import { runKills } from "./kills.js";

/** A figure, and what it must be. */
type Claim = readonly [what: string, isTrue: boolean];

/**
 * The long runs, by name; each prints its figures and returns what it claims. A number as second argument makes a run
 * shorter: events, or pairs of windows.
 */
const proofs: Readonly<Record<string, (size?: number) => Promise<readonly Claim[]>>> = {
  kills: proveKills,
  frozen: proveFrozen,
  idle: proveIdle,
  soak: proveSoak,
};

async function proveKills(events = 1_000_000): Promise<readonly Claim[]> {
  const figures = await runKills({ events, perSecond: 20_000, killEveryMs: 1000 });
  const { seconds, kills, repeated, lost, unmarked, violations } = figures;
  const share = ((repeated / events) * 100).toFixed(3);
  say(
    `${events} events in ${seconds.toFixed(0)} s, ${kills} kills: ${lost} lost, ${repeated} repeated`,
  );
  say(`(${share} %), ${unmarked} of them unmarked, ${violations.length} promises broken`);
  for (const violation of violations.slice(0, 10)) say(JSON.stringify(violation));
  return [
    ["no event is lost", lost === 0],
    ["every repeat is marked", unmarked === 0],
    ["no promise is broken", violations.length === 0],
    ["a cell was killed every second or two", kills >= seconds / 2],
  ];
}

async function proveFrozen(pairs = 20): Promise<readonly Claim[]> {
  const figures = await runFrozen({ pairs, windowMs: 5000, perSecond: 2000 });
  const { frozenRatio, calmRatio, calmSpread, calmP99Ms, frozenP99Ms } = figures;
  say(
    `sender's p99: calm ${calmP99Ms.toFixed(2)} ms, one of four frozen ${frozenP99Ms.toFixed(2)} ms`,
  );
  say(
    `median of ${pairs} pairs: frozen ÷ calm ${frozenRatio.toFixed(3)}, calm ÷ calm ${calmRatio.toFixed(3)}`,
  );
  say(`nine of ten calm pairs are within × ${calmSpread.toFixed(3)}`);
  return [["a frozen cell costs the sender nothing", frozenRatio <= Math.max(1.1, calmSpread)]];
}

async function proveIdle(): Promise<readonly Claim[]> {
  const { readyMs, coreShare, rssMb } = await runIdle(30_000);
  const percent = (coreShare * 100).toFixed(2);
  say(`10 cells, 20 catches, 30 s: ${percent} % of a core, ${rssMb.toFixed(1)} MB RSS`);
  say(`ready ${readyMs.toFixed(0)} ms after the start of the process`);
  return [
    ["at most 1 % of a core", coreShare <= 0.01],
    ["at most 90 MB", rssMb <= 90],
    ["ready within 500 ms", readyMs <= 500],
  ];
}

async function proveSoak(events = 10_000_000): Promise<readonly Claim[]> {
  const figures = await runFlood(events);
  const { seconds, lost, doubles, missed, gone, disordered, unconfirmed, memory } = figures;
  for (const { process: name, eachSecond } of memory) {
    say(`${name}: ${eachSecond.map((mb) => mb.toFixed(0)).join(" ")} MB`);
  }
  say(
    `${events} events in ${seconds.toFixed(0)} s, ${(events / seconds / 1000).toFixed(0)} 000/s:`,
  );
  say(`${lost} lost, ${doubles} twice, multicatch ${missed} missed (${gone} in gaps),`);
  say(`${disordered} out of order, ${unconfirmed} unconfirmed`);
  const slopes = memory.map((it) => `${it.process} ${it.liveSlope.toFixed(3)}`);
  say(`live memory after warm-up, MB per million events: ${slopes.join(", ")}`);
  const growths = memory.map((it) => `${it.process} ${it.rssGrowth.toFixed(1)}`);
  say(`resident memory, late − early, MB: ${growths.join(", ")}`);
  return [
    ["no event is lost", lost === 0 && missed === 0 && unconfirmed === 0],
    ["none comes twice, or out of order", doubles === 0 && disordered === 0],
    ["live memory does not grow", memory.every(({ liveSlope }) => liveSlope <= 0.2)],
    ["resident memory does not grow", memory.every(({ rssGrowth }) => rssGrowth <= 15)],
  ];
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main([name = "", size]: readonly string[]): Promise<number> {
  const prove = proofs[name];
  if (prove === undefined) {
    process.stderr.write(`usage: main.ts ${Object.keys(proofs).join(" | ")}\n`);
    return 2;
  }
  const claims = await (size === undefined ? prove() : prove(Number(size)));
  for (const [what, isTrue] of claims) say(`${isTrue ? "proved" : "NOT SO"}: ${what}`);
  return claims.every(([, isTrue]) => isTrue) ? 0 : 1;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => void endMeshes().finally(() => process.exit(1)));
}
try {
  process.exitCode = await main(process.argv.slice(2));
} finally {
  await Promise.all([endMeshes(), killStartedProcesses()]);
}
