import type { Cell } from "@thynapse/cell-sdk";
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { CliFault, exitCode } from "./fault.js";
import type { Progress } from "./progress.js";
import { untilArmed } from "./session.js";

/** What is measured, and how long. */
export interface Load {
  readonly sender: Cell;
  readonly receiver: Cell;
  readonly mode: "any" | "multi";
  readonly bodyBytes: number;
  readonly forMs: number;
  readonly ending: AbortSignal;
  readonly progress: Progress;
}

/** Times in ms, from a histogram. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** How many events went through, from the first sent to the last received. */
export interface Throughput {
  readonly events: number;
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly megabytesPerSecond: number;
}

/** How long to wait for the rest of what was sent, before the run is void. */
const patienceMs = 30_000;

/** Events sent between two looks at the clock. */
const stride = 64;

/**
 * Events on their way: enough to keep all busy, and far from what a group holds before it refuses.
 */
const inFlightMax = 32_768;

/** Sends as fast as the outbox takes it for `forMs`, and counts what arrives. */
export async function measureThroughput(load: Load, channel: string): Promise<Throughput> {
  const { sender, bodyBytes, forMs, ending, progress } = load;
  const body = Buffer.alloc(bodyBytes, "x");
  let received = 0;
  let lastMs = 0;
  const release = await listen(load, channel, () => {
    received++;
    lastMs = performance.now();
  });
  const startMs = performance.now();
  const endMs = startMs + forMs;
  let sent = 0;
  for (let nowMs = startMs; nowMs < endMs && !ending.aborted; nowMs = performance.now()) {
    for (let at = 0; at < stride; at++) void sender.send(channel, body);
    sent += stride;
    if (!sender.hasRoom) await sender.room();
    // Receiving needs turns of the same process.
    if (sent % 4096 === 0) {
      progress.show((nowMs - startMs) / forMs, "throughput");
      do await nextTurn();
      while (sent - received > inFlightMax && !ending.aborted && performance.now() < endMs);
    }
  }
  await until(
    () => received >= sent,
    load,
    () => `${sent - received} of ${sent} events missing`,
  );
  await release();
  const seconds = (lastMs - startMs) / 1000;
  const eventsPerSecond = Math.round(received / seconds);
  const megabytesPerSecond = Math.round((eventsPerSecond * bodyBytes) / 1e4) / 100;
  return { events: received, seconds: rounded(seconds), eventsPerSecond, megabytesPerSecond };
}

/** Sends at a steady, low rate, and measures from `send` to the handler. */
export async function measureLatency(
  load: Load,
  channel: string,
  perSecond: number,
): Promise<Percentiles> {
  const { sender, bodyBytes, forMs, ending, progress } = load;
  const histogram = createHistogram();
  let received = 0;
  const release = await listen(load, channel, (data) => {
    received++;
    record(histogram, process.hrtime.bigint() - (data as Buffer).readBigUInt64LE(0));
  });
  const startMs = performance.now();
  let sent = 0;
  while (performance.now() - startMs < forMs && !ending.aborted) {
    const due = ((performance.now() - startMs) / 1000) * perSecond;
    for (; sent < due; sent++) {
      // A buffer is not written to again once it was given to a socket.
      const body = Buffer.alloc(Math.max(8, bodyBytes), "x");
      body.writeBigUInt64LE(process.hrtime.bigint(), 0);
      void sender.send(channel, body);
    }
    progress.show((performance.now() - startMs) / forMs, "latency");
    await delay(1);
  }
  await until(
    () => received >= sent,
    load,
    () => `${sent - received} of ${sent} events missing`,
  );
  await release();
  return percentiles(histogram);
}

/** Asks one question after another, and measures each from the question to the answer. */
export async function measureAsking(load: Load, channel: string): Promise<Percentiles> {
  const { sender, receiver, bodyBytes, forMs, ending, progress } = load;
  const histogram = createHistogram();
  const arming = receiver.anycatch(channel, ({ data }) => data, { concurrency: 64 });
  const standing = await untilArmed(arming, ending);
  const body = Buffer.alloc(bodyBytes, "x");
  const startMs = performance.now();
  while (performance.now() - startMs < forMs && !ending.aborted) {
    const askedAt = process.hrtime.bigint();
    await sender.ask(channel, body, { timeoutMs: patienceMs, signal: ending });
    record(histogram, process.hrtime.bigint() - askedAt);
    progress.show((performance.now() - startMs) / forMs, "asking");
  }
  await standing.release();
  return percentiles(histogram);
}

async function listen(
  { receiver, mode, ending }: Load,
  channel: string,
  take: (data: unknown) => void,
): Promise<() => Promise<void>> {
  const arming =
    mode === "any"
      ? receiver.anycatch(channel, ({ data }) => take(data), { concurrency: 256 })
      : receiver.multicatch(channel, ({ data }) => take(data));
  const standing = await untilArmed(arming, ending);
  return async () => await standing.release();
}

async function until(isDone: () => boolean, { ending }: Load, why: () => string): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!isDone() && !ending.aborted) {
    if (performance.now() > endMs) throw new CliFault(exitCode.failed, `bench: ${why()}`);
    await delay(1);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function record(histogram: RecordableHistogram, nanoseconds: bigint): void {
  histogram.record(nanoseconds > 0n ? nanoseconds : 1n);
}

function percentiles(histogram: RecordableHistogram): Percentiles {
  const { count } = histogram;
  const ms = (nanoseconds: number) => (count === 0 ? 0 : rounded(nanoseconds / 1e6));
  return {
    count,
    p50: ms(histogram.percentile(50)),
    p90: ms(histogram.percentile(90)),
    p99: ms(histogram.percentile(99)),
    p999: ms(histogram.percentile(99.9)),
    max: ms(histogram.max),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
