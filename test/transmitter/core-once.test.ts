import { expect } from "chai";

import { CoreBench } from "./core-bench.js";
import { die, working } from "./core-work.js";

describe("transmitter core: at most once", () => {
  for (const outcome of ["nack", "release"]) {
    it(`never assigns a delivery again after a ${outcome} (§10.7)`, () => {
      const { bench, sender, worker } = working({ redeliver: false });
      bench.cell("worker").catch("a", "any", { redeliver: false, credit: 0 });
      sender.send("a");

      worker.settle(worker.takeOne("DLVR"), outcome);
      bench.pass(1000);

      expect(worker.take("DLVR")).to.have.length(0);
      expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
    });
  }

  it("never assigns a delivery again after its cell died, dropped it, or ran out of time (§10.7)", () => {
    const { bench, sender, worker, number } = working({ redeliver: false, credit: 9 });
    const options = { redeliver: false, credit: 0, ackTimeoutMs: 1000 };
    const other = bench.cell("worker");
    const { catch: others } = other.catch("a", "any", options);
    sender.send("a");
    worker.say("DROP", { catch: number });
    other.say("CRED", { catch: others, credit: 1 });
    sender.send("a");
    bench.pass(1000);
    sender.send("a");
    bench.cell("worker").catch("a", "any", { redeliver: false });
    die(bench, other);

    expect(sender.confirms()).to.deep.equal([
      "1 accepted 1",
      "1 handled",
      "2 accepted 1",
      "2 handled",
      "3 accepted 1",
      "3 handled",
    ]);
  });

  it("gives out again what a cell has not begun that says farewell and is idle (§9.5)", () => {
    for (const isIdle of [true, false]) {
      const { bench, sender, worker } = working({ redeliver: false });
      const other = bench.cell("worker");
      const { catch: number } = other.catch("a", "any", { redeliver: false, credit: 0 });
      sender.send("a");
      const { fields } = worker.takeOne("DLVR");
      other.say("CRED", { catch: number, credit: 1 });
      worker.say("GBYE", isIdle ? { idle: true } : {});

      const given = other
        .take("DLVR")
        .map(({ fields: of }) => [of["seq"], of["attempt"], of["repeat"]]);
      expect(given).to.deep.equal(isIdle ? [[fields["seq"], 1, false]] : []);
    }
  });

  it("does not deliver an event that repeats (§10.7)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 2 });
    const worker = bench.cell("worker");
    worker.catch("a", "any", { redeliver: false });
    bench.pass(1000);

    sender.send("a", { repeat: true });
    bench.pass(1001);

    expect(worker.take("DLVR")).to.have.length(0);
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });
});
