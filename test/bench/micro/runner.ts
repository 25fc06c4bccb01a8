import { medianOf, spreadOf } from "../statistics.js";

/** One hot path, measured alone in this process. */
export interface MicroBench {
  readonly name: string;
  /** Does the work `times` times, and returns something of it so that none is optimized away. */
  run(times: number): number;
}

/** What one hot path costs. */
export interface MicroResult {
  readonly name: string;
  /** The median of the samples. */
  readonly nsPerOp: number;
  readonly opsPerSecond: number;
  /** Of the samples: (largest − smallest) ÷ median. */
  readonly spread: number;
}

const SAMPLES = 9;
const SAMPLE_MS = 100;

/** Measures one hot path: about a second, of which the first tenth only warms up. */
export function measureMicro(bench: MicroBench): MicroResult {
  const times = calibrate(bench);
  const samples = Array.from({ length: SAMPLES }, () => (timeMs(bench, times) * 1e6) / times);
  const nsPerOp = medianOf(samples);
  return {
    name: bench.name,
    nsPerOp: Number(nsPerOp.toPrecision(4)),
    opsPerSecond: Math.round(1e9 / nsPerOp),
    spread: Number(spreadOf(samples).toPrecision(2)),
  };
}

/** How often the work fits into one sample. */
function calibrate(bench: MicroBench): number {
  let times = 1_000;
  let tookMs = timeMs(bench, times);
  while (tookMs < SAMPLE_MS / 2) {
    times *= 2;
    tookMs = timeMs(bench, times);
  }
  return Math.ceil((times * SAMPLE_MS) / tookMs);
}

function timeMs(bench: MicroBench, times: number): number {
  const startedMs = performance.now();
  sink += bench.run(times);
  return performance.now() - startedMs;
}

/** Where results go, so that the work that made them cannot be left out. */
let sink = 0;

/** What the results came to; of no use but to be used. */
export function sunk(): number {
  return sink;
}
