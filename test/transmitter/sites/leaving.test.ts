import { expect } from "chai";

import type { CoreBench } from "../core-bench.js";
import { drain, end, ending, named, waiting } from "./ending.js";

describe("transmitter core: what the successor of one that drains is left (§18.11)", () => {
  it("is the one that has cells for most of what is left, and does not drain", () => {
    const made = ending(4);
    const [, sender] = waiting(made, 1);
    for (const bench of made.others) bench.cell("worker").catch("b", "any", { credit: 0 });
    for (let n = 0; n < 3; n++) sender.send("b");
    drain(made.others[0] as CoreBench);
    end(made);

    expect(made.old.rest).to.deep.include({ unconfirmed: 0, left: 4, successor: made.net.ids[3] });
  });

  it("is named to the cells that are still there", () => {
    const made = ending();
    const [, sender] = waiting(made, 1);
    drain(made.old);
    expect(sender.takeOne("GBYE").fields).not.to.have.property("successor");
    made.net.pass(800);

    const { fields } = sender.takeOne("GBYE");
    expect(fields).to.deep.include({ reason: "draining", successor: "tcp://transmitter-1" });
  });

  it("is not left what the new home of a sender has asked about", () => {
    const made = ending(3);
    const [worker, sender] = waiting(made, 1);
    worker.say("CRED", { catch: 1, credit: 1 });
    worker.takeOne("DLVR");
    const third = made.others[0] as CoreBench;
    const moved = third.cell("sender", { id: sender.id, session: 2 });
    moved.send("a", { seq: 1, repeat: true });
    end(made);

    expect(made.net.carried.get("HEIR")).to.equal(undefined);
    expect(made.old.rest).to.deep.include({ unconfirmed: 0, left: 0 });
  });

  it("is left what a sender has not repeated that has another home, and may be dead", () => {
    const made = ending(3);
    const [worker, sender] = waiting(made, 1);
    (made.others[0] as CoreBench).cell("sender", { id: sender.id, session: 2 });
    end(made);
    worker.say("CRED", { catch: 1, credit: 1 });

    expect(named(worker.take("DLVR"))).to.deep.equal([[1, false]]);
  });

  it("is not left a request whose asker is there to ask again", () => {
    const made = ending();
    const [, sender] = waiting(made, 0);
    sender.send("a", { ask: { timeoutMs: 60_000 } });
    end(made);

    expect(made.net.carried.get("HEIR")).to.equal(undefined);
    expect(made.old.rest).to.deep.include({ unconfirmed: 1, left: 0 });
  });

  it("is left what a sender has sent in the order of its numbers", () => {
    const made = ending();
    const worker = made.next.cell("worker");
    worker.catch("a", "any", { credit: 0, affinity: true });
    const sender = made.old.cell("sender", { session: 2 });
    sender.send("a", { seq: 1, key: "k", repeat: true });
    sender.send("a", { seq: 2, key: "k" });
    sender.say("GBYE");
    end(made);
    worker.say("CRED", { catch: 1, credit: 5 });
    made.net.pass(1500);
    const first = worker.takeOne("DLVR");
    worker.settle(first);

    expect(named([first, worker.takeOne("DLVR")])).to.deep.equal([
      [1, true],
      [2, false],
    ]);
  });

  it("is told what a full group has not got, and tells its sender so again", () => {
    const made = ending(2, { backlogEventsMax: 1 });
    const [, sender] = waiting(made, 0);
    made.next.cell("busy").catch("a", "any", { credit: 5 });
    for (let n = 0; n < 2; n++) sender.send("a");
    expect(sender.confirms()).to.include("2 refused GROUP_FULL");
    end(made);
    const back = made.next.cell("sender", { id: sender.id, session: 2 });
    for (const seq of [1, 2]) back.send("a", { seq, repeat: true });

    expect(back.confirms()).to.deep.equal(["1 accepted 0 repeat", "2 refused GROUP_FULL"]);
  });

  it("does not exist where all others drain: what is left then is counted", () => {
    const made = ending();
    const [, sender] = waiting(made, 2);
    drain(made.next);
    end(made);

    expect(made.old.rest).to.deep.include({ unconfirmed: 2, left: 0, successor: undefined });
    const last = sender.take("GBYE").at(-1)?.fields;
    expect(last).to.deep.equal({ reason: "draining", unconfirmed: [[1, 2]] });
  });

  it("has not taken over what it was told and has not read", () => {
    const made = ending();
    waiting(made, 2);
    drain(made.old);
    made.net.pass(490);
    made.net.isHeld = true;
    made.net.unacked.add(0);
    made.net.pass(3000);

    expect(made.old.rest).to.deep.include({ unconfirmed: 2, left: 0 });
  });

  it("is the only one to give anything out when the last words are said", () => {
    const made = ending();
    const [worker, sender] = waiting(made, 1);
    sender.say("GBYE");
    drain(made.old);
    made.net.pass(490);
    made.net.isHeld = true;
    made.net.pass(500);
    worker.say("CRED", { catch: 1, credit: 1 });
    made.net.isHeld = false;
    made.net.pump();
    made.net.pass(1500);
    made.net.leave(0);

    const { fields } = worker.takeOne("DLVR");
    expect(fields["origin"]).to.equal(`${made.net.ids[1]}.7`);
  });
});
