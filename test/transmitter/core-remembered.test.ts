import { expect } from "chai";

import type { BenchCell } from "./bench-cell.js";
import { CoreBench } from "./core-bench.js";

describe("transmitter core: what it remembers of senders (§11.3)", () => {
  it("is that of the 10 000 that left last, however early they came", () => {
    const { bench, sender, worker } = sending();
    strangersLeave(bench, 10_000);
    sender.say("GBYE");
    bench.cell("other");

    comeBack(sender);
    expect(sender.confirms()).to.deep.equal(["1 accepted 0 repeat"]);
    sender.say("GBYE");
    strangersLeave(bench, 10_001);
    comeBack(sender);
    bench.pass(2001);
    expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);
    expect(worker.take("DLVR")).to.have.length(2);
  });

  it("is that of all who are attached, and who were just now, however many they are", () => {
    const { bench, sender, worker } = sending();
    for (let n = 0; n < 10_000; n++) bench.cell("other");
    const late = bench.cell("late");
    late.send("a");
    expect(late.confirms()).to.deep.equal(["1 accepted 1"]);

    for (const cell of [late, sender]) {
      cell.say("GBYE");
      bench.cell("other");
      comeBack(cell);
      expect(cell.confirms()).to.deep.equal(["1 accepted 0 repeat"]);
    }
    expect(worker.take("DLVR")).to.have.length(2);
  });

  it("is that of 10 min, from the last time on that they were attached", () => {
    const { bench, sender, worker } = sending();
    for (const awayMs of [599_000, 599_000]) {
      sender.say("GBYE");
      bench.pass(awayMs);
      bench.cell("other");
      comeBack(sender);
      expect(sender.confirms()).to.deep.equal(["1 accepted 0 repeat"]);
    }

    sender.say("GBYE");
    bench.pass(600_001);
    bench.cell("other");
    comeBack(sender);
    bench.pass(2001);
    expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);
    expect(worker.take("DLVR")).to.have.length(2);
  });

  it("is that of one which comes back late, too, if nobody came meanwhile", () => {
    const { bench, sender, worker } = sending();
    sender.say("GBYE");
    bench.pass(700_000);

    for (let n = 0; n < 2; n++) {
      comeBack(sender);
      expect(sender.confirms()).to.deep.equal(["1 accepted 0 repeat"]);
      sender.say("GBYE");
    }
    expect(worker.take("DLVR")).to.have.length(1);
  });
});

/** A sender that has sent an event, which a cell holds and does not settle. */
function sending(): { bench: CoreBench; sender: BenchCell; worker: BenchCell } {
  const bench = new CoreBench();
  const worker = bench.cell("worker");
  worker.catch("a", "any", { credit: 9, ackTimeoutMs: 3_600_000 });
  const sender = bench.cell("sender");
  sender.send("a");
  expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);
  return { bench, sender, worker };
}

function strangersLeave(bench: CoreBench, count: number): void {
  for (let n = 0; n < count; n++) bench.cell("short").say("GBYE");
}

/** Attaches again, and sends again what was not handled. */
function comeBack(sender: BenchCell): void {
  sender.hello({ session: 2 });
  sender.send("a", { seq: 1, repeat: true });
}
