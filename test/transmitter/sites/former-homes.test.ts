import { expect } from "chai";

import type { CoreBench } from "../core-bench.js";
import { MovingSender } from "./moving-sender.js";
import { SiteNet } from "./site-net.js";

describe("transmitter core: former homes of senders (§18.7)", () => {
  it("leaves to a living former home what it has given out, and takes the rest", () => {
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

  it("goes on giving out what a sender has sent that moved, until its new home asks", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = b.cell("worker");
    const { catch: number } = worker.catch("a", "any", { credit: 0 });
    for (let n = 0; n < 3; n++) sender.send("a");

    // The new home may know of no such group yet, or the sender may die before it repeats anything.
    const moved = c.cell("sender", { id: sender.id, session: 2 });
    moved.send("a", { seq: 2, repeat: true });
    worker.say("CRED", { catch: number, credit: 5 });
    net.pass(1500);

    const given = worker.take("DLVR");
    const origins = given.map(({ fields }) => [fields["seq"], fields["origin"]]);
    expect(origins).to.have.deep.members([
      [1, `${net.ids[0]}.7`],
      [2, `${net.ids[2]}.7`],
      [3, `${net.ids[0]}.7`],
    ]);
    expect(given.some(({ fields }) => fields["repeat"])).to.equal(false);
  });

  it("gives out again itself what comes back of a sender that moved, and says when it is done", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = b.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    sender.send("a");
    const first = worker.takeOne("DLVR");
    const moved = c.cell("sender", { id: sender.id, session: 2 });
    moved.send("a", { seq: 1, repeat: true });
    net.pass(1500);

    worker.settle(first, "nack");
    net.pass(1500);
    const second = worker.takeOne("DLVR");
    expect(second.fields).to.deep.include({ origin: `${net.ids[0]}.7`, attempt: 2 });
    expect(moved.confirms()).not.to.include("1 handled");
    worker.settle(second);
    expect(moved.confirms()).to.include("1 handled");
  });

  it("answers also for what a sender that moved will not send any more (§7.4)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const sender = a.cell("sender");
    const workers = [a.cell("worker"), b.cell("worker")];
    const seqs = (): unknown[] => {
      return workers.flatMap((cell) => cell.take("DLVR")).map(({ fields }) => fields["seq"]);
    };
    for (const worker of workers) worker.catch("a", "any", { credit: 5 });
    sender.send("a");
    expect(seqs()).to.deep.equal([1]);

    const moved = b.cell("sender", { id: sender.id, session: 2 });
    moved.send("a", { seq: 1, repeat: true });
    moved.send("a", { seq: 2, floor: 2, repeat: true });
    net.pass(5000);
    expect(seqs()).to.deep.equal([2]);
  });

  it("takes an event for new whose key was that of one left to another home (§11.6)", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const [sender, other] = [a.cell("sender"), a.cell("other")];
    const worker = b.cell("worker");
    const { catch: number } = worker.catch("a", "any", { credit: 0 });
    sender.send("a", { id: "one" });
    const moved = c.cell("sender", { id: sender.id, session: 2 });
    moved.send("a", { seq: 1, id: "one", repeat: true });
    net.pass(1500);

    other.send("a", { id: "one" });
    worker.say("CRED", { catch: number, credit: 5 });
    const given = worker.take("DLVR");
    expect(given).to.have.length(2);
    for (const delivery of given) worker.settle(delivery);
    net.pass(100);

    expect(moved.confirms()).to.include("1 handled");
    expect(other.confirms()).to.include("1 handled");
  });

  it("leaves to its former home that for which another event waits that has its key (§11.6)", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const [sender, other] = [a.cell("sender"), a.cell("other")];
    const worker = b.cell("worker");
    const { catch: number } = worker.catch("a", "any", { credit: 0 });
    for (const cell of [sender, other]) cell.send("a", { id: "one" });
    const moved = c.cell("sender", { id: sender.id, session: 2 });
    moved.send("a", { seq: 1, id: "one", repeat: true });
    net.pass(1500);
    worker.say("CRED", { catch: number, credit: 5 });
    const delivery = worker.takeOne("DLVR");
    expect(delivery.fields).to.deep.include({ origin: `${net.ids[0]}.7`, repeat: false });
    worker.settle(delivery);
    net.pass(100);

    expect(moved.confirms()).to.include("1 handled");
    expect(other.confirms()).to.include("1 handled");
  });

  it("takes what its former home refused when a group was full, but not for others", () => {
    const net = new SiteNet(2, { backlogEventsMax: 1 });
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const sender = a.cell("sender");
    const [busy, idle] = [b.cell("busy"), b.cell("idle")];
    const { catch: number } = busy.catch("a", "any", { credit: 0 });
    idle.catch("a", "any", { credit: 5 });
    for (let n = 0; n < 2; n++) sender.send("a");
    for (const delivery of idle.take("DLVR")) idle.settle(delivery);
    expect(sender.confirms()).to.include("2 refused GROUP_FULL");

    // It moves before it has read that.
    const moved = b.stranger();
    moved.hello({ id: sender.id, service: "sender", session: 2 });
    busy.say("CRED", { catch: number, credit: 5 });
    for (const seq of [1, 2]) moved.send("a", { seq, repeat: true });
    net.pass(1500);

    const deliveries = busy.take("DLVR");
    expect(deliveries.map(({ fields }) => [fields["seq"], fields["repeat"]])).to.deep.equal([
      [1, false],
      [2, false],
    ]);
    for (const delivery of deliveries) busy.settle(delivery);
    expect(moved.confirms()).to.include.members(["1 handled", "2 handled"]);
    expect(idle.take("DLVR")).to.deep.equal([]);
  });

  it("marks what its former home refused when a group was full, if it was a repeat there", () => {
    const net = new SiteNet(2, { backlogEventsMax: 1 });
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const worker = b.cell("worker");
    const { catch: number } = worker.catch("a", "any", { credit: 0 });
    a.cell("other").send("a");
    const sender = a.stranger();
    const { id } = sender;
    sender.hello({ id, service: "sender", session: 2 });
    sender.send("a", { seq: 1, repeat: true });
    net.pass(1500);
    expect(sender.confirms()).to.include("1 refused GROUP_FULL");

    const moved = b.stranger();
    moved.hello({ id, service: "sender", session: 3 });
    worker.say("CRED", { catch: number, credit: 5 });
    moved.send("a", { seq: 1, repeat: true });
    net.pass(1500);

    const origins = worker.take("DLVR").map(({ fields }) => [fields["origin"], fields["repeat"]]);
    expect(origins).to.deep.equal([
      [`${net.ids[0]}.7`, false],
      [`${net.ids[1]}.7`, true],
    ]);
  });

  it("waits for its former home's answer when the cell that claimed an event is no more", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const worker = a.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    sender.send("a");
    worker.settle(worker.takeOne("DLVR"));
    const claimant = b.stranger();
    const held = [[sender.id, 1, 1]];
    const claims = [{ pattern: "a", held, settled: [] }];
    claimant.hello({ service: "worker", session: 2, claims });
    claimant.catch("a", "any", { credit: 5 });
    b.cell("worker").catch("a", "any", { credit: 5 });
    claimant.say("GBYE");

    const moved = c.cell("sender", { id: sender.id, session: 2 });
    moved.send("a", { seq: 1, repeat: true });
    net.pass(1500);
    expect(moved.confirms()).to.include("1 handled");
    expect(worker.take("DLVR")).to.deep.equal([]);
  });

  it("is asked again when it thaws, though the sender has died meanwhile (§18.9)", () => {
    const scene = new MovingSender();
    const { net } = scene;
    net.kill(0);
    scene.moveTo(1, 2).say("GBYE");
    net.thaw(0);
    net.rejoin(0);
    net.pass(1500);

    expect(scene.origins()).to.deep.equal([`${net.ids[1]}.7`]);
  });

  it("is asked again when it thaws, though the sender has moved on and died before it repeated it", () => {
    const scene = new MovingSender();
    const { net } = scene;
    net.kill(0);
    const { id } = scene.moveTo(1, 2);
    net.benches[2]!.cell("sender", { id, session: 3 }).say("GBYE");
    net.thaw(0);
    net.rejoin(0);
    net.pass(1500);

    expect(scene.origins()).to.deep.equal([`${net.ids[1]}.7`]);
  });

  it("leaves to no cell what it has numbered itself, though that says that it is its sender", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const worker = b.cell("worker");
    const { catch: number } = worker.catch("a", "any", { credit: 1 });
    const cell = a.cell("cell");
    for (const data of [1, 2]) cell.say("EVNT", { channel: "a", data });
    const first = worker.takeOne("DLVR");
    const other = c.cell("other", { id: String(first.fields["sender"]) });
    other.send("a", { seq: 2, data: 3, repeat: true });
    net.pass(1500);
    worker.settle(first);
    worker.say("CRED", { catch: number, credit: 5 });
    net.pass(100);

    const taken = worker.take("DLVR").map(({ fields }) => [fields["origin"], fields["data"]]);
    expect(taken).to.deep.include([`${net.ids[0]}.7`, 2]);
  });

  it("is asked when it is found, if it was not known when its sender came", () => {
    const scene = new MovingSender();
    const { net } = scene;
    net.leave(0);
    scene.moveTo(1, 2);
    net.thaw(0);
    net.rejoin(0);

    expect(scene.origins()).to.deep.equal([`${net.ids[1]}.7`]);
  });

  it("is waited for before a cell is left what it claims and has settled there with outputs", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const worker = a.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    a.cell("slow").catch("out", "any", { credit: 0 });
    const sender = a.cell("sender");
    sender.send("a");
    worker.settle(worker.takeOne("DLVR"), "ack", { outputs: [{ channel: "out", data: 1 }] });

    // It has not heard that its settlement was taken: the outputs are not handled.
    const claimant = b.stranger();
    const claims = [{ pattern: "a", held: [[sender.id, 1, 1]], settled: [] }];
    claimant.hello({ id: worker.id, service: "worker", session: 2, claims });
    claimant.catch("a", "any", { credit: 5 });
    const moved = b.cell("sender", { id: sender.id, session: 2 });
    moved.send("a", { seq: 1, repeat: true });
    net.pass(1500);

    expect(claimant.take("DLVR")).to.deep.equal([]);
    expect(moved.confirms()).to.include("1 handled");
  });
});
