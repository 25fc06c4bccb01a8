import type { SeedOrder, SeedReport } from "./sweep.js";
import { runSwarm } from "./swarm.js";

/* A process of a sweep: gets seeds, one at a time, and tells how each went. */

process.on("message", (order: SeedOrder) => {
  process.send?.(report(order));
});
process.send?.("ready");

function report(order: SeedOrder): SeedReport {
  const { seed } = order;
  try {
    const { wrong, events, faults, world } = runSwarm(order);
    const { deliveries } = world;
    return { seed, wrong, events, deliveries, faults, counts: [...world.totals] };
  } catch (thrown) {
    const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return { seed, wrong: [`it threw: ${what}`], events: 0, deliveries: 0, faults: 0, counts: [] };
  }
}
