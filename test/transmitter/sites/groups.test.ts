import { expect } from "chai";

import type { CoreBench } from "../core-bench.js";
import { die } from "../core-work.js";
import { apart, isEvent } from "./apart.js";
import { SiteNet } from "./site-net.js";

describe("transmitter core: groups of a mesh", () => {
  it("gives an event to one cell of a group, wherever that is (§18.4)", () => {
    const net = new SiteNet(3);
    const workers = net.benches.map((bench) => {
      const worker = bench.cell("worker");
      worker.catch("a", "any", { credit: 1 });
      return worker;
    });
    const sender = (net.benches[0] as CoreBench).cell("sender");

    for (let n = 0; n < 3; n++) sender.send("a");

    const seqs = workers.map((worker) => worker.takeOne("DLVR").fields["seq"] as number);
    expect(seqs.sort()).to.deep.equal([1, 2, 3]);
  });

  it("settles at the origin what a cell elsewhere acks, nacks and rejects (§18.6)", () => {
    const { net, sender, worker, near } = apart();

    sender.send("a");
    worker.settle(worker.takeOne("DLVR"));
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);

    sender.send("a");
    worker.settle(worker.takeOne("DLVR"), "nack", { reason: "no" });
    expect(sender.confirms()).to.deep.equal(["2 accepted 1"]);
    net.pass(300);
    const again = worker.takeOne("DLVR");
    expect(again.fields).to.deep.include({ attempt: 2, repeat: true, seq: 2 });
    worker.settle(again, "reject", { reason: "never" });
    expect(sender.confirms()).to.deep.equal(["2 handled"]);
    expect(near.core.counters.values.deadLetters).to.equal(1);
  });

  it("never gives a cell elsewhere more than its credit (§18.5)", () => {
    const { sender, worker, near } = apart({ credit: 2 });

    for (let n = 0; n < 10; n++) sender.send("a");
    const [one, two, ...more] = worker.take("DLVR");
    expect(more).to.have.length(0);

    worker.settle(one!);
    worker.settle(two!);
    expect(worker.take("DLVR")).to.have.length(2);
    expect(near.core.counters.values.deliveriesReturned).to.equal(0);
  });

  it("gives what a dead cell held to another one, wherever that is (§10.5)", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const first = b.cell("worker");
    first.catch("a", "any", { credit: 1 });
    sender.send("a");
    const delivery = first.takeOne("DLVR");
    const second = c.cell("worker");
    second.catch("a", "any", { credit: 1 });

    die(b, first);

    const again = second.takeOne("DLVR");
    expect(again.fields).to.deep.include({ seq: 1, attempt: 2, repeat: true });
    expect(delivery.fields["origin"]).to.equal(again.fields["origin"]);
    second.settle(again);
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });

  it("sends outputs at the origin, and confirms them to the cell when handled (§10.6)", () => {
    const { sender, worker, near } = apart();
    const { topic } = near.cell("audit").catch("done", "multi");

    sender.send("a");
    const outputs = [{ channel: "done", data: 5 }];
    const ref = worker.settle(worker.takeOne("DLVR"), "ack", { outputs });

    const [out] = near.stream(topic).filter(isEvent);
    expect(out?.fields).to.deep.include({ channel: "done", data: 5 });
    expect(out?.fields["from"]).to.deep.equal({ id: worker.id, service: "worker" });
    expect(worker.confirms()).to.deep.equal([`settled ${ref}`]);
  });

  it("gives back outputs that a dead origin never confirmed, when nobody takes them over (§18.7)", () => {
    const { net, sender, worker } = apart();
    sender.send("a");
    const delivery = worker.takeOne("DLVR");
    net.isHeld = true;
    worker.settle(delivery, "ack", { outputs: [{ channel: "done", data: 5 }] });
    net.kill(0);
    net.isHeld = false;

    expect(worker.confirms()).to.deep.equal([]);
    net.pass(5100);

    expect(worker.take("ERRO").map(({ fields }) => fields["code"])).to.deep.equal([
      "STALE_ATTEMPT",
    ]);
  });

  it("answers a request by the result of a cell elsewhere (§12)", () => {
    const { sender, worker } = apart();

    sender.send("a", { ask: { timeoutMs: 1000 } });
    worker.settle(worker.takeOne("DLVR"), "ack", { result: 42 });

    const answer = sender.takeOne("ANSR").fields;
    expect(answer).to.deep.include({ state: "result", data: 42 });
    expect(answer["from"]).to.deep.equal({ id: worker.id, service: "worker" });
  });

  it("grants a catch to a cell from elsewhere when all know the group, or it was kept (§18.3)", () => {
    const net = new SiteNet(2);
    const [near, far] = net.benches as [CoreBench, CoreBench];
    net.isHeld = true;
    const first = near.cell("worker", { session: 2 });
    first.say("CTCH", { pattern: "a", mode: "any" });
    expect(first.take("CGHT")).to.deep.equal([]);
    net.isHeld = false;
    net.pump();
    first.takeOne("CGHT");

    net.isHeld = true;
    const second = far.cell("worker", { session: 2 });
    second.say("CTCH", { pattern: "a", mode: "any" });
    second.takeOne("CGHT");
  });

  it("takes the terms of a group from whoever keeps it, where it has known no cell (§10.7)", () => {
    const net = new SiteNet(2);
    const [near] = net.benches as [CoreBench];
    const kept = [0, false, false, 5, 30_000];
    near.turn(() => near.core.sites.changed(net.ids[1] as string, "g worker a", kept, near.nowMs));
    const sender = near.cell("sender", { session: 2 });
    sender.send("a", { repeat: true });
    net.pass(1500);

    // At most once: what repeats is not given out.
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });

  it("gives the events of a key to one cell of the mesh, one after the other (§10.10, §18.4)", () => {
    const net = new SiteNet(3);
    const workers = net.benches.map((bench) => {
      const worker = bench.cell("worker");
      worker.catch("a", "any", { credit: 8, affinity: true });
      return worker;
    });
    const senders = net.benches.map((bench) => bench.cell("sender"));
    const keys = ["k1", "k2", "k3", "k4", "k5", "k6"];
    const owners = new Map<string, Set<string>>();
    const orders = new Map<string, number[]>();

    for (let round = 0; round < 3; round++) {
      for (const sender of senders) for (const key of keys) sender.send("a", { key });
      for (let rest = 0; rest < 12; rest++) {
        for (const worker of workers) {
          for (const delivery of worker.take("DLVR")) {
            const { key, from, seq } = delivery.fields as {
              key: string;
              from: { id: string };
              seq: number;
            };
            owners.set(key, (owners.get(key) ?? new Set()).add(worker.id));
            const order = orders.get(`${from.id} ${key}`) ?? [];
            orders.set(`${from.id} ${key}`, [...order, seq]);
            worker.settle(delivery);
          }
        }
      }
    }

    for (const key of keys) expect(owners.get(key)?.size).to.equal(1);
    expect(new Set([...owners.values()].flatMap((ids) => [...ids])).size).to.be.greaterThan(1);
    for (const order of orders.values()) {
      expect(order).to.have.length(3);
      expect(order).to.deep.equal([...order].sort((x, y) => x - y));
    }
  });

  it("takes back, uncounted, what a site has no cell for any more (§18.5)", () => {
    const { net, sender, worker, near } = apart({ credit: 2 });
    const other = (net.benches[0] as CoreBench).cell("worker");
    const { catch: number } = other.catch("a", "any", { credit: 0 });
    net.isHeld = true;
    sender.send("a");
    net.pump();
    worker.take("DLVR");
    sender.send("a");
    worker.say("DROP", { catch: 1 });
    net.isHeld = false;
    net.pump();
    net.pass(300);

    other.say("CRED", { catch: number, credit: 5 });
    const again = other.take("DLVR").map(({ fields }) => [fields["seq"], fields["attempt"]]);
    expect(again.map(([seq]) => seq).sort()).to.deep.equal([1, 2]);
    expect(near.core.counters.values.deadLetters).to.equal(0);
  });

  it("never gives out again what left the origin, if redeliver is false (§10.7)", () => {
    const { net, sender, worker, near } = apart({ credit: 2, redeliver: false });
    sender.send("a");
    worker.takeOne("DLVR");

    net.kill(1);
    const late = near.cell("worker");
    late.catch("a", "any", { credit: 2, redeliver: false });
    net.pass(3000);

    expect(late.take("DLVR")).to.have.length(0);
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });
});
