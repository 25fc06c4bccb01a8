import { expect } from "chai";

import type { BenchCell } from "../bench-cell.js";
import type { CoreBench } from "../core-bench.js";
import { SiteNet } from "./site-net.js";

interface Draining {
  readonly net: SiteNet;
  readonly old: CoreBench;
  readonly next: CoreBench;
  readonly cell: BenchCell;
  readonly sender: BenchCell;
}

/** A worker at a transmitter, and a sender at another one. */
function draining(backlogEventsMax = 100): Draining {
  const net = new SiteNet(2, { drainTimeoutMs: 10_000, backlogEventsMax });
  const [old, next] = net.benches as [CoreBench, CoreBench];
  const cell = old.cell("worker");
  cell.catch("a", "any", { credit: 1 });
  return { net, old, next, cell, sender: next.cell("sender") };
}

function drain(bench: CoreBench): void {
  bench.turn(() => bench.core.drain(bench.nowMs));
}

/** The cell is attached to the other transmitter, too. */
function move({ next, cell }: Draining): BenchCell {
  return next.cell("worker", { id: cell.id, session: 2 });
}

describe("transmitter core: draining in a mesh (§9.6)", () => {
  it("waits until its cells have left for another home", () => {
    const made = draining();
    drain(made.old);
    expect(made.cell.takeOne("GBYE").fields).to.deep.equal({
      reason: "draining",
      transmitters: ["tcp://127.0.0.1:5464"],
    });
    expect(made.old.core.state).to.equal("draining");
    move(made);
    made.net.pass(1000);
    expect(made.old.core.state).to.equal("draining");

    made.cell.say("GBYE");
    made.net.pass(50);
    expect(made.old.core.state).to.equal("stopped");
  });

  it("waits 2 s for a cell that does not move, and holds nothing", () => {
    const { net, old } = draining();
    drain(old);
    net.pass(1900);
    expect(old.core.state).to.equal("draining");

    net.pass(200);
    expect(old.core.state).to.equal("stopped");
  });

  it("waits for what a cell holds of another origin, though it moved", () => {
    const made = draining();
    made.sender.send("a");
    const delivery = made.cell.takeOne("DLVR");
    drain(made.old);
    move(made);
    made.net.pass(5000);
    expect(made.old.core.state).to.equal("draining");

    made.cell.settle(delivery);
    expect(made.sender.confirms()).to.include("1 handled");
    made.cell.say("GBYE");
    made.net.pass(50);
    expect(made.old.core.state).to.equal("stopped");
  });

  it("waits until others have taken what its cells settled at last, 2 s at most (§18.7)", () => {
    for (const isHeard of [true, false]) {
      const made = draining();
      drain(made.old);
      made.net.unacked.add(0);
      made.cell.say("GBYE");
      made.net.pass(1900);
      expect(made.old.core.state).to.equal("draining");

      if (isHeard) made.net.unacked.delete(0);
      made.net.pass(50);
      expect(made.old.core.state).to.equal(isHeard ? "stopped" : "draining");
      made.net.pass(100);
      expect(made.old.core.state).to.equal("stopped");
    }
  });

  it("takes claims of a cell that is attached while it drains (§9.6)", () => {
    const made = draining();
    drain(made.old);
    const { id } = made.cell;
    const claims = [{ pattern: "a", held: [], settled: [["d".repeat(40), 1, 2]] }];
    made.cell.say("HELO", { id, service: "worker", session: 1, claims });

    expect(made.cell.take("ERRO")).to.deep.equal([]);
    expect(made.cell.take("WLCM")).to.have.length(1);
  });

  it("says last what is settled, since a sender may not have read its last confirms (§18.7)", () => {
    const made = draining();
    const late = made.old.cell("late");
    late.send("a");
    made.cell.settle(made.cell.takeOne("DLVR"));
    drain(made.old);
    const moved = move(made);
    moved.catch("a", "any", { credit: 1 });
    made.cell.say("GBYE");
    made.net.pass(3000);
    expect(made.old.core.state).to.equal("stopped");

    made.net.kill(0);
    const again = made.next.cell("late", { id: late.id, session: 2 });
    again.send("a", { seq: 1, repeat: true });
    made.net.pass(2000);

    expect(moved.take("DLVR")).to.deep.equal([]);
    expect(again.confirms()).to.include("1 handled");
  });

  it("does not say that what a full group has not got is settled (§18.7)", () => {
    const made = draining(2);
    const late = made.old.cell("late");
    made.cell.say("CRED", { catch: 1, credit: 0 });
    for (let n = 0; n < 3; n++) late.send("a");
    made.cell.say("CRED", { catch: 1, credit: 1 });
    for (let n = 0; n < 2; n++) made.cell.settle(made.cell.takeOne("DLVR"));
    expect(late.confirms()).to.include("3 refused GROUP_FULL");
    drain(made.old);
    const moved = move(made);
    moved.catch("a", "any", { credit: 1 });
    made.cell.say("GBYE");
    made.net.pass(3000);
    expect(made.old.core.state).to.equal("stopped");

    made.net.kill(0);
    const again = made.next.cell("late", { id: late.id, session: 2 });
    again.send("a", { seq: 3, repeat: true });
    made.net.pass(2000);

    moved.settle(moved.takeOne("DLVR"));
    expect(again.confirms()).to.include("3 handled");
  });

  it("waits no longer than it may", () => {
    const made = draining();
    made.sender.send("a");
    made.cell.takeOne("DLVR");
    drain(made.old);
    made.net.pass(10_100);

    expect(made.old.core.state).to.equal("stopped");
  });

  it("tells each sender what is unconfirmed when its time is over, and there is nobody else", () => {
    const net = new SiteNet(1, { drainTimeoutMs: 500 });
    const [bench] = net.benches as [CoreBench];
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 2 });
    bench.cell("other").catch("a", "any", { credit: 0 });
    const [sender, idle] = [bench.cell("sender"), bench.cell("idle")];
    for (let n = 0; n < 2; n++) sender.send("b");
    for (let n = 0; n < 3; n++) sender.send("a");
    idle.say("EVNT", { channel: "a", data: "has no number" });
    const [first] = worker.take("DLVR");
    worker.settle(first!);
    drain(bench);
    net.pass(600);

    const told = [sender, idle].map((cell) => cell.take("GBYE").at(-1)?.fields);
    expect(told).to.deep.equal([
      { reason: "draining", unconfirmed: [[3, 5]] },
      { reason: "draining", unconfirmed: [[1, 1]] },
    ]);
    expect(worker.take("GBYE")).to.have.length(1);
    expect(bench.rest).to.deep.include({ unconfirmed: 4, left: 0 });
  });

  it("waits for nobody where there is no other transmitter", () => {
    const net = new SiteNet(1);
    const [bench] = net.benches as [CoreBench];
    bench.cell("worker").catch("a", "any");
    drain(bench);

    expect(bench.core.state).to.equal("stopped");
  });
});
