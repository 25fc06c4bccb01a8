import { runSwarm } from "./swarm.js";
const from = Number(process.argv[2] ?? 1),
  to = Number(process.argv[3] ?? from);
const faults = process.argv[4] === undefined ? undefined : Number(process.argv[4]);
let bad = 0;
for (let seed = from; seed <= to; seed++) {
  const t = performance.now();
  const c0 = process.cpuUsage();
  try {
    const r = runSwarm({ seed, ...(faults !== undefined && { faults }) });
    const ms = performance.now() - t;
    const c1 = process.cpuUsage(c0);
    if (process.env.CPU)
      console.log(
        seed,
        Math.round(c1.user / 1000),
        Math.round(ms),
        r.events,
        r.world.recordCount,
        Math.round(r.world.nowMs),
      );
    if (r.wrong.length > 0) {
      bad++;
      console.log(`SEED=${seed} ${r.wrong.slice(0, 3).join("\n   ")}`);
    } else if (from === to)
      console.log(
        seed,
        "ok",
        r.digest,
        r.events,
        r.faults,
        Math.round(ms),
        "ms, virtual",
        Math.round(r.world.nowMs),
        "records",
        r.world.recordCount,
      );
    if (from === to)
      console.log([...(r.world.totals as any).counts].map(([k, v]) => k + "=" + v).join(" "));
  } catch (e) {
    bad++;
    console.log(`SEED=${seed} threw`, (e as Error).stack?.split("\n").slice(0, 8).join("\n"));
  }
}
console.log("bad", bad);
