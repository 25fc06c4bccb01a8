import type { CoreLimits } from "../../../transmitter/src/core/effects.js";
import type { BenchCell } from "../bench-cell.js";
import type { CoreBench, Heard } from "../core-bench.js";
import { SiteNet } from "./site-net.js";

/** Transmitters of which the first one drains. */
export interface Ending {
  readonly net: SiteNet;
  /** The one that drains. */
  readonly old: CoreBench;
  /** The only other one, or the first of the others. */
  readonly next: CoreBench;
  readonly others: readonly CoreBench[];
}

/** Transmitters of which the first one will drain, and has little time for it. */
export function ending(count = 2, limits: Partial<CoreLimits> = {}): Ending {
  const net = new SiteNet(count, { drainTimeoutMs: 500, ...limits });
  const [old, next, ...others] = net.benches as [CoreBench, CoreBench];
  return { net, old, next, others };
}

/** It drains until its time is over, and is gone. */
export function end({ net, old }: Ending): void {
  drain(old);
  net.pass(800);
  if (old.core.state !== "stopped") throw new Error("it goes on");
  net.leave(0);
}

/** It begins to drain. */
export function drain(bench: CoreBench): void {
  bench.turn(() => bench.core.drain(bench.nowMs));
}

/** A cell of a group that takes nothing yet, and one that sends so many events to it. */
export function waiting(made: Ending, count: number): [worker: BenchCell, sender: BenchCell] {
  const worker = made.next.cell("worker");
  worker.catch("a", "any", { credit: 0 });
  const sender = made.old.cell("sender");
  for (let n = 0; n < count; n++) sender.send("a");
  return [worker, sender];
}

/** Numbers of deliveries, and whether they are marked. */
export function named(deliveries: readonly Heard[]): unknown[] {
  return deliveries.map(({ fields }) => [fields["seq"], fields["repeat"]]);
}
