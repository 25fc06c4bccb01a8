import { sharedClockMs } from "../../support/run-log.js";
import { Crowd } from "../faults/crowd.js";
import { FaultMesh } from "../faults/fault-mesh.js";
import { runFrozen } from "../soak/frozen.js";
import { type Finding, shown } from "./finding.js";

const pairs = 20;
const crowdCells = 1000;
const crowdProcesses = 10;
const crowdWelcomeMs = 5000;

/** What a frozen cell costs a sender, in a mesh of its own. */
export async function frozenFindings(): Promise<Finding[]> {
  const figures = await runFrozen({ pairs, windowMs: 1000, perSecond: 1000 });
  const { frozenRatio, calmRatio, calmSpread, calmP99Ms, frozenP99Ms } = figures;
  const limit = Math.max(1.1, calmSpread);
  return [
    shown("sender's p99, calm", calmP99Ms, "ms"),
    shown("sender's p99, one cell frozen", frozenP99Ms, "ms"),
    shown("sender's p99, calm ÷ calm", calmRatio, "times"),
    shown("sender's p99, spread of calm pairs", calmSpread, "times"),
    {
      name: "sender's p99, frozen ÷ calm",
      value: frozenRatio,
      unit: "times",
      limit,
      count: pairs,
      isKept: frozenRatio <= limit,
    },
  ];
}

/** How long a thousand cells take to be welcome again when their transmitter is killed and started again. */
export async function crowdFindings(): Promise<Finding[]> {
  const mesh = await FaultMesh.start();
  const crowd = await Crowd.join([mesh.command], { cells: crowdCells, processes: crowdProcesses });
  try {
    const killedMs = sharedClockMs();
    await mesh.restart();
    const value = (await crowd.allAt([mesh.transmitter.id])) - killedMs;
    const name = "1000 cells welcome after a restart";
    const isKept = value <= crowdWelcomeMs;
    return [{ name, value, unit: "ms", limit: crowdWelcomeMs, count: crowdCells, isKept }];
  } finally {
    crowd.end();
    await mesh.end();
  }
}
