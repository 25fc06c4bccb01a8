import { expect } from "chai";

import type { BenchCell } from "../bench-cell.js";
import type { CoreBench } from "../core-bench.js";
import { MovingSender } from "./moving-sender.js";
import { SiteNet } from "./site-net.js";

const ofGroup = { credit: 5, redeliver: false };

describe("transmitter core: what its former home knows of events that were sent there first (§18.7)", () => {
  it("takes for new what a home that drains has refused, also where nothing is given out twice", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const worker = c.cell("worker");
    worker.catch("a", "any", ofGroup);
    const sender = a.cell("sender", { encoding: "M" });
    a.turn(() => a.core.drain(a.nowMs));
    sender.send("a");
    expect(sender.take("ERRO").map(({ fields }) => fields["code"])).to.deep.equal(["DRAINING"]);

    repeatsAt(b, sender, { session: 2, since: 1 });
    net.pass(1500);

    expect(worker.takeOne("DLVR").fields).to.deep.include({ seq: 1, attempt: 1, repeat: false });
  });

  it("takes nothing for new of which it does not know where it was sent first", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const worker = c.cell("worker");
    worker.catch("a", "any", ofGroup);
    const sender = a.cell("sender");

    const moved = b.cell("sender", { id: sender.id, session: 2 });
    moved.send("a", { seq: 1, repeat: true });
    net.pass(1500);

    expect(worker.take("DLVR")).to.deep.equal([]);
    expect(moved.confirms()).to.include("1 handled");
  });

  it("takes it for new, too, when the first question was lost with the link", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const worker = b.cell("worker");
    worker.catch("a", "any", ofGroup);
    const sender = a.cell("sender", { encoding: "M" });
    net.isHeld = true;
    repeatsAt(b, sender, { session: 2, since: 1 });

    net.renew(0, 1);
    net.isHeld = false;
    net.pass(1500);

    expect(worker.takeOne("DLVR").fields).to.deep.include({ seq: 1, attempt: 1, repeat: false });
  });

  it("takes that for new at one home alone: at a later one it is a repeat", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const worker = c.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    const sender = a.cell("sender", { encoding: "M" });
    repeatsAt(b, sender, { session: 2, since: 1 });
    net.pass(1500);
    expect(worker.takeOne("DLVR").fields).to.deep.include({ repeat: false });

    worker.say("GBYE");
    net.kill(1);
    const other = c.cell("worker");
    other.catch("a", "any", { credit: 5 });
    repeatsAt(c, sender, { session: 3, since: 1 });
    net.pass(1500);

    expect(other.takeOne("DLVR").fields).to.deep.include({ seq: 1, repeat: true });
  });

  it("does not hold for settled what it left to another home long ago, which has died", () => {
    const scene = new MovingSender();
    const { net } = scene;
    scene.moveTo(1, 2);
    net.pass(70_000);
    net.kill(1);
    const again = scene.moveTo(2, 3);
    expect(again.confirms()).not.to.include("1 handled");

    expect(scene.origins()).to.deep.equal([`${net.ids[2]}.7`]);
  });
});

/** A sender that has moved repeats its first event, which it had sent first in an earlier session. */
function repeatsAt(
  bench: CoreBench,
  { id }: BenchCell,
  { session, since }: { readonly session: number; readonly since: number },
): void {
  const moved = bench.cell("sender", { id, session, encoding: "M" });
  moved.sendRun([{ channel: "a", data: null }], { first: 1, session: since });
}
