import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";

import { startProcess } from "../support/process.js";

const STARTS_WITHIN_MS = 10_000;

/** Runs until it is killed, or whoever started it is gone. */
const SPIN = `
  console.log("awake");
  const parent = process.ppid;
  for (let turn = 0; turn % 1e7 > 0 || process.ppid === parent; turn++);
`;

/**
 * Keeps every core from sleeping until all started processes are killed: a process that does
 * nothing runs on each, whenever nothing else would.
 *
 * Where one message is under way at a time, cores sleep between any two steps. How long a virtual
 * one takes to wake up depends on how long it has slept, and can be more than the step itself.
 */
export async function keepAwake(): Promise<void> {
  for (let core = 0; core < availableParallelism(); core++) {
    const { pid, waitForLine } = startProcess([
      ...(["chrt", "--idle", "0"] as const),
      ...[process.execPath, "--eval", SPIN],
    ]);
    await waitForLine(/^awake$/, { withinMs: STARTS_WITHIN_MS }).catch((cause: unknown) => {
      throw new Error("--awake needs chrt: apt-get install util-linux", { cause });
    });
    yieldToAll(pid);
  }
}

/**
 * Linux shares cores among sessions first, where it is told so, whatever runs in them: the least
 * share for that of this process.
 */
function yieldToAll(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, "19");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
