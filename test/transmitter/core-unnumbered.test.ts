import { expect } from "chai";

import { type BenchCell, CoreBench } from "./core-bench.js";
import { working } from "./core-work.js";

describe("transmitter core: events without a number", () => {
  it("are numbered under a THID of the transmitter, from that cell (§7.6)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const { topic } = bench.cell("listener").catch("a", "multi");

    sender.say("EVNT", { channel: "a", data: 1, ref: 7 });
    sender.say("EVNT", { channel: "a", data: 1, ref: 7 });

    const [one, two] = bench.stream(topic).map(({ fields }) => fields);
    expect(one?.["from"]).to.deep.equal({ id: sender.id, service: "sender" });
    expect(one?.["sender"])
      .to.match(/^[0-9a-f]{40}$/)
      .and.not.equal(sender.id);
    expect(two?.["sender"]).to.equal(one?.["sender"]);
    expect([one?.["seq"], two?.["seq"]]).to.deep.equal([1, 2]);
    expect(sender.take("CNFM").map(({ fields }) => [fields["seq"], fields["ref"]])).to.deep.equal([
      [1, 7],
      [1, 7],
      [2, 7],
      [2, 7],
    ]);
  });

  it("are new, also where they say that they repeat (§5.5)", () => {
    const { sender, worker } = working({ redeliver: false });
    sender.say("EVNT", { channel: "a", data: 1, repeat: true });

    expect(worker.takeOne("DLVR").fields).to.include({ data: 1, repeat: false });
  });

  it("are confirmed by their references, also beside one of its cell's that has the same number (§5.5)", () => {
    const { sender, worker } = both();

    const confirms = sender.take("CNFM").map(({ fields }) => fields);
    expect(confirms).to.deep.equal([
      { seq: 1, ref: "own", state: "accepted", matched: 1 },
      { seq: 1, ref: "loose", state: "accepted", matched: 1 },
    ]);
    const [own, loose] = worker.take("DLVR");
    worker.settle(own!);
    expect(sender.takeOne("CNFM").fields).to.deep.equal({ seq: 1, ref: "own", state: "handled" });
    worker.settle(loose!);
    expect(sender.takeOne("CNFM").fields).to.deep.equal({ seq: 1, ref: "loose", state: "handled" });
  });

  it("are confirmed in the order of the commands that one turn brings (§5.8)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");

    bench.turn(() => {
      for (let n = 1; n <= 2; n++) {
        sender.send("a", { ref: `own ${n}` });
        sender.say("EVNT", { channel: "a", ref: `loose ${n}` });
      }
    });

    const refs = ["own 1", "loose 1", "own 2", "loose 2"];
    const told = sender.take("CNFM").map(({ fields }) => [fields["state"], fields["ref"]]);
    expect(told).to.deep.equal([
      ...refs.map((ref) => ["accepted", ref]),
      ...refs.map((ref) => ["handled", ref]),
    ]);
  });

  it("are refused by their references (§5.5, §10.8)", () => {
    const bench = new CoreBench({ backlogEventsMax: 1 });
    const sender = bench.cell("sender");
    const paused = bench.cell("paused");
    for (const channel of ["a", "b"]) paused.catch(channel, "any", { credit: 0 });
    sender.say("EVNT", { channel: "a", ref: "first" });
    sender.send("b", { seq: 2, ref: "own" });
    sender.take();

    sender.say("EVNT", { channel: "a", ref: "loose" });

    const { fields } = sender.takeOne("CNFM");
    expect(fields).to.include({ seq: 2, ref: "loose", state: "refused", code: "GROUP_FULL" });
  });

  it("are answered by their references, also beside one of its cell's that has the same number (§12)", () => {
    const { sender, worker } = both({ ask: { timeoutMs: 500 } });

    for (const delivery of worker.take("DLVR").reverse()) {
      worker.settle(delivery, "ack", { result: delivery.fields["data"] });
    }

    const answers = sender.take("ANSR").map(({ fields: { seq, ref, data } }) => [seq, ref, data]);
    expect(answers).to.deep.equal([
      [1, "loose", "of loose"],
      [1, "own", "of own"],
    ]);
    const handled = sender.take("CNFM").filter(({ fields }) => fields["state"] === "handled");
    expect(handled.map(({ fields }) => fields["ref"])).to.deep.equal(["loose", "own"]);
  });
});

/** Two events on their way that both have number 1: of the cell, and of the transmitter for it. */
function both(fields: object = {}): { sender: BenchCell; worker: BenchCell } {
  const bench = new CoreBench();
  const sender = bench.cell("sender");
  const worker = bench.cell("worker");
  worker.catch("a", "any", { credit: 9 });
  bench.turn(() => {
    sender.send("a", { ...fields, ref: "own", data: "of own" });
    sender.say("EVNT", { ...fields, channel: "a", ref: "loose", data: "of loose" });
  });
  return { sender, worker };
}
