import { expect } from "chai";

import { keysMax, waitingMax } from "../../transmitter/src/core/events/dedupe.js";
import { keptBytes } from "../support/kept-bytes.js";
import { type BenchCell, CoreBench, type PackedEvent } from "./core-bench.js";

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

  it("takes an event again that no group had room for, and its repeats in one run with it (§11.6)", () => {
    const bench = new CoreBench({ backlogEventsMax: 2 });
    const worker = bench.cell("worker");
    const { catch: number } = worker.catch("a", "any", { credit: 0 });
    const sender = bench.cell("sender", { encoding: "M" });
    sender.sendRun([{ channel: "a" }, { channel: "a" }]);
    sender.confirms();
    const event: PackedEvent = { channel: "a", extras: { id: "order-1" } };

    sender.sendRun([event, event]);
    expect(sender.confirms()).to.deep.equal(["3-4 refused GROUP_FULL"]);
    worker.say("CRED", { catch: number, credit: 9 });
    sender.sendRun([event, event]);

    expect(sender.confirms()).to.deep.equal(["5-5 accepted 1", "6-6 accepted 0 repeat"]);
    expect(worker.take("DLVR").map(({ fields }) => fields["seq"])).to.deep.equal([1, 2, 5]);
  });

  it("knows an event that one group had no room for, if another one has taken it (§11.6)", () => {
    const bench = new CoreBench({ backlogEventsMax: 1 });
    bench.cell("worker").catch("a", "any", { credit: 0 });
    const other = bench.cell("other");
    other.catch("*", "any", { credit: 9 });
    const sender = bench.cell("sender");
    sender.send("a");
    sender.send("a", { id: "order-1" });
    sender.confirms();

    sender.send("a", { id: "order-1" });

    expect(sender.confirms()).to.deep.equal(["3 accepted 0 repeat"]);
    expect(other.take("DLVR").map(({ fields }) => fields["seq"])).to.deep.equal([1, 2]);
  });

  it("tells a request that another one with its id came first, pending or answered (§11.6)", () => {
    const bench = new CoreBench();
    const asker = bench.cell("asker");
    const worker = bench.cell("worker");
    worker.catch("a", "any");
    const ask = { timeoutMs: 1000 };
    asker.send("a", { id: "order-1", ask });
    asker.send("a", { id: "order-1", ask });
    worker.settle(worker.takeOne("DLVR"), "ack", { result: 1 });
    asker.send("a", { id: "order-1", ask });

    expect(answers(asker)).to.deep.equal([
      [2, "NOT_FOUND"],
      [1, "result"],
      [3, "NOT_FOUND"],
    ]);
    expect(asker.confirms()).to.deep.equal([
      ...["1 accepted 1", "2 accepted 0 repeat", "2 handled", "1 handled"],
      ...["3 accepted 0 repeat", "3 handled"],
    ]);
  });

  it("takes a request again that nobody was there to answer (§11.6)", () => {
    const bench = new CoreBench();
    const asker = bench.cell("asker");
    const ask = { timeoutMs: 1000 };
    asker.send("a", { id: "order-1", ask });
    const worker = bench.cell("worker");
    worker.catch("a", "any");

    asker.send("a", { id: "order-1", ask });
    worker.settle(worker.takeOne("DLVR"), "ack", { result: 1 });

    expect(answers(asker)).to.deep.equal([
      [1, "NO_LISTENER"],
      [2, "result"],
    ]);
  });

  it("remembers 100 000 idempotency keys, and forgets the oldest (§11.6, §15)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const ids = Array.from({ length: keysMax + 1 }, (_, at) => `order-${at}`);
    const send = (part: readonly string[]): string[] => {
      sender.sendRun(part.map((id) => ({ channel: "a", extras: { id } })));
      return sender.confirms().filter((it) => it.includes("accepted"));
    };
    for (let at = 0; at <= keysMax; at += 5000) send(ids.slice(at, at + 5000));

    const next = keysMax + 2;
    expect(send(["order-1"])).to.deep.equal([`${next}-${next} accepted 0 repeat`]);
    expect(send(["order-0"])).to.deep.equal([`${next + 1}-${next + 1} accepted 0`]);
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

/** What was answered to the requests of a cell: the number of each, and how it ended. */
function answers(cell: BenchCell): unknown[] {
  return cell.take("ANSR").map(({ fields: { seq, state, code } }) => [seq, code ?? state]);
}
