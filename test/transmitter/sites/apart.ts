import type { BenchCell } from "../bench-cell.js";
import type { CoreBench } from "../core-bench.js";
import { SiteNet } from "./site-net.js";

/** A sender at one transmitter, and a cell of a service at another. */
export interface Apart {
  readonly net: SiteNet;
  readonly near: CoreBench;
  readonly far: CoreBench;
  readonly sender: BenchCell;
  readonly worker: BenchCell;
}

/** Makes two transmitters, whose cells are a sender and one that catches `a`. */
export function apart(options: object = { credit: 1 }): Apart {
  const net = new SiteNet(2);
  const [near, far] = net.benches as [CoreBench, CoreBench];
  const worker = far.cell("worker");
  worker.catch("a", "any", options);
  const sender = near.cell("sender");
  return { net, near, far, sender, worker };
}

/** Whether a message of the event socket is an event. */
export function isEvent({ command }: { readonly command: string }): boolean {
  return command === "EVNT";
}
