import { indexRange, readRun, RunWriter, sliceRun } from "@thynapse/protocol";

import type { MicroBench } from "./runner.js";

const prefix = Buffer.from("M EVNT ");
const body = Buffer.alloc(128, 7);
const eventsPerRun = 450;
const opening = {
  sender: "a".repeat(40),
  service: "bench",
  session: 1,
  floor: 1,
  first: 1,
  time: 1,
};

/** A run of 128-byte events, as a busy sender fills it, on this many channels. */
export function makeRun(channels: number, first = 1): Buffer {
  const writer = new RunWriter(64 * 1024);
  for (let index = 0; index < eventsPerRun; index++) {
    writer.append(`bench.c${index % channels}`, 0, body);
  }
  return writer.close({ ...opening, first }, prefix);
}

const one = makeRun(1);
const many = makeRun(eventsPerRun);

/** Writing, reading and cutting runs; the cost is that of one event of 128 bytes. */
export const runBenches: readonly MicroBench[] = [
  { name: "run: write an event", run: (times) => perRun(times, () => makeRun(1).length) },
  { name: "run: read, one channel", run: (times) => perRun(times, () => readRun(one, 7).count) },
  { name: "run: read, many channels", run: (times) => perRun(times, () => readRun(many, 7).count) },
  {
    name: "run: slice half of it",
    run(times) {
      const run = readRun(one, 7);
      const half = indexRange(0, eventsPerRun / 2);
      return perRun(times, () => sliceRun(run, half, prefix).length);
    },
  },
];

/** Does `work`, which handles a whole run, until `times` events are done. */
export function perRun(times: number, work: () => number): number {
  let sum = 0;
  for (let done = 0; done < times; done += eventsPerRun) sum += work();
  return sum;
}
