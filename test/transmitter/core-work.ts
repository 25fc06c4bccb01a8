import type { BenchCell } from "./bench-cell.js";
import { CoreBench } from "./core-bench.js";

/** A bench with a sender, and a cell of the service `worker` that catches `a`. */
export function working(options: object = {}): Working {
  const bench = new CoreBench();
  const sender = bench.cell("sender");
  const worker = bench.cell("worker");
  const { catch: number } = worker.catch("a", "any", options);
  return { bench, sender, worker, number };
}

/** What `working` makes. */
export interface Working {
  readonly bench: CoreBench;
  readonly sender: BenchCell;
  readonly worker: BenchCell;
  /** Number of the worker's catch. */
  readonly number: unknown;
}

/** Ends both connections of a cell. */
export function die(bench: CoreBench, cell: BenchCell): void {
  const presence = `${cell.welcome["presence"] as string} `;
  bench.subscribe(presence);
  bench.unsubscribe(presence);
  bench.turn(() => bench.core.unreachable(cell.connection, bench.nowMs));
}
