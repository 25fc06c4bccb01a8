import { expect } from "chai";

import { nameOf } from "./bench-heard.js";
import { CoreBench } from "./core-bench.js";

describe("transmitter core: sending", () => {
  it("accepts and handles at once what matches nothing (§11.1)", () => {
    const cell = new CoreBench().cell("sender");

    cell.send("a", { ref: "mine" });

    const confirms = cell.take("CNFM").map(({ fields }) => fields);
    expect(confirms).to.deep.equal([
      { seq: 1, ref: "mine", state: "accepted", matched: 0 },
      { seq: 1, ref: "mine", state: "handled" },
    ]);
  });

  it("confirms runs in ranges (§5.5)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("sender", { encoding: "M" });
    bench.cell("worker").catch("a", "any", { credit: 10 });

    cell.sendRun([{ channel: "a" }, { channel: "a" }, { channel: "b" }, { channel: "a" }]);

    expect(cell.confirms()).to.deep.equal([
      "1-2 accepted 1",
      "3-3 accepted 0",
      "4-4 accepted 1",
      "3-3 handled",
    ]);
  });

  it("counts streams with a cell, and groups with or without one (§11.1)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const cell = bench.cell("listener");
    const { catch: multi } = cell.catch("a", "multi");
    bench.cell("listener", { encoding: "M" }).catch("a", "multi");
    cell.catch("a", "any");
    cell.catch("*", "any");
    sender.send("a");
    expect(sender.confirms()).to.deep.equal(["1 accepted 4"]);

    cell.say("DROP", { catch: multi });
    sender.send("a");

    expect(sender.confirms()).to.deep.equal(["2 accepted 3"]);
  });

  it("says handled when the last of the groups has settled (§11.2)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const cell = bench.cell("worker");
    cell.catch("a", "any");
    cell.catch("*", "any");
    sender.send("a");
    sender.confirms();
    const [one, two] = cell.take("DLVR");

    cell.settle(one!);
    expect(sender.confirms()).to.deep.equal([]);
    cell.settle(two!);

    expect(sender.confirms()).to.deep.equal(["1 handled"]);
    expect(cell.confirms()).to.deep.equal(["settled 1", "settled 2"]);
  });

  it("confirms a repeat with its state, and sends it nowhere (§11.3)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    sender.send("a");
    sender.send("b");
    sender.confirms();

    sender.send("a", { seq: 1 });
    sender.send("b", { seq: 2 });

    expect(sender.confirms()).to.deep.equal([
      "1 accepted 0 repeat",
      "2 accepted 0 repeat",
      "2 handled",
    ]);
    expect(worker.take("DLVR")).to.have.length(1);
  });

  it("takes what is new in a run that overlaps (§7.4, §11.3)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const worker = bench.cell("worker", { encoding: "M" });
    worker.catch("a", "any", { credit: 9 });
    sender.sendRun([{ channel: "a" }, { channel: "a" }]);
    sender.confirms();
    worker.take();

    sender.sendRun([{ channel: "a" }, { channel: "a" }, { channel: "a" }], { first: 2 });

    expect(sender.confirms()).to.deep.equal(["2-2 accepted 0 repeat", "3-4 accepted 1"]);
    const { run } = worker.takeOne("DLVR");
    expect([run?.seqAt(0), run?.count]).to.deep.equal([3, 2]);
  });

  it("allows holes, and takes what falls into one later (§7.4)", () => {
    const sender = new CoreBench().cell("sender");

    sender.send("a", { seq: 5 });
    sender.send("a", { seq: 3 });

    expect(sender.confirms()).to.deep.equal([
      "5 accepted 0",
      "5 handled",
      "3 accepted 0",
      "3 handled",
    ]);
  });

  it("forgets numbers below the floor, and confirms them as handled repeats (§7.4)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    sender.send("b", { seq: 9, floor: 9 });
    sender.confirms();

    sender.send("a", { seq: 4 });

    expect(sender.confirms()).to.deep.equal(["4 accepted 0 repeat", "4 handled"]);
    expect(worker.take("DLVR")).to.have.length(0);
  });

  it("refuses a floor above the number, in both encodings (§7.4)", () => {
    const bench = new CoreBench();
    const json = bench.cell("sender");
    const packed = bench.cell("sender", { encoding: "M" });

    json.send("a", { floor: 2 });
    packed.sendRun([{ channel: "a" }], { floor: 2 });

    expect(json.takeOne("ERRO").fields["code"]).to.equal("BAD_PAYLOAD");
    expect(packed.takeOne("ERRO").fields["code"]).to.equal("BAD_RUN");
  });

  it("refuses with BUSY while it sheds load, and takes the same number later (§11.4)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");

    bench.core.shed(true);
    sender.send("a");
    expect(sender.confirms()).to.deep.equal(["1 refused BUSY"]);
    sender.say("EVNT", { channel: "a", ref: "loose" });
    expect(sender.takeOne("ERRO").fields).to.include({ code: "BUSY", ref: "loose" });

    bench.core.shed(false);
    sender.send("a", { seq: 1 });
    expect(sender.confirms()).to.deep.equal(["1 accepted 0", "1 handled"]);
  });

  it("refuses nothing for a group whose members could take it, however much one turn brings (§10.8)", () => {
    const bench = new CoreBench({ backlogEventsMax: 2 });
    const sender = bench.cell("sender");
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 9 });

    bench.turn(() => {
      for (let n = 0; n < 5; n++) sender.send("a");
    });

    expect(worker.take("DLVR")).to.have.length(5);
    expect(sender.confirms()).to.have.length(5);
  });

  it("refuses an event for a full group, and gives it to the others (§10.8, §11.4)", () => {
    const bench = new CoreBench({ backlogEventsMax: 2 });
    const sender = bench.cell("sender");
    const paused = bench.cell("paused");
    const worker = bench.cell("worker");
    paused.catch("a", "any", { credit: 0 });
    worker.catch("a", "any", { credit: 9 });
    const { topic } = worker.catch("a", "multi");

    for (let n = 0; n < 3; n++) sender.send("a");

    expect(sender.confirms()).to.deep.equal([
      "1 accepted 3",
      "2 accepted 3",
      "3 refused GROUP_FULL",
    ]);
    const deliveries = worker.take("DLVR");
    expect(deliveries).to.have.length(3);
    expect(bench.stream(topic)).to.have.length(3);
    for (const delivery of deliveries) worker.settle(delivery);
    expect(sender.confirms()).to.deep.equal([]);
    // The third is refused, and the paused cell has not settled the others.
    expect(bench.core.counters.values.eventsHandled).to.equal(0);
  });

  for (const [fields, code] of [
    [{ channel: "a b" }, "BAD_CHANNEL"],
    [{ channel: null }, "BAD_CHANNEL"],
    [{ channel: "$mesh.leave" }, "DENIED"],
    [{ channel: "a", ttlMs: "5s" }, "BAD_TTL"],
    [{ channel: "a", ttlMs: 0 }, "BAD_TTL"],
    [{ channel: "a", data: 1, bytes: "AA==" }, "BAD_PAYLOAD"],
    [{ channel: "a", bytes: "***", data: undefined }, "BAD_PAYLOAD"],
    [{ channel: "a", headers: { a: 1 } }, "BAD_OPTION"],
    [{ channel: "a", key: "" }, "BAD_OPTION"],
    [{ channel: "a", ask: { timeoutMs: 0 } }, "BAD_OPTION"],
    [{ channel: "a", seq: 1.5 }, "BAD_PAYLOAD"],
    [{ channel: "a", data: "x".repeat(1_048_577) }, "TOO_LARGE"],
  ] as const) {
    const shown = JSON.stringify(fields).slice(0, 60);
    it(`refuses EVNT ${shown} as ${code}, and does not use its number up (§5.7)`, () => {
      const sender = new CoreBench().cell("sender");

      sender.say("EVNT", { data: 1, seq: 1, ...fields });
      expect(sender.takeOne("ERRO").fields).to.include({ code, command: "EVNT" });

      sender.say("EVNT", { channel: "a", seq: 1 });
      expect(sender.confirms()).to.deep.equal(["1 accepted 0", "1 handled"]);
    });
  }

  it("refuses a run whole: of another sender or cell, on system channels, or cut (§4.3, §7.3, §7.9)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const { topic } = bench.cell("watch").catch("$mesh.cell.joined", "multi");

    sender.sendRun([{ channel: "a" }], { sender: "e".repeat(40) });
    sender.sendRun([{ channel: "a" }], { service: "other" });
    sender.sendRun([{ channel: "a" }], { cell: "9".repeat(40) });
    sender.sayPart(Buffer.from("M EVNT \x81"));
    const codes = sender.take("ERRO").map(({ fields }) => fields["code"]);
    expect(codes).to.deep.equal(["DENIED", "DENIED", "DENIED", "BAD_RUN"]);

    sender.sendRun([{ channel: "$mesh.cell.joined" }], { first: 1 });
    const denied = [
      ...sender.confirms(),
      ...sender.take("ERRO").map(({ fields }) => fields["code"]),
    ];
    expect(denied).to.deep.equal(["1-1 refused DENIED"]);
    expect(bench.stream(topic)).to.deep.equal([]);
  });

  it("confirms settlements after what their outputs have caused (§10.6)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const first = bench.cell("first");
    const second = bench.cell("second");
    first.catch("a", "any");
    second.catch("b", "any");
    sender.send("a");

    first.settle(first.takeOne("DLVR"), "ack", { outputs: [{ channel: "b", data: 2 }] });
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
    expect(first.confirms()).to.deep.equal([]);

    const output = second.takeOne("DLVR");
    expect(output.fields).to.deep.include({
      channel: "b",
      data: 2,
      from: { id: first.id, service: "first" },
    });
    second.settle(output);
    expect(first.confirms()).to.deep.equal(["settled 1"]);
    expect(nameOf(output)["number"]).to.equal(2);
  });
});
