import { expect } from "chai";

import { CoreBench } from "./core-bench.js";

describe("transmitter core: keys and times of events", () => {
  it("filters an idempotency key of any sender for 120 s, and handles it with the first (§11.6)", () => {
    const bench = new CoreBench();
    const first = bench.cell("sender");
    const second = bench.cell("sender");
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 9 });
    first.send("a", { id: "order-1" });
    first.confirms();

    second.send("a", { id: "order-1" });
    expect(second.confirms()).to.deep.equal(["1 accepted 0 repeat"]);
    const delivery = worker.takeOne("DLVR");
    worker.settle(delivery);
    expect(second.confirms()).to.deep.equal(["1 handled"]);

    second.send("a", { id: "order-1" });
    expect(second.confirms()).to.deep.equal(["2 accepted 0 repeat", "2 handled"]);
    bench.pass(120_001);
    second.send("a", { id: "order-1" });
    expect(second.confirms()).to.deep.equal(["3 accepted 1"]);
  });

  it("drops what is older than its ttl when its turn comes, and handles it (§11.7)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const worker = bench.cell("worker");
    const { catch: number } = worker.catch("a", "any", { credit: 0 });
    sender.send("a", { ttlMs: 100 });
    sender.send("a", { ttlMs: 5000 });
    sender.confirms();
    bench.pass(101);

    worker.say("CRED", { catch: number, credit: 9 });

    expect(worker.takeOne("DLVR").fields["seq"]).to.equal(2);
    expect(sender.confirms()).to.deep.equal(["1 handled"]);
    expect(bench.core.counters.values.eventsExpired).to.equal(1);
  });

  it("drops what is older than its ttl in the middle of a run too (§11.7)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const worker = bench.cell("worker", { encoding: "M" });
    const { catch: number } = worker.catch("a", "any", { credit: 0 });
    sender.sendRun([
      { channel: "a" },
      { channel: "a", extras: { ttlMs: 100 } },
      { channel: "a", extras: { ttlMs: 100 } },
      { channel: "a" },
    ]);
    bench.pass(101);

    worker.say("CRED", { catch: number, credit: 9 });

    const seqs = worker
      .take("DLVR")
      .flatMap(({ run }) => Array.from({ length: run!.count }, (_, i) => run!.seqAt(i)));
    expect(seqs).to.deep.equal([1, 4]);
  });
});
