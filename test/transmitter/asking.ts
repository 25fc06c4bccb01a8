import { expect } from "chai";

import type { BenchCell } from "./bench-cell.js";
import type { Heard } from "./bench-heard.js";
import { CoreBench } from "./core-bench.js";

/** A bench with one dead letter of the worker. */
export function asking(): { bench: CoreBench; asker: BenchCell; worker: BenchCell } {
  const bench = new CoreBench();
  const worker = bench.cell("worker");
  worker.catch("a", "any");
  const sender = bench.cell("sender");
  sender.send("a", { data: 1 });
  worker.settle(worker.takeOne("DLVR"), "reject", { reason: "bad" });
  worker.take();
  sender.say("GBYE");
  return { bench, asker: bench.cell("asker"), worker };
}

/** Makes a system request and takes its answer. */
export function ask(asker: BenchCell, channel: string, data: unknown = null): Heard {
  asker.send(channel, { data, ask: { timeoutMs: 1000 } });
  return asker.takeOne("ANSR");
}

/** The numbers of the dead letters that are listed. */
export function lettersOf(asker: BenchCell, data: object): unknown {
  const { data: rows, ...fields } = ask(asker, "$mesh.dead.list", data).fields;
  expect(fields["state"], JSON.stringify(fields)).to.equal("result");
  return (rows as { readonly letter: number }[]).map(({ letter }) => letter);
}
