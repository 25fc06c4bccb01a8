import { expect } from "chai";

import type { BenchCell } from "../bench-cell.js";
import type { CoreBench } from "../core-bench.js";
import { die } from "../core-work.js";
import { SiteNet } from "./site-net.js";

describe("transmitter core: the mesh", () => {
  it("publishes an event once on the streams of each transmitter that has some (§18.3)", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const near = a.cell("near").catch("x.*", "multi");
    const far = b.cell("far").catch("x.**", "multi");

    sender.send("x.1");

    expect(a.stream(near["topic"]).filter(isEvent)).to.have.length(1);
    expect(b.stream(far["topic"]).filter(isEvent)).to.have.length(1);
    expect(c.published.filter(isEvent)).to.have.length(0);
    expect(sender.confirms()).to.deep.equal(["1 accepted 2", "1 handled"]);
  });

  it("says handled only when every transmitter has taken the event (§11.2)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    b.cell("far").catch("x", "multi");
    const sender = a.cell("sender");

    net.isHeld = true;
    sender.send("x");
    expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);

    net.pump();
    expect(sender.confirms()).to.deep.equal(["1 handled"]);
  });

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
    const { sender, worker, a } = apart();

    sender.send("a");
    worker.settle(worker.takeOne("DLVR"));
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);

    sender.send("a");
    worker.settle(worker.takeOne("DLVR"), "nack", { reason: "no" });
    expect(sender.confirms()).to.deep.equal(["2 accepted 1"]);
    a.net.pass(300);
    const again = worker.takeOne("DLVR");
    expect(again.fields).to.deep.include({ attempt: 2, repeat: true, seq: 2 });
    worker.settle(again, "reject", { reason: "never" });
    expect(sender.confirms()).to.deep.equal(["2 handled"]);
    expect(a.bench.core.counters.values.deadLetters).to.equal(1);
  });

  it("never gives a cell elsewhere more than its credit (§18.5)", () => {
    const { sender, worker, a } = apart({ credit: 2 });

    for (let n = 0; n < 10; n++) sender.send("a");
    const [one, two, ...more] = worker.take("DLVR");
    expect(more).to.have.length(0);

    worker.settle(one!);
    worker.settle(two!);
    expect(worker.take("DLVR")).to.have.length(2);
    expect(a.bench.core.counters.values.deliveriesReturned).to.equal(0);
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
    const { sender, worker, a } = apart();
    const { topic } = a.bench.cell("audit").catch("done", "multi");

    sender.send("a");
    const outputs = [{ channel: "done", data: 5 }];
    const ref = worker.settle(worker.takeOne("DLVR"), "ack", { outputs });

    const [out] = a.bench.stream(topic).filter(isEvent);
    expect(out?.fields).to.deep.include({ channel: "done", data: 5 });
    expect(out?.fields["from"]).to.deep.equal({ id: worker.id, service: "worker" });
    expect(worker.confirms()).to.deep.equal([`settled ${ref}`]);
  });

  it("answers a request by the result of a cell elsewhere (§12)", () => {
    const { sender, worker } = apart();

    sender.send("a", { ask: { timeoutMs: 1000 } });
    worker.settle(worker.takeOne("DLVR"), "ack", { result: 42 });

    const answer = sender.takeOne("ANSR").fields;
    expect(answer).to.deep.include({ state: "result", data: 42 });
    expect(answer["from"]).to.deep.equal({ id: worker.id, service: "worker" });
  });

  it("gathers from the cells of all transmitters (§12.5)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const near = a.cell("near");
    const far = b.cell("far");
    for (const cell of [near, far]) cell.catch("g", "multi");
    const asker = a.cell("asker");

    const seq = asker.send("g", { ask: { timeoutMs: 1000, gather: true } });
    const { cells } = asker.takeOne("ANSR").fields as { cells: { id: string }[] };
    expect(cells.map(({ id }) => id).sort()).to.deep.equal([near.id, far.id].sort());
    for (const cell of [near, far])
      cell.say("RPLY", { catch: 1, to: asker.id, seq, data: cell.id });

    const states = asker.take("ANSR").map(({ fields }) => fields["state"]);
    expect(states).to.deep.equal(["result", "result", "end"]);
  });

  it("keeps a group whose only transmitter with cells is gone, and its events (§10.8)", () => {
    const { sender, a, net } = apart();
    net.kill(1);
    sender.send("a");
    expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);

    net.pass(1000);
    const worker = a.bench.cell("worker");
    worker.catch("a", "any", { credit: 1 });
    worker.settle(worker.takeOne("DLVR"));
    expect(sender.confirms()).to.deep.equal(["1 handled"]);
  });

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

  it("leaves to a living former home what it has given out, and takes the rest (§18.7)", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = b.cell("worker");
    worker.catch("a", "any", { credit: 1 });
    for (let n = 0; n < 3; n++) sender.send("a");
    const one = worker.takeOne("DLVR");

    const moved = c.stranger();
    moved.hello({ id: sender.id, service: "sender", session: 2 });
    for (const seq of [1, 2, 3]) moved.send("a", { seq, repeat: true });
    moved.take();
    net.pass(1500);
    worker.settle(one);
    expect(moved.confirms()).to.deep.equal(["1 handled"]);

    const two = worker.takeOne("DLVR");
    expect(two.fields).to.deep.include({ seq: 2, attempt: 1, repeat: false });
    worker.settle(two);
    worker.settle(worker.takeOne("DLVR"));
    expect(moved.confirms()).to.deep.equal(["2 handled", "3 handled"]);
    expect(sender.take("CNFM").length).to.be.greaterThan(0);
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
    const { net, sender, worker, a } = apart({ credit: 2 });
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
    expect(a.bench.core.counters.values.deadLetters).to.equal(0);
  });

  it("never gives out again what left the origin, if redeliver is false (§10.7)", () => {
    const { net, sender, worker, a } = apart({ credit: 2, redeliver: false });
    sender.send("a");
    worker.takeOne("DLVR");

    net.kill(1);
    const late = a.bench.cell("worker");
    late.catch("a", "any", { credit: 2, redeliver: false });
    net.pass(3000);

    expect(late.take("DLVR")).to.have.length(0);
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });

  it("tells cells how many events they missed while their transmitter was held for dead (§18.9)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const cell = b.cell("far");
    const { catch: number, topic } = cell.catch("x.*", "multi");
    const sender = a.cell("sender");

    net.bury(0, 1);
    for (const channel of ["x.1", "y", "x.2"]) sender.send(channel);
    expect(sender.confirms()).to.include("1 accepted 0");
    net.dig(0, 1);
    sender.send("x.3");

    const [hole] = b.stream(topic).filter(({ command }) => command === "MARK");
    expect(hole?.fields["last"]).to.equal(2);
    cell.say("MISS", { catch: number, first: 1, count: 2 });
    const gone = cell.take("RPAR").map(({ fields }) => [fields["first"], fields["gone"]]);
    expect(gone).to.deep.equal([
      [1, true],
      [2, true],
    ]);
    expect(
      b
        .stream(topic)
        .filter(isEvent)
        .map(({ first }) => first),
    ).to.deep.equal([3]);
  });
});

function isEvent({ command }: { readonly command: string }): boolean {
  return command === "EVNT";
}

function claims(sender: BenchCell, held: number, settled: number): object[] {
  return [
    { pattern: "a", held: [[sender.id, held, held]], settled: [[sender.id, settled, settled]] },
  ];
}

/** A sender at one transmitter and a cell of a service at another. */
function apart(options: object = { credit: 1 }): {
  readonly net: SiteNet;
  readonly a: { readonly bench: CoreBench; readonly net: SiteNet };
  readonly sender: BenchCell;
  readonly worker: BenchCell;
} {
  const net = new SiteNet(2);
  const [a, b] = net.benches as [CoreBench, CoreBench];
  const worker = b.cell("worker");
  worker.catch("a", "any", options);
  const sender = a.cell("sender");
  return { net, a: { bench: a, net }, sender, worker };
}
