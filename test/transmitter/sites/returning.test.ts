import { expect } from "chai";

import type { BenchCell } from "../bench-cell.js";
import type { CoreBench } from "../core-bench.js";
import { SiteNet } from "./site-net.js";

/**
 * A sender at the first of two transmitters has sent an event to two groups there, of which one has
 * no credit; it has moved to the other one, which died, and is back and repeats it.
 *
 * @param settle what the group with credit has made of it by then.
 */
function returned(settle: (worker: BenchCell) => void): Record<
  "sender" | "able" | "unable",
  BenchCell
> & {
  readonly net: SiteNet;
} {
  const net = new SiteNet(2);
  const [a, b] = net.benches as [CoreBench, CoreBench];
  const [able, unable] = [a.cell("able"), a.cell("unable")];
  able.catch("a", "any", { credit: 5 });
  const { catch: number } = unable.catch("a", "any", { credit: 0 });
  const first = a.cell("sender");
  first.send("a");
  settle(able);
  first.say("GBYE");
  const moved = b.cell("sender", { id: first.id, session: 2 });
  moved.send("a", { seq: 1, repeat: true });
  net.pass(100);
  net.kill(1);
  const sender = a.cell("sender", { id: first.id, session: 3 });
  sender.send("a", { seq: 1, repeat: true });
  net.pass(1500);
  unable.say("CRED", { catch: number, credit: 5 });
  net.pass(100);
  return { net, sender, able, unable };
}

describe("transmitter core: senders that come back (§18.7)", () => {
  it("bring back what was left to another home, and nothing that was settled meanwhile", () => {
    const { sender, able, unable } = returned((worker) => worker.settle(worker.takeOne("DLVR")));

    expect(able.take("DLVR")).to.deep.equal([]);
    unable.settle(unable.takeOne("DLVR"));
    expect(sender.confirms()).to.include("1 handled");
  });

  it("wait for what is out here, which is not given to another one", () => {
    const { net, sender, able, unable } = returned(() => {});
    const other = net.benches[0]!.cell("able");
    other.catch("a", "any", { credit: 5 });
    unable.settle(unable.takeOne("DLVR"));
    net.pass(1500);
    expect(other.take("DLVR")).to.deep.equal([]);
    expect(sender.confirms()).to.not.include("1 handled");

    able.settle(able.takeOne("DLVR"));
    net.pass(100);
    expect(sender.confirms()).to.include("1 handled");
    expect([...able.take("DLVR"), ...other.take("DLVR")]).to.deep.equal([]);
  });

  it("leave it to the next home, with what was settled here", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const worker = a.cell("worker");
    const { catch: number } = worker.catch("a", "any", { credit: 0 });
    const id = "e".repeat(40);
    const at = (bench: CoreBench, session: number): BenchCell => {
      const sender = bench.cell("sender", { id, session });
      sender.send("a", { seq: 1, repeat: session > 1 });
      net.pass(100);
      return sender;
    };
    at(a, 1).say("GBYE");
    at(b, 2);
    net.kill(1);
    const back = at(a, 3);
    net.pass(1500);
    worker.say("CRED", { catch: number, credit: 5 });
    worker.settle(worker.takeOne("DLVR"));
    expect(back.confirms()).to.include("1 handled");

    const next = at(c, 4);
    net.pass(1500);
    expect(worker.take("DLVR")).to.deep.equal([]);
    expect(next.confirms()).to.include("1 handled");
  });
});

describe("transmitter core: keys of a sender that moves (§10.10, §18.7)", () => {
  it("wait at its former home for what its new home has yet to ask about", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const worker = b.cell("worker");
    const { catch: number } = worker.catch("a", "any", { credit: 0, affinity: true });
    const sender = a.cell("sender");
    for (let n = 0; n < 2; n++) sender.send("a", { key: "k" });
    const moved = c.cell("sender", { id: sender.id, session: 2 });
    moved.send("a", { seq: 1, repeat: true, key: "k" });
    worker.say("CRED", { catch: number, credit: 5 });
    net.pass(100);
    const one = worker.takeOne("DLVR");
    expect(one.fields).to.deep.include({ seq: 1, origin: `${net.ids[2]}.7` });

    moved.send("a", { seq: 2, repeat: true, key: "k" });
    net.pass(1500);
    expect(worker.take("DLVR")).to.deep.equal([]);
    worker.settle(one);
    net.pass(100);
    expect(worker.takeOne("DLVR").fields).to.deep.include({ seq: 2, origin: `${net.ids[2]}.7` });
  });

  it("do not wait for what is held back behind them, for which another home waits in turn", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const worker = c.cell("worker");
    worker.catch("a", "any", { credit: 5, affinity: true });
    const sender = a.cell("sender");
    const { id } = sender;
    const one = { seq: 1, key: "k" };
    const two = { seq: 2, key: "k", id: "same" };
    sender.send("a", one);
    const out = worker.takeOne("DLVR");
    sender.say("GBYE");
    const moved = b.cell("sender", { id, session: 2 });
    moved.send("a", { ...one, repeat: true });
    moved.send("a", two);
    // With this one waiting for it, the home in between leaves it to nobody.
    const other = b.cell("other");
    other.send("a", { id: "same" });
    const back = a.cell("sender", { id, session: 3 });
    for (const event of [one, two]) back.send("a", { ...event, repeat: true });
    net.pass(1500);
    worker.settle(out, "nack");
    net.pass(1500);

    const again = worker.takeOne("DLVR");
    expect(again.fields).to.deep.include({ seq: 1, attempt: 2, origin: `${net.ids[0]}.7` });
    expect(worker.take("DLVR")).to.deep.equal([]);
    worker.settle(again);
    net.pass(1500);
    const next = worker.takeOne("DLVR");
    expect(next.fields).to.deep.include({ seq: 2, origin: `${net.ids[1]}.7` });
    worker.settle(next);
    net.pass(100);
    expect(worker.take("DLVR")).to.deep.equal([]);
    expect(back.confirms()).to.include.members(["1 handled", "2 handled"]);
    expect(other.confirms()).to.include("1 handled");
  });
});
