import { expect } from "chai";

import type { CoreBench } from "../core-bench.js";
import { die } from "../core-work.js";
import { apart } from "./apart.js";
import { SiteNet } from "./site-net.js";

describe("transmitter core: groups that outlive their cells (§10.8)", () => {
  it("keeps a group whose only transmitter with cells is gone, and its events", () => {
    const { net, sender, near } = apart();
    net.kill(1);
    sender.send("a");
    expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);

    net.pass(1000);
    const worker = near.cell("worker");
    worker.catch("a", "any", { credit: 1 });
    worker.settle(worker.takeOne("DLVR"));
    expect(sender.confirms()).to.deep.equal(["1 handled"]);
  });

  it("tells whoever starts later of a group that is kept for cells of one that is gone", () => {
    const { net, near } = apart({ attemptsMax: 7, ackTimeoutMs: 4000 });
    net.kill(1);
    const kept = [0, true, false, 7, 4000];
    expect(net.recordOf(0).get("g worker a")).to.deep.equal(kept);

    near.cell("worker").catch("a", "any", { credit: 1 });
    expect(net.recordOf(0).get("g worker a")).to.include.members([1]);
  });

  it("says no more that it keeps a group when its time is over", () => {
    const { net } = apart();
    net.kill(1);

    net.pass(31_000);

    expect(net.recordOf(0).get("g worker a")).to.equal(undefined);
  });

  it("goes on saying that it has a group that began anew while the one before was kept", () => {
    const net = new SiteNet(2);
    const [one, other] = net.benches as [CoreBench, CoreBench];
    const lost = one.cell("worker");
    lost.catch("a", "any", { credit: 1 });
    die(one, lost);
    const last = other.cell("worker");
    last.catch("a", "any", { credit: 1 });
    last.say("GBYE");
    expect(net.recordOf(0).get("g worker a")).to.equal(undefined);

    one.cell("worker").catch("a", "any", { credit: 1 });
    net.pass(31_000);

    expect(net.recordOf(0).get("g worker a")).to.include.members([1]);
    const sender = other.cell("sender");
    sender.send("a");
    expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);
  });

  it("keeps a group whose last cells are lost at two transmitters at the same time", () => {
    const net = new SiteNet(3);
    const [near, ...far] = net.benches as [CoreBench, ...CoreBench[]];
    const sender = near.cell("sender");
    const lost = far.map((bench) => {
      const worker = bench.cell("worker");
      worker.catch("a", "any", { credit: 1 });
      return [bench, worker] as const;
    });
    net.isHeld = true;
    for (const [bench, worker] of lost) die(bench, worker);
    net.isHeld = false;
    net.pump();

    sender.send("a");
    expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);
    const worker = near.cell("worker");
    worker.catch("a", "any", { credit: 1 });
    worker.settle(worker.takeOne("DLVR"));
    expect(sender.confirms()).to.deep.equal(["1 handled"]);
  });

  it("keeps a group for a lost cell though another one leaves that was never granted it", () => {
    const { net, sender, far, worker } = apart();
    die(far, worker);
    net.isHeld = true;
    const guest = far.cell("worker");
    guest.say("CTCH", { pattern: "a", mode: "any" });
    guest.say("GBYE", {});
    expect(guest.take("CGHT")).to.deep.equal([]);
    net.isHeld = false;
    net.pump();

    sender.send("a");
    expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);
    const next = far.cell("worker");
    next.catch("a", "any", { credit: 1 });
    next.settle(next.takeOne("DLVR"));
    expect(sender.confirms()).to.deep.equal(["1 handled"]);
  });
});
