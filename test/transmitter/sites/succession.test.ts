import { MeshError } from "@thynapse/protocol";
import { expect } from "chai";

import { writeSiteWord } from "../../../transmitter/src/core/sites/site-words.js";
import type { BenchCell } from "../bench-cell.js";
import type { CoreBench } from "../core-bench.js";
import { drain, end, ending, named, waiting } from "./ending.js";

describe("transmitter core: the successor of one that drains (§18.11)", () => {
  it("takes what was never given out of a sender that is gone, as new", () => {
    const made = ending();
    const [worker, sender] = waiting(made, 2);
    sender.say("GBYE");
    end(made);
    worker.say("CRED", { catch: 1, credit: 5 });

    expect(made.old.rest).to.deep.include({ unconfirmed: 0, left: 2, successor: made.net.ids[1] });
    const deliveries = worker.take("DLVR");
    expect(named(deliveries)).to.deep.equal([
      [1, false],
      [2, false],
    ]);
    expect(deliveries[0]?.fields["origin"]).to.equal(`${made.net.ids[1]}.7`);
  });

  it("takes what the transmitter has numbered itself", () => {
    const made = ending();
    const [worker, sender] = waiting(made, 0);
    sender.say("EVNT", { channel: "a", data: "loose" });
    end(made);
    worker.say("CRED", { catch: 1, credit: 5 });

    const { fields } = worker.takeOne("DLVR");
    expect(fields).to.deep.include({ data: "loose", repeat: false });
    expect(fields["from"]).to.deep.equal({ id: sender.id, service: "sender" });
  });

  it("leaves with a cell what that holds", () => {
    const made = ending(3);
    const [worker, sender] = waiting(made, 2);
    worker.say("CRED", { catch: 1, credit: 1 });
    const delivery = worker.takeOne("DLVR");
    sender.say("GBYE");
    end(made);
    made.net.pass(2500);
    expect(worker.take("DLVR")).to.deep.equal([]);
    worker.settle(delivery);

    const next = worker.takeOne("DLVR");
    expect(named([next])).to.deep.equal([[2, false]]);
    worker.settle(next);
    const [, successor] = made.net.benches as [CoreBench, CoreBench];
    expect(successor.core.counters.values.eventsHandled).to.equal(2);
  });

  it("is told what is settled while the one that drains ends", () => {
    const made = ending();
    const [worker, sender] = waiting(made, 1);
    worker.say("CRED", { catch: 1, credit: 1 });
    const delivery = worker.takeOne("DLVR");
    sender.say("GBYE");
    drain(made.old);
    made.net.pass(490);
    made.net.unacked.add(0);
    made.net.pass(500);
    worker.settle(delivery);
    made.net.unacked.delete(0);
    made.net.pass(300);
    made.net.leave(0);
    made.net.pass(2500);

    expect(made.old.core.state).to.equal("stopped");
    expect(worker.take("DLVR")).to.deep.equal([]);
  });

  it("gives again, marked, what was out at a cell that is gone", () => {
    const made = ending(3);
    const [worker, sender] = waiting(made, 1);
    const other = made.others[0]?.cell("worker") as BenchCell;
    other.catch("a", "any", { credit: 1 });
    other.takeOne("DLVR");
    sender.say("GBYE");
    end(made);
    made.net.kill(2);
    worker.say("CRED", { catch: 1, credit: 5 });
    made.net.pass(2500);

    expect(named(worker.take("DLVR"))).to.deep.equal([[1, true]]);
  });

  it("takes an event for the groups alone that have not settled it", () => {
    const made = ending();
    const [worker, sender] = waiting(made, 0);
    const done = made.next.cell("done");
    done.catch("a", "any", { credit: 5 });
    sender.send("a");
    done.settle(done.takeOne("DLVR"));
    sender.say("GBYE");
    end(made);
    worker.say("CRED", { catch: 1, credit: 5 });
    made.net.pass(2500);

    expect(named(worker.take("DLVR"))).to.deep.equal([[1, false]]);
    expect(done.take("DLVR")).to.deep.equal([]);
  });

  it("takes an event once that two groups have not settled", () => {
    const made = ending();
    const [worker, sender] = waiting(made, 0);
    const other = made.next.cell("other");
    other.catch("*", "any", { credit: 0 });
    sender.send("a");
    end(made);
    const { id } = sender;
    const back = made.next.cell("sender", { id, session: 2 });
    back.send("a", { seq: 1, repeat: true });
    for (const cell of [worker, other]) cell.say("CRED", { catch: 1, credit: 5 });
    worker.settle(worker.takeOne("DLVR"));
    expect(back.confirms()).to.deep.equal(["1 accepted 0 repeat"]);

    other.settle(other.takeOne("DLVR"));
    expect(back.confirms()).to.deep.equal(["1 handled"]);
  });

  it("is asked by the transmitter to which a sender comes later", () => {
    const made = ending(3);
    const [worker, sender] = waiting(made, 3);
    worker.say("CRED", { catch: 1, credit: 1 });
    const one = worker.takeOne("DLVR");
    end(made);
    made.net.pass(2500);
    const third = made.others[0] as CoreBench;
    const back = third.cell("sender", { id: sender.id, session: 2 });
    for (const seq of [1, 2, 3]) back.send("a", { seq, repeat: true });
    made.net.pass(1500);
    worker.settle(one);
    worker.say("CRED", { catch: 1, credit: 5 });
    made.net.pass(1500);

    const deliveries = worker.take("DLVR");
    expect(named(deliveries)).to.deep.equal([
      [2, false],
      [3, false],
    ]);
    for (const delivery of deliveries) worker.settle(delivery);
    const handled = back.confirms().filter((line) => line.endsWith("handled"));
    expect(handled).to.have.members(["1 handled", "2 handled", "3 handled"]);
  });

  it("waits for the home of a sender of which the one that drains has not heard", () => {
    const made = ending(3);
    const { net, others } = made;
    const [worker, sender] = waiting(made, 1);
    net.deafen(0, 2);
    net.isHeld = true;
    const moved = (others[0] as CoreBench).cell("sender", { id: sender.id, session: 2 });
    moved.send("a", { seq: 1, repeat: true });
    net.sent.splice(0, net.sent.length, ...net.sent.filter(({ to }) => to !== 0));
    net.isHeld = false;
    net.pump();
    end(made);
    worker.say("CRED", { catch: 1, credit: 5 });
    net.pass(2500);

    const origins = worker.take("DLVR").map(({ fields }) => fields["origin"]);
    expect(origins).to.deep.equal([`${net.ids[2]}.7`]);
  });

  it("takes more than a backlog holds", () => {
    const made = ending(2, { backlogEventsMax: 2 });
    const [worker, sender] = waiting(made, 2);
    made.next.cell("sender").send("a");
    sender.say("GBYE");
    end(made);
    worker.say("CRED", { catch: 1, credit: 9 });

    expect(worker.take("DLVR")).to.have.length(3);
  });

  it("keeps a group that has no cells anywhere, for those that come back", () => {
    const made = ending();
    const worker = made.old.cell("worker");
    worker.catch("a", "any", { credit: 0 });
    made.old.cell("sender").send("a");
    made.old.turn(() => made.old.core.unreachable(worker.connection, made.old.nowMs));
    worker.beating = false;
    made.old.pass(1500);
    end(made);
    made.net.pass(20_000);
    const back = made.next.cell("worker");
    back.catch("a", "any", { credit: 1 });

    expect(named(back.take("DLVR"))).to.deep.equal([[1, false]]);
  });

  it("hands on what it has taken over when it drains itself", () => {
    const made = ending(3);
    const [worker, sender] = waiting(made, 2);
    sender.say("GBYE");
    end(made);
    const third = made.others[0] as CoreBench;
    const other = third.cell("worker");
    other.catch("a", "any", { credit: 0 });
    worker.say("GBYE");
    drain(made.next);
    made.net.pass(800);
    made.net.leave(1);
    other.say("CRED", { catch: 1, credit: 5 });

    expect(made.next.rest).to.deep.include({ unconfirmed: 0, left: 2 });
    expect(named(other.take("DLVR"))).to.deep.equal([
      [1, false],
      [2, false],
    ]);
  });

  it("takes a request whose asker is gone", () => {
    const made = ending();
    const [worker, sender] = waiting(made, 0);
    sender.send("a", { ask: { timeoutMs: 60_000 } });
    sender.say("GBYE");
    end(made);
    worker.say("CRED", { catch: 1, credit: 1 });

    expect(worker.takeOne("DLVR").fields).to.deep.include({ seq: 1, repeat: false });
  });

  it("takes the outputs of what was settled at last, too", () => {
    const made = ending();
    const [worker, sender] = waiting(made, 1);
    worker.say("CRED", { catch: 1, credit: 1 });
    const delivery = worker.takeOne("DLVR");
    const reader = made.next.cell("reader");
    reader.catch("out", "any", { credit: 0 });
    sender.say("GBYE");
    drain(made.old);
    made.net.pass(490);
    made.net.unacked.add(0);
    made.net.pass(200);
    worker.settle(delivery, "ack", { outputs: [{ channel: "out", data: 1 }] });
    made.net.unacked.delete(0);
    made.net.pass(500);
    made.net.leave(0);
    reader.say("CRED", { catch: 1, credit: 1 });
    made.net.pass(2500);

    expect(reader.takeOne("DLVR").fields).to.deep.include({ data: 1 });
    expect(worker.take("DLVR")).to.deep.equal([]);
  });

  it("is refused what is of no group, and takes nothing of it", () => {
    const made = ending();
    const [worker] = waiting(made, 0);
    const [id] = made.net.ids as [string];
    const part = writeSiteWord("HEIR", { session: 1, groups: [] });

    const take = (): void => made.next.core.sites.word(id, part, made.next.nowMs);
    expect(take).to.throw(MeshError).with.property("code", "BAD_PAYLOAD");
    expect(worker.take("DLVR")).to.deep.equal([]);
  });
});
