import { expect } from "chai";

import type { BenchCell } from "./bench-cell.js";
import { CoreBench, transmitterId } from "./core-bench.js";

describe("transmitter core: traces", () => {
  it("tell where an event comes by that asks for it (§13)", () => {
    const { bench, sender, worker, told } = tracing();

    sender.send("a", { headers: { "thynapse-trace": "t1" } });
    const delivery = worker.takeOne("DLVR");
    bench.pass(5);
    worker.settle(delivery, "nack");
    bench.pass(1);

    const by = transmitterId;
    const atMs = 1_700_005_000_000;
    const of = { cell: worker.id, service: "worker", pattern: "a", attempt: 1, repeat: false };
    expect(told("t1")).to.deep.equal([
      { by, hop: "accepted", seq: 1, atMs },
      { by, hop: "published", seq: 1, atMs, pattern: "*", encoding: "J", cells: 1 },
      { by, hop: "delivered", seq: 1, atMs, ...of },
      { by, hop: "settled", seq: 1, atMs: atMs + 5, ...of, outcome: "nack" },
    ]);
  });

  it("are told in the next turn, and are due when they are made", () => {
    const { bench, sender, told } = tracing();

    bench.core.receive(sender.connection, [tracedEvent()], bench.nowMs);

    expect(bench.core.nextDeadlineMs).to.equal(bench.nowMs);
    bench.pass(0);
    expect(told("t1")).to.have.length(3);
  });

  it("tell nothing of events that do not ask, or ask for what is no channel (§13)", () => {
    const { bench, sender, told } = tracing();

    sender.send("a");
    sender.send("a", { headers: { other: "t1" } });
    sender.send("a", { headers: { "thynapse-trace": "a.b" } });
    sender.send("a", { headers: { "thynapse-trace": "x".repeat(65) } });
    bench.pass(1);

    expect(told()).to.deep.equal([]);
  });
});

function tracedEvent(): Buffer {
  const event = { channel: "a", seq: 1, headers: { "thynapse-trace": "t1" } };
  return Buffer.from(`J EVNT ${JSON.stringify(event)}`);
}

function tracing() {
  const bench = new CoreBench();
  const watch = bench.cell("watch");
  const { topic } = watch.catch("$mesh.trace.*", "multi");
  const reader: BenchCell = bench.cell("reader");
  reader.catch("*", "multi");
  const worker = bench.cell("worker");
  worker.catch("a", "any", { credit: 9 });
  const sender = bench.cell("sender");
  const told = (token = "") =>
    bench
      .stream(topic)
      .map(({ fields }) => fields)
      .filter(({ channel }) => String(channel).startsWith(`$mesh.trace.${token}`))
      .map(({ data }) => data);
  return { bench, sender, worker, told };
}
