import { setTimeout as delay } from "node:timers/promises";

import { cpuMs, rssMb } from "../../support/process-figures.js";
import { FaultMesh } from "../faults/fault-mesh.js";

/** What a transmitter costs that has cells and nothing to do. */
export interface IdleFigures {
  /** From the start of the process to its ready line. */
  readonly readyMs: number;
  /** Share of one core, 0 … 1. */
  readonly coreShare: number;
  readonly rssMb: number;
}

/** Ten cells, each a process with one catch of each mode, of which none gets anything. */
export async function runIdle(watchedMs: number): Promise<IdleFigures> {
  const mesh = await FaultMesh.start();
  const { readyMs, pid } = mesh.transmitter;
  const cells = await mesh.seatGroup("billing", 10, { pattern: "orders.*" });
  await Promise.all(cells.map((cell) => cell.tell("multicatch", { pattern: "orders.**" })));

  const before = cpuMs(pid);
  const beganMs = performance.now();
  await delay(watchedMs);
  const coreShare = (cpuMs(pid) - before) / (performance.now() - beganMs);
  const figures = { readyMs, coreShare, rssMb: rssMb(pid) };
  await mesh.end();
  return figures;
}
