import { setImmediate as turn } from "node:timers/promises";

/** Collects, and returns what is referred to after that, in MB of a million bytes: objects and buffers. */
export async function liveMb(): Promise<number> {
  // What a buffer of ZeroMQ refers to is freed a turn after the buffer.
  for (let times = 0; times < 2; times++) {
    globalThis.gc?.();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}
