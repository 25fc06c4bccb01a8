import { expect } from "chai";

import type { BenchCell } from "../bench-cell.js";
import { countLooks } from "../claim-looks.js";
import type { CoreBench } from "../core-bench.js";
import { die } from "../core-work.js";
import { SiteNet } from "./site-net.js";

describe("transmitter core: homes in a mesh", () => {
  it("leaves with a cell what it claims at its new home after its old one died (§10.9)", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = b.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    for (let n = 0; n < 2; n++) sender.send("a");
    expect(worker.take("DLVR")).to.have.length(2);

    net.kill(1);
    const moved = c.stranger();
    moved.hello({ id: worker.id, service: "worker", session: 2, claims: claims(sender, 1, 2) });
    moved.catch("a", "any", { credit: 5 });

    // What it has settled is settled, and what it holds gets a new name.
    const named = moved.takeOne("DLVR");
    expect(named.fields).to.deep.include({ claimed: true, seq: 1 });
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "2 accepted 1", "2 handled"]);
    moved.settle(named);
    expect(sender.confirms()).to.deep.equal(["1 handled"]);
  });

  it("waits for who comes back, too, where all have just started, before a sender's events go (§10.9)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    net.joinedMs = a.nowMs;
    const sender = a.stranger();
    sender.hello({ id: "e".repeat(40), service: "sender", session: 2 });
    sender.send("a", { seq: 1, repeat: true });
    net.pass(500);
    expect(sender.confirms()).to.deep.equal([]);

    const worker = b.stranger();
    worker.hello({ id: "f".repeat(40), service: "worker", session: 2 });
    worker.catch("a", "any", { credit: 5 });
    net.pass(1600);

    worker.settle(worker.takeOne("DLVR"));
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });

  it("takes nothing of a sender that is attached elsewhere by a later session (§18.7)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = b.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    const moved = b.stranger();
    moved.hello({ id: sender.id, service: "sender", session: 2 });

    // What its old connection still held comes late, when its new home has it, too.
    sender.send("a", { seq: 1 });
    expect(sender.confirms()).to.deep.equal([]);
    expect(a.core.counters.values.eventsFenced).to.equal(1);
    moved.send("a", { seq: 1, repeat: true });
    net.pass(1100);

    expect(worker.takeOne("DLVR").fields).to.deep.include({ seq: 1, origin: `${net.ids[1]}.7` });
  });

  it("gives out as one run what its former home has never given out (§18.7)", () => {
    const net = new SiteNet(2);
    const [former, home] = net.benches as [CoreBench, CoreBench];
    former.cell("worker").catch("a", "any", { credit: 0 });
    const sender = former.cell("sender", { encoding: "M" });
    const run = Array.from({ length: 5 }, () => ({ channel: "a", data: 1 }));
    sender.sendRun(run);
    const moved = home.stranger("M");
    moved.hello({ id: sender.id, service: "sender", session: 2 });
    moved.sendRun(run, { first: 1, session: 1, sender: sender.id, service: "sender" });
    net.pass(1100);

    const worker = home.cell("worker", { encoding: "M" });
    worker.catch("a", "any", { credit: 9 });
    expect(worker.takeOne("DLVR").run?.count).to.equal(5);
  });

  it("takes over from a dead origin what a cell holds, without telling the cell (§18.7)", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = b.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    for (let n = 0; n < 3; n++) sender.send("a");
    const [one, two, three] = worker.take("DLVR");
    worker.settle(one!);
    worker.take();

    net.kill(0);
    worker.settle(two!);
    const again = c.stranger();
    again.hello({ id: sender.id, service: "sender", session: 2 });
    for (const seq of [1, 2, 3]) again.send("a", { seq, repeat: true });
    net.pass(1500);
    expect(again.confirms()).to.include.members(["1 handled", "2 handled"]);

    worker.settle(three!);
    expect(again.confirms()).to.deep.equal(["3 handled"]);
    expect(worker.take("DLVR")).to.have.length(0);
  });

  it("takes that over, too, where its transmitter finds the origin dead after it was asked", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = b.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    sender.send("a");
    const delivery = worker.takeOne("DLVR");

    net.kill(0, [1]);
    const again = c.stranger();
    again.hello({ id: sender.id, service: "sender", session: 2 });
    again.send("a", { seq: 1, repeat: true });
    net.pass(500);
    net.bury(1, 0);
    net.pass(2000);

    expect(worker.take("DLVR")).to.have.length(0);
    worker.settle(delivery);
    expect(again.confirms()).to.include("1 handled");
  });

  it("waits for every answer that it asked for, and asks once in a turn (§18.7)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = a.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    const other = b.cell("worker");
    other.catch("a", "any", { credit: 0 });
    for (let n = 0; n < 4; n++) sender.send("a");
    expect(worker.take("DLVR")).to.have.length(4);
    const moved = b.cell("sender", { id: sender.id, session: 2 });

    net.isHeld = true;
    for (const seq of [1, 2]) moved.send("a", { seq, repeat: true });
    b.turn(() => {
      for (const seq of [3, 4]) moved.send("a", { seq, repeat: true });
    });
    expect(b.core.counters.values.seeks).to.equal(3);
    other.say("CRED", { catch: 1, credit: 5 });
    // The first question is answered in time, the others not yet.
    net.carryFirst(0);
    net.carryFirst(1);
    net.pass(3000);

    expect(other.take("DLVR")).to.deep.equal([]);
  });

  it("looks for each answer at the events of the sender that it is about, and no others", () => {
    const net = new SiteNet(2);
    const home = net.benches[1] as CoreBench;
    const worker = home.cell("worker");
    worker.catch("a", "any", { credit: 5000 });
    const run = Array.from({ length: 20 }, () => ({ channel: "a" }));
    const senders = Array.from({ length: 50 }, () => {
      return home.cell("sender", { encoding: "M", session: 2 });
    });
    net.isHeld = true;
    for (const sender of senders) sender.sendRun(run, { session: 1 });
    const looks = countLooks();
    looks.begin();

    net.isHeld = false;
    net.pump();

    // With one look at all for each answer it would be fifty thousand.
    expect(looks.end()).to.be.within(1000, 5 * 1000);
    net.pass(1100);
    const given = worker.take("DLVR").map(({ run: it }) => it?.count ?? 1);
    expect(given.reduce((sum, count) => sum + count)).to.equal(1000);
  });

  it("marks what a home in between may have given out, whatever the one before it knows (§18.7)", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = c.cell("worker");
    worker.catch("a", "any", { credit: 1 });
    sender.send("a");
    sender.send("a");
    const first = worker.takeOne("DLVR");
    const moved = (bench: CoreBench, session: number): void => {
      const stranger = bench.stranger();
      stranger.hello({ id: sender.id, service: "sender", session });
      stranger.send("a", { seq: 2, repeat: true });
      net.pass(1500);
    };
    moved(b, 2);
    worker.settle(first);
    expect(worker.takeOne("DLVR").fields).to.deep.include({ seq: 2, repeat: false });

    die(c, worker);
    net.kill(1);
    moved(c, 3);
    const other = c.cell("worker");
    other.catch("a", "any", { credit: 1 });
    net.pass(1500);
    expect(other.takeOne("DLVR").fields).to.deep.include({ seq: 2, repeat: true });
  });

  it("gives nothing out again that its cell claimed elsewhere while it was frozen (§18.9)", () => {
    const net = new SiteNet(2);
    const [frozen, other] = net.benches as [CoreBench, CoreBench];
    const worker = frozen.cell("worker");
    worker.catch("a", "any", { credit: 2 });
    const sender = frozen.cell("sender");
    for (let n = 0; n < 3; n++) sender.send("a");
    expect(worker.take("DLVR")).to.have.length(2);

    // The cell has handled the first and works on the second; the third was never given out.
    net.kill(0);
    const moved = other.stranger();
    moved.hello({ id: worker.id, service: "worker", session: 2, claims: claims(sender, 2, 1) });
    moved.catch("a", "any", { credit: 5 });
    net.pass(1500);
    net.thaw(0);
    die(frozen, worker);
    net.rejoin(0);
    net.pass(1500);

    const given = moved.take("DLVR");
    expect(given.map(({ fields }) => [fields["seq"], fields["claimed"] ?? false])).to.deep.equal([
      [2, true],
      [3, false],
    ]);
    for (const delivery of given) moved.settle(delivery);
    const told = sender.confirms();
    for (const seq of [1, 2, 3]) expect(told).to.include(`${seq} handled`);
  });
});

function claims(sender: BenchCell, held: number, settled: number): object[] {
  return [
    { pattern: "a", held: [[sender.id, held, held]], settled: [[sender.id, settled, settled]] },
  ];
}
