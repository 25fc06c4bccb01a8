import { expect } from "chai";

import { CoreBench } from "../transmitter/core-bench.js";

/*
 * Goal:   each of these was a defect that a drawn world brought to light; here it is in its
 *         smallest form.
 * Method: one transmitter core, with cells that are played by hand.
 * Replay: npm test -- --grep "once broken"
 */
describe("simulation: once broken", () => {
  it("a run that lies across the floor is taken from the floor on (§7.4)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const worker = bench.cell("worker", { encoding: "M" });
    sender.sendRun(five("b"));
    sender.sendRun([{ channel: "b" }], { first: 6, floor: 6 });
    worker.catch("a", "any", { credit: 9 });
    sender.confirms();

    sender.sendRun(five("a"), { first: 4 });

    expect(sender.confirms()).to.deep.equal([
      "4-6 accepted 0 repeat",
      "7-8 accepted 1",
      "4-6 handled",
    ]);
    expect(worker.takeOne("DLVR").run?.seqAt(0)).to.equal(7);
  });

  it("an event that a full group refused is refused again when it repeats (§11.3)", () => {
    const bench = new CoreBench({ backlogEventsMax: 1 });
    const sender = bench.cell("sender");
    bench.cell("worker").catch("a", "any", { credit: 0 });
    sender.send("a");
    sender.send("a");
    sender.confirms();

    sender.send("a", { seq: 2 });

    expect(sender.confirms()).to.deep.equal(["2 refused GROUP_FULL"]);
  });

  it("a backlog above its bound refuses, and takes nothing negative (§10.8)", () => {
    const bench = new CoreBench({ backlogEventsMax: 2 });
    const sender = bench.cell("sender");
    const worker = bench.cell("worker");
    const number = worker.catch("a", "any", { credit: 4 })["catch"];
    for (let count = 0; count < 4; count++) sender.send("a");
    worker.say("CRED", { catch: number, credit: 0 });
    for (const delivery of worker.take("DLVR")) worker.settle(delivery, "release");
    bench.pass(50);
    sender.confirms();

    sender.send("a");

    expect(sender.confirms()).to.deep.equal(["5 refused GROUP_FULL"]);
    worker.say("CRED", { catch: number, credit: 9 });
    expect(worker.take("DLVR").map(({ fields }) => fields["seq"])).to.deep.equal([1, 2, 3, 4]);
  });

  it("what follows an event that was refused as busy is not taken before it (§8.9)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    bench.core.shed(true);
    sender.send("a");
    bench.core.shed(false);

    sender.send("a");
    sender.send("a", { seq: 1 });
    sender.send("a", { seq: 2 });

    expect(sender.confirms()).to.deep.equal([
      "1 refused BUSY",
      "2 refused BUSY",
      "1 accepted 0",
      "1 handled",
      "2 accepted 0",
      "2 handled",
    ]);
  });

  it("what follows it is taken without it after 10 s (§11.4)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    bench.core.shed(true);
    sender.send("a");
    bench.core.shed(false);
    sender.confirms();

    bench.pass(10_000);
    sender.send("a");

    expect(sender.confirms()).to.deep.equal(["2 accepted 0", "2 handled"]);
  });

  it("what waits for the listeners is not overtaken when the time has just come (§11.2)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 2 });
    const listener = bench.cell("listener");
    const { topic } = listener.catch("a", "multi");
    sender.send("a");

    // The event loop was held up: no tick since.
    bench.nowMs += 1500;
    sender.send("a");
    bench.pass(1);

    const events = bench.stream(topic).filter(({ command }) => command === "EVNT");
    expect(events.map(({ fields }) => fields["seq"])).to.deep.equal([1, 2]);
  });

  it("repeats that nobody claims go out in the order in which they came (§10.1)", () => {
    const bench = new CoreBench();
    const worker = bench.cell("worker");
    const number = worker.catch("a", "any", { credit: 0 })["catch"];
    const sender = bench.cell("sender");
    for (const seq of [1, 2, 3]) {
      sender.send("a", { seq, repeat: true });
      bench.pass(10);
    }

    bench.pass(1000);
    worker.say("CRED", { catch: number, credit: 9 });

    expect(worker.take("DLVR").map(({ fields }) => fields["seq"])).to.deep.equal([1, 2, 3]);
  });

  it("a key waits for its events that are held back for claims (§10.10)", () => {
    const bench = new CoreBench();
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 9, affinity: true });
    const sender = bench.cell("sender");

    sender.send("a", { key: "k", repeat: true });
    sender.send("a", { key: "k" });
    sender.send("a", { key: "other" });

    expect(worker.take("DLVR").map(({ fields }) => fields["seq"])).to.deep.equal([3]);
    bench.pass(1000);
    expect(worker.take("DLVR").map(({ fields }) => fields["seq"])).to.deep.equal([1]);
  });

  it("a key stays busy until all that was claimed of it is settled (§10.10)", () => {
    const bench = new CoreBench();
    const id = "9".repeat(40);
    const held = [1, 2].map((seq) => [senderId, seq, seq]);
    const worker = bench.cell("worker", { id, claims: [{ pattern: "a", held, settled: [] }] });
    worker.catch("a", "any", { credit: 9, affinity: true });
    const sender = bench.cell("sender", { id: senderId });
    sender.send("a", { key: "k", repeat: true });
    sender.send("a", { key: "k", repeat: true });
    sender.send("a", { key: "k" });
    const [one, two] = worker.take("DLVR");

    worker.settle(one!);
    expect(worker.take("DLVR")).to.deep.equal([]);
    worker.settle(two!);

    expect(worker.takeOne("DLVR").fields["seq"]).to.equal(3);
  });

  it("a claim is good for once (§10.9)", () => {
    const bench = new CoreBench();
    const claims = [{ pattern: "a", held: [[senderId, 1, 1]], settled: [] }];
    const former = bench.cell("worker", { id: "8".repeat(40), claims });
    former.catch("a", "any");
    bench.cell("sender", { id: senderId }).send("a", { repeat: true });
    const other = bench.cell("worker", { id: "7".repeat(40) });
    other.catch("a", "any");
    former.settle(former.takeOne("DLVR"), "release");
    expect(other.takeOne("DLVR").fields["attempt"]).to.equal(2);

    // The other one comes back on a new connection, and has the event.
    const { secret } = other.welcome;
    const again = bench.stranger();
    again.hello({ service: "worker", id: other.id, secret: String(secret), claims });
    again.catch("a", "any");

    expect(again.takeOne("DLVR").fields["claimed"]).to.equal(true);
    expect(former.take("DLVR")).to.deep.equal([]);
  });
});

const senderId = "5".repeat(40);

function five(channel: string): { readonly channel: string }[] {
  return Array.from({ length: 5 }, () => ({ channel }));
}
