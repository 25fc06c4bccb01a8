import { expect } from "chai";

import { encodeMessagePack } from "@thynapse/protocol";
import type { BenchCell } from "./bench-cell.js";
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

  it("takes nothing before what was refused, unless that comes no more, for 10 s (§11.4)", () => {
    const crowd = (): { bench: CoreBench; sender: BenchCell } => {
      const bench = new CoreBench({ backlogEventsMax: 4 });
      const [sender, worker] = [bench.cell("sender"), bench.cell("worker")];
      worker.catch("a", "any", { credit: 1 });
      for (let n = 0; n < 4; n++) sender.send("a");
      worker.settle(worker.takeOne("DLVR"));
      bench.pass(9_900);
      sender.confirms();
      sender.send("b", { seq: 5 });
      expect(sender.confirms()).to.deep.equal(["5 refused BUSY"]);
      return { bench, sender };
    };

    const { sender } = crowd();
    sender.send("b", { seq: 6, floor: 5 });
    expect(sender.confirms()[0], "its floor has passed it").to.equal("6 accepted 0");
    const { sender: other } = crowd();
    other.send("a", { seq: 4 });
    other.send("b", { seq: 5 });
    expect(other.confirms()[0], "it has come").to.equal("4 accepted 1");
    expect(other.confirms()).to.deep.equal([]);
    const { bench, sender: late } = crowd();
    bench.pass(200);
    late.send("b", { seq: 5 });
    expect(late.confirms()[0], "10 s are over").to.equal("5 accepted 0");
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

  it("counts a long header with its events, since they keep the whole run (§10.8)", () => {
    const bench = new CoreBench({ backlogBytesMax: 40_000 });
    const sender = bench.cell("sender", { encoding: "M" });
    bench.cell("paused").catch("a", "any", { credit: 0 });
    const channels = ["a", ...Array.from({ length: 120 }, (_, n) => `${"x.".repeat(30)}${n}`)];
    const headerBytes = encodeMessagePack(channels).length;

    for (let first = 1; first <= 29; first += 4) {
      const id = { sender: Buffer.from(sender.id, "hex"), service: "sender" };
      const header = { ...id, session: 1, floor: 1, first, time: 5, count: 4, channels };
      const parts = [header, ...Array.from({ length: 4 }, () => [1, 0, 0, Buffer.alloc(1)])];
      sender.sayPart(Buffer.concat([Buffer.from("M EVNT "), ...parts.map(encodeMessagePack)]));
    }

    const fit = Math.floor(40_000 / (headerBytes / 4 - 100));
    const [refused] = sender.confirms().filter((line) => line.endsWith("GROUP_FULL"));
    expect(Number.parseInt(refused ?? "", 10)).to.be.within(fit - 2, fit + 2);
  });
});
