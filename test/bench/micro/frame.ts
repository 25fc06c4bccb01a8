import { readFrame, writeFrame } from "@thynapse/protocol";

import type { MicroBench } from "./runner.js";

const small = writeFrame("M", "EVNT", Buffer.alloc(128, 1));
const large = writeFrame("M", "EVNT", Buffer.alloc(64 * 1024, 1));
const payload = Buffer.alloc(128, 1);

/** Reading and writing the head of a command part: once per run, whatever its size. */
export const frameBenches: readonly MicroBench[] = [
  { name: "frame: read, 128 bytes", run: (times) => readOften(small, times) },
  { name: "frame: read, 64 KiB", run: (times) => readOften(large, times) },
  {
    name: "frame: write, 128 bytes",
    run(times) {
      let length = 0;
      for (let time = 0; time < times; time++) length += writeFrame("M", "EVNT", payload).length;
      return length;
    },
  },
];

function readOften(part: Buffer, times: number): number {
  let length = 0;
  for (let time = 0; time < times; time++) length += readFrame(part).payload.length;
  return length;
}
