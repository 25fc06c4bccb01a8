import { expect } from "chai";

import { CoreBench } from "./core-bench.js";

describe("transmitter core: groups that have enough to do", () => {
  it("has senders wait while half the backlog of a group at work is full (§10.8, §11.4)", () => {
    const bench = new CoreBench({ backlogEventsMax: 4 });
    const sender = bench.cell("sender");
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 1 });
    for (let n = 0; n < 4; n++) sender.send("a");
    expect(sender.confirms().at(-1)).to.equal("4 refused BUSY");
    sender.say("EVNT", { channel: "a", ref: "loose" });
    expect(sender.takeOne("ERRO").fields).to.include({ code: "BUSY", ref: "loose" });

    worker.settle(worker.takeOne("DLVR"));
    sender.send("a", { seq: 4 });
    expect(sender.confirms()).to.deep.equal(["1 handled", "4 accepted 1"]);
  });

  it("does not have a cell wait that works itself: others may wait for it (§11.4)", () => {
    const bench = new CoreBench({ backlogEventsMax: 2 });
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 1 });
    bench.cell("sender").send("a");

    for (let n = 0; n < 3; n++) worker.send("a");

    expect(worker.confirms()).to.deep.equal([
      "1 accepted 1",
      "2 accepted 1",
      "3 refused GROUP_FULL",
    ]);
  });

  it("lets outputs pass a full backlog, until there is as much of it again (§10.8)", () => {
    const bench = new CoreBench({ backlogEventsMax: 2 });
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 1 });
    const sender = bench.cell("sender");
    for (let n = 0; n < 2; n++) sender.send("a");
    worker.send("a");

    const outputs = Array.from({ length: 5 }, () => ({ channel: "a" }));
    worker.settle(worker.takeOne("DLVR"), "ack", { outputs });
    const { values } = bench.core.counters;
    expect(values.outputsBeyondFull).to.equal(2);
    expect(values.eventsRefused).to.equal(2);

    let handled = 0;
    for (let next = worker.take("DLVR"); next.length > 0; next = worker.take("DLVR")) {
      for (const delivery of next) worker.settle(delivery);
      handled += next.length;
    }
    expect(handled).to.equal(2 + 3);
  });
});
