import { expect } from "chai";

import type { BenchCell } from "../bench-cell.js";
import type { CoreBench } from "../core-bench.js";
import { SiteNet } from "./site-net.js";

describe("transmitter core: homes that end (§9.6, §18.7)", () => {
  it("leaves with its own cell, too, what that holds of a dead origin (§18.7)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const sender = a.cell("sender");
    const [worker, other] = [b.cell("worker"), b.cell("worker")];
    worker.catch("a", "any", { credit: 3 });
    for (let n = 0; n < 3; n++) sender.send("a");
    const [one, two, three] = worker.take("DLVR");
    other.catch("a", "any", { credit: 5 });
    const moved = b.stranger();
    moved.hello({ id: sender.id, service: "sender", session: 2 });
    for (const seq of [1, 2, 3]) moved.send("a", { seq, repeat: true });
    net.pass(500);

    net.kill(0);
    worker.settle(one!);
    net.pass(2000);
    worker.settle(two!);
    expect(moved.confirms()).to.include.members(["1 handled", "2 handled"]);
    expect([...worker.take("DLVR"), ...other.take("DLVR")]).to.deep.equal([]);

    // What it gives back is given to the other one, by the new home.
    worker.settle(three!, "release");
    net.pass(100);
    expect(other.takeOne("DLVR").fields).to.deep.include({ seq: 3, origin: `${net.ids[1]}.7` });
  });

  it("gives back to its origin what a cell has not begun that leaves idle (§9.5)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const sender = a.cell("sender");
    const [worker, other] = [b.cell("worker"), b.cell("worker")];
    worker.catch("a", "any", { credit: 1, redeliver: false });
    sender.send("a");
    worker.takeOne("DLVR");
    other.catch("a", "any", { credit: 1, redeliver: false });
    worker.say("GBYE", { idle: true });
    net.pass(100);

    const again = other.takeOne("DLVR");
    expect(again.fields).to.deep.include({ seq: 1, attempt: 1, repeat: false });
    other.settle(again);
    expect(sender.confirms()).to.include("1 handled");
  });

  it("takes nothing late of a sender that has moved on (§18.7)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    net.joinedMs = a.nowMs;
    const worker = b.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    const sender = a.stranger();
    const id = "e".repeat(40);
    sender.hello({ id, service: "sender", session: 2 });
    sender.send("a", { seq: 1 });
    net.pass(500);
    net.joinedMs = Number.NEGATIVE_INFINITY;
    const moved = b.stranger();
    moved.hello({ id, service: "sender", session: 3 });
    moved.send("a", { seq: 1, repeat: true });
    net.pass(2500);

    expect(worker.takeOne("DLVR").fields).to.deep.include({ seq: 1 });
  });

  it("takes what a cell claims in a second HELO, and leaves it what it has (§9.6)", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = b.cell("worker");
    worker.catch("a", "any", { credit: 2 });
    for (let n = 0; n < 2; n++) sender.send("a");
    expect(worker.take("DLVR")).to.have.length(2);
    const moved = c.stranger();
    moved.hello({ id: worker.id, service: "worker", session: 2 });
    moved.catch("a", "any", { credit: 1 });
    sender.send("a");
    const third = moved.takeOne("DLVR");

    net.kill(1);
    moved.say("HELO", {
      ...{ id: worker.id, service: "worker", session: 2, claims: claims(sender, 1, 2) },
    });
    const named = moved.takeOne("DLVR");
    expect(named.fields).to.deep.include({ claimed: true, seq: 1 });
    expect(sender.confirms()).to.include("2 handled");
    moved.settle(third);
    moved.settle(named);
    net.pass(1500);
    expect(sender.confirms()).to.include.members(["1 handled", "3 handled"]);
    expect(moved.take("DLVR")).to.deep.equal([]);
  });

  it("names nothing anew for a cell that does not know the number of its catch yet (§5.8)", () => {
    const net = new SiteNet(2);
    const [, c] = net.benches as [CoreBench, CoreBench];
    const worker = c.cell("worker");
    worker.catch("a", "any", { credit: 0 });
    const sender = c.stranger();
    sender.hello({ id: "e".repeat(40), service: "sender", session: 2 });
    sender.send("a", { seq: 1, repeat: true });
    net.isHeld = true;
    const back = c.stranger();
    const held = [["e".repeat(40), 1, 1]];
    back.hello({
      ...{ id: "f".repeat(40), service: "worker" },
      claims: [{ pattern: "a", held, settled: [] }],
    });
    back.say("CTCH", { pattern: "a", mode: "any", credit: 5 });
    const settled = [["d".repeat(40), 1, 1]];
    const claims = [{ pattern: "a", held: [], settled }];
    worker.say("HELO", { id: worker.id, service: "worker", claims });
    expect(back.take("DLVR")).to.deep.equal([]);

    net.isHeld = false;
    net.pump();
    expect(back.take().map(({ command }) => command)).to.deep.equal(["CGHT", "DLVR"]);
  });

  it("is told by others, too, what a former home has said at last to be settled (§18.7)", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = b.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    // It is settled by a cell of the former home, whose last words only one of the others has.
    const own = a.cell("worker");
    own.catch("a", "any", { credit: 5 });
    sender.send("a");
    own.settle(own.takeOne("DLVR"));
    net.isHeld = true;
    a.turn(() => a.core.sites.succession.begin(a.nowMs));
    net.carryFirst(1);
    net.kill(0);
    net.isHeld = false;

    const moved = c.stranger();
    moved.hello({ id: sender.id, service: "sender", session: 2 });
    moved.send("a", { seq: 1, repeat: true });
    net.pass(2000);
    expect(moved.confirms()).to.include("1 handled");
    expect(worker.take("DLVR")).to.deep.equal([]);
  });

  it("asks anew what cells hold when a former home ends that had answered for it (§18.7)", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = b.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    sender.send("a");
    const delivery = worker.takeOne("DLVR");
    const moved = c.stranger();
    moved.hello({ id: sender.id, service: "sender", session: 2 });
    moved.send("a", { seq: 1, repeat: true });
    net.pass(9000);

    net.kill(0);
    net.pass(2000);
    expect(worker.take("DLVR").map(({ fields }) => fields["claimed"])).to.deep.equal([]);

    worker.settle(delivery);
    expect(moved.confirms()).to.include("1 handled");
  });

  it("waits 1 s for the cells of a former home that ends, as for those of any other", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = a.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    const other = b.cell("worker");
    sender.send("a");
    worker.takeOne("DLVR");
    const moved = c.stranger();
    moved.hello({ id: sender.id, service: "sender", session: 2 });
    moved.send("a", { seq: 1, repeat: true });
    net.pass(3000);

    net.kill(0);
    other.catch("a", "any", { credit: 5 });
    net.pass(800);
    const again = b.stranger();
    const held = [{ pattern: "a", held: [[sender.id, 1, 1]], settled: [] }];
    again.hello({ id: worker.id, service: "worker", session: 2, claims: held });
    again.catch("a", "any", { credit: 5 });
    net.pass(2000);

    expect(other.take("DLVR")).to.have.length(0);
    again.settle(again.takeOne("DLVR"));
    expect(moved.confirms()).to.include("1 handled");
  });
});

/** What a cell says of one group. */
function claims(sender: BenchCell, held: number, settled: number): object[] {
  return [
    { pattern: "a", held: [[sender.id, held, held]], settled: [[sender.id, settled, settled]] },
  ];
}
