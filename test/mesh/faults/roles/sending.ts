import { setTimeout as delay } from "node:timers/promises";

import { percentileOf } from "../../../bench/statistics.js";
import type { FaultBody, Flood, Load, SendReport } from "../instructions.js";
import { LoggedSender } from "./logged-sender.js";
import type { SeatedCell } from "./seated-cell.js";

/** Sends events at their pace, and resolves when each has its confirm. */
export async function sendLoad(seated: SeatedCell, load: Load): Promise<SendReport> {
  const sending = new LoadSending(seated, load);
  const beganMs = performance.now();
  const { count, perSecond = Number.POSITIVE_INFINITY } = load;
  while (sending.sent < count) {
    const dueCount = Math.min(count, 1 + ((performance.now() - beganMs) / 1000) * perSecond);
    while (sending.sent < dueCount) await sending.sendOne();
    if (sending.sent < count) await delay(1);
  }
  if (load.dieAfterMs !== undefined) dieIn(seated, load.dieAfterMs);
  return sending.report;
}

/** Sends events as fast as there is room, and resolves when all are accepted. */
export async function sendFlood(
  seated: SeatedCell,
  { channel, count, padBytes }: Flood,
): Promise<void> {
  const { cell } = seated;
  const data: FaultBody = { pad: "x".repeat(padBytes) };
  for (const end = seated.flooded + count; seated.flooded < end; ) {
    if (!cell.hasRoom) await cell.room();
    cell.send(channel, data);
    seated.flooded++;
  }
  await cell.flush();
}

/** A busy wait: no confirm is read meanwhile, and no timer is that exact. What was sent is with ZeroMQ's own thread. */
function dieIn(seated: SeatedCell, ms: number): never {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
  seated.log({ id: "", action: "fault" });
  process.kill(process.pid, "SIGKILL");
  throw new Error("it lives");
}

/** The events of one load, and what becomes of them. */
class LoadSending {
  readonly report: Promise<SendReport>;
  private readonly sender: LoggedSender;
  private readonly load: Load;
  private readonly data: FaultBody | null;
  private readonly latenciesMs: Float64Array;
  private finish: () => void = () => {};

  constructor(seated: SeatedCell, load: Load) {
    this.load = load;
    this.latenciesMs = new Float64Array(load.count);
    const pad = "x".repeat(load.padBytes ?? 0);
    this.data = pad === "" ? (load.data ?? null) : { ...load.data, pad };
    this.report = new Promise<void>((resolve) => (this.finish = resolve)).then(() => this.sum());
    this.sender = new LoggedSender(seated, (tookMs) => {
      const { ended } = this.sender;
      if (tookMs !== undefined) this.latenciesMs[ended - 1] = tookMs;
      if (ended === load.count) this.finish();
    });
  }

  /** Events sent so far. */
  get sent(): number {
    return this.sender.sent;
  }

  sendOne(): Promise<void> {
    const { channel, options = {} } = this.load;
    return this.sender.send(channel, this.data, options);
  }

  private sum(): SendReport {
    const { refused, repeats, waits } = this.sender;
    const sorted = this.latenciesMs.sort();
    const [p50Ms, p99Ms] = [percentileOf(sorted, 0.5), percentileOf(sorted, 0.99)];
    return { p50Ms, p99Ms, repeats, refused, waits };
  }
}
