import { expect } from "chai";

import { waitingMax } from "../../transmitter/src/core/events/dedupe.js";
import { keptBytes } from "../support/kept-bytes.js";
import { CoreBench, type PackedEvent } from "./core-bench.js";

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

  it("keeps nothing of the bodies of repeats that wait for the first (§11.6)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    bench.cell("worker").catch("a", "any", { credit: 0 });
    const repeat = (): number => sender.send("a", { id: "order-1", data: "x".repeat(1_000_000) });
    repeat();
    const before = keptBytes();

    for (let n = 0; n < 19; n++) repeat();

    expect(keptBytes() - before).to.be.lessThan(8_000_000);
    expect(sender.confirms()).to.have.length(20);
  });

  it("refuses as BUSY what would be one repeat too many that waits, and takes it later (§11.6)", () => {
    const bench = new CoreBench();
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 9 });
    const first = bench.cell("sender");
    first.send("a", { id: "order-1" });
    const sender = bench.cell("sender", { encoding: "M" });
    const event: PackedEvent = { channel: "a", extras: { id: "order-1" } };
    const repeat = (count: number): string[] => {
      sender.sendRun(Array.from({ length: count }, () => event));
      return sender.confirms();
    };
    for (let n = 0; n < 9; n++) repeat(waitingMax / 10);
    const last = (9 * waitingMax) / 10 + 1;
    expect(repeat(waitingMax / 10)).to.deep.equal([`${last}-${waitingMax} accepted 0 repeat`]);

    const next = waitingMax + 1;
    expect(repeat(1)).to.deep.equal([`${next}-${next} refused BUSY`]);
    const other = bench.cell("sender");
    other.send("a", { id: "order-2" });
    expect(other.confirms()).to.deep.equal(["1 accepted 1"]);
    other.say("EVNT", { channel: "a", id: "order-1" });
    expect(other.confirms()).to.deep.equal(["1 refused BUSY"]);

    const [delivery, another] = worker.take("DLVR");
    worker.settle(another!, "ack", { outputs: [{ channel: "a", id: "order-1" }] });
    expect(worker.confirms()).to.deep.equal(["settled 1"]);
    expect(bench.core.counters.values.eventsRefused).to.equal(3);
    worker.settle(delivery!);
    sender.take();
    sender.sendRun([event], { first: next });
    expect(sender.confirms()).to.deep.equal([
      `${next}-${next} accepted 0 repeat`,
      `${next}-${next} handled`,
    ]);
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
