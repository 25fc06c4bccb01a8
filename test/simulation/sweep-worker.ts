import type { SeedOrder, SeedReport } from "./sweep.js";
import { runSwarm } from "./swarm.js";

/* A process of a sweep: gets seeds, one at a time, and tells how each went. */

process.on("message", ({ seed, scale }: SeedOrder) => {
  process.send?.(report(seed, scale));
});
process.send?.("ready");

function report(seed: number, scale: number): SeedReport {
  try {
    const { wrong, events, faults, world } = runSwarm({ seed, scale });
    return { seed, wrong, events, faults, counts: [...world.totals] };
  } catch (thrown) {
    const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return { seed, wrong: [`it threw: ${what}`], events: 0, faults: 0, counts: [] };
  }
}
