import { expect } from "chai";

import type { BenchCell } from "./bench-cell.js";
import { type Heard, nameOf } from "./bench-heard.js";
import { CoreBench } from "./core-bench.js";

describe("transmitter core: asks", () => {
  it("give the first result to the asker, with who replied (§12.2)", () => {
    const { asker, worker } = asking();
    const seq = asker.send("a", { ask: { timeoutMs: 1000 }, ref: "q" });

    worker.settle(worker.takeOne("DLVR"), "ack", { result: { sum: 3 } });

    expect(answers(asker)).to.deep.equal([
      {
        seq,
        ref: "q",
        state: "result",
        from: { id: worker.id, service: "worker" },
        data: { sum: 3 },
      },
    ]);
    expect(asker.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });

  it("end without a result when the ack has none, and count what comes after the first (§12.2)", () => {
    const { bench, asker, worker } = asking();
    const second = bench.cell("second");
    second.catch("a", "any");
    asker.send("a", { ask: { timeoutMs: 1000 } });

    worker.settle(worker.takeOne("DLVR"), "ack");
    second.settle(second.takeOne("DLVR"), "ack", { result: 1 });

    expect(answers(asker).map(({ state }) => state)).to.deep.equal(["end"]);
    expect(bench.core.counters.values.repliesSurplus).to.equal(1);
  });

  it("carry results between the encodings, and say what JSON cannot (§6.4)", () => {
    const bench = new CoreBench();
    const asker = bench.cell("asker");
    const worker = bench.cell("worker", { encoding: "M" });
    worker.catch("a", "any", { credit: 9 });
    for (const result of [
      [0, Buffer.from("hi")],
      [2, Buffer.from([0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0])],
    ]) {
      asker.send("a", { ask: { timeoutMs: 1000 } });
      worker.settle(worker.takeOne("DLVR"), "ack", { result });
    }

    const [one, two] = answers(asker);
    expect(one).to.include({ state: "result", bytes: "aGk=" });
    expect(two).to.include({ state: "error", code: "BAD_PAYLOAD" });
  });

  it("wake nobody up for their time-out once they are answered", () => {
    const { bench, asker, worker } = asking();
    let wakes = 0;
    for (let count = 0; count < 50; count++) {
      asker.send("a", { ask: { timeoutMs: 2000 } });
      worker.settle(worker.takeOne("DLVR"), "ack", { result: 1 });
      bench.pass(20);
    }
    bench.afterTurn = () => wakes++;

    bench.pass(2000);

    // Its own heartbeats and those of two cells, a look at ages each second, one at the requests.
    expect(wakes).to.be.lessThan(50);
  });

  it("run out of time each at its own, also those that were asked later (§12.5)", () => {
    const { bench, asker } = asking();
    const late = asker.send("a", { ask: { timeoutMs: 900 } });
    const soon = asker.send("a", { ask: { timeoutMs: 300 } });

    bench.pass(300);
    expect(answers(asker).map(({ seq, code }) => [seq, code])).to.deep.equal([[soon, "TIMEOUT"]]);
    bench.pass(599);
    expect(answers(asker)).to.deep.equal([]);
    bench.pass(1);

    expect(answers(asker).map(({ seq, code }) => [seq, code])).to.deep.equal([[late, "TIMEOUT"]]);
  });

  it("come to a cell in M in one command when they are due at the same time (§12.6)", () => {
    const bench = new CoreBench();
    const asker = bench.cell("asker", { encoding: "M" });
    const worker = bench.cell("worker", { encoding: "M" });
    worker.catch("a", "any", { credit: 9 });
    const ask = { timeoutMs: 1000 };
    asker.sendRun([1, 2, 3].map((data) => ({ channel: "a", data, extras: { ask } })));

    worker.settle(worker.takeOne("DLVR"), "ack");

    const { answers: list } = asker.takeOne("ANSR").fields;
    const from = { id: worker.id, service: "worker" };
    expect(list).to.deep.equal([1, 2, 3].map((seq) => ({ seq, state: "end", from })));
  });

  it("fail at once where no group listens, whatever streams there are (§12.2)", () => {
    const bench = new CoreBench();
    const asker = bench.cell("asker");
    bench.cell("watch").catch("b", "multi");

    asker.send("b", { ask: { timeoutMs: 1000 } });

    expect(answers(asker)).to.have.length(1);
    const confirms = asker.confirms();
    expect(confirms).to.deep.equal(["1 accepted 1", "1 handled"]);
  });

  it("fail with NO_LISTENER, with HANDLER_FAILED for a nack, with REJECTED for a reject (§12.3)", () => {
    const { asker, worker } = asking();
    asker.send("nobody", { ask: { timeoutMs: 1000 } });
    asker.send("a", { ask: { timeoutMs: 1000 } });
    worker.settle(worker.takeOne("DLVR"), "nack", { reason: "boom" });
    asker.send("a", { ask: { timeoutMs: 1000, retry: true } });
    worker.settle(worker.takeOne("DLVR"), "reject", { reason: "never" });

    const errors = answers(asker).map(({ seq, state, code, message }) => [
      seq,
      state,
      code,
      message,
    ]);
    expect(errors).to.deep.equal([
      [1, "error", "NO_LISTENER", "nobody catches this channel"],
      [2, "error", "HANDLER_FAILED", "boom"],
      [3, "error", "REJECTED", "never"],
    ]);
    expect(asker.confirms().filter((it) => it.endsWith("handled"))).to.have.length(3);
  });

  it("go to another attempt after a nack where the asker said retry (§12.3)", () => {
    const { bench, asker, worker } = asking();
    asker.send("a", { ask: { timeoutMs: 1000, retry: true } });

    worker.settle(worker.takeOne("DLVR"), "nack");
    expect(answers(asker)).to.deep.equal([]);
    bench.pass(200);
    worker.settle(worker.takeOne("DLVR"), "ack", { result: 1 });

    expect(answers(asker).map(({ state }) => state)).to.deep.equal(["result"]);
  });

  it("end with TIMEOUT, and are not delivered any more after that (§12.2)", () => {
    const { bench, asker, worker } = asking({ credit: 1 });
    asker.send("a", { ask: { timeoutMs: 500, retry: true } });
    asker.send("a", { ask: { timeoutMs: 500 } });
    const delivery = worker.takeOne("DLVR");
    bench.pass(501);
    expect(answers(asker).map(({ seq, code }) => [seq, code])).to.deep.equal([
      [1, "TIMEOUT"],
      [2, "TIMEOUT"],
    ]);

    worker.settle(delivery, "nack");
    bench.pass(1000);

    expect(worker.take("DLVR")).to.have.length(0);
    expect(asker.confirms().filter((it) => it.endsWith("handled"))).to.have.length(2);
    expect(answers(asker)).to.deep.equal([]);
  });

  it("bring a reply in parts, with attempt and index (§12.4)", () => {
    const { asker, worker } = asking();
    asker.send("a", { ask: { timeoutMs: 1000, parts: true }, ref: 5 });
    const delivery = worker.takeOne("DLVR");

    worker.say("RPLY", { ...nameOf(delivery), index: 0, data: "one" });
    worker.say("RPLY", { ...nameOf(delivery), index: 1, bytes: "AA==" });
    worker.settle(delivery, "ack", { result: "end" });

    const from = { id: worker.id, service: "worker" };
    expect(answers(asker)).to.deep.equal([
      { seq: 1, ref: 5, state: "part", from, attempt: 1, index: 0, data: "one" },
      { seq: 1, ref: 5, state: "part", from, attempt: 1, index: 1, bytes: "AA==" },
      { seq: 1, ref: 5, state: "result", from, data: "end" },
    ]);
  });

  it("drop parts of a stale attempt without a word (§5, §12.4)", () => {
    const { bench, asker, worker } = asking({ ackTimeoutMs: 100 });
    asker.send("a", { ask: { timeoutMs: 5000, retry: true, parts: true } });
    const stale = worker.takeOne("DLVR");
    bench.pass(250);
    worker.take();

    for (let index = 0; index < 30; index++)
      worker.say("RPLY", { ...nameOf(stale), index, data: 1 });

    expect(answers(asker)).to.deep.equal([]);
    expect(worker.take()).to.deep.equal([]);
  });

  it("end with an error when the event becomes a dead letter (§12.3)", () => {
    const { bench, asker, worker } = asking({ attemptsMax: 1 });
    asker.send("a", { ask: { timeoutMs: 5000, retry: true } });

    worker.settle(worker.takeOne("DLVR"), "nack", { reason: "no" });

    expect(answers(asker).map(({ code }) => code)).to.deep.equal(["HANDLER_FAILED"]);
    expect(bench.core.counters.values.deadLetters).to.equal(1);
  });

  it("are answered on the connection that the asker has now (§9.7)", () => {
    const { bench, asker, worker } = asking();
    asker.send("a", { ask: { timeoutMs: 1000 } });
    const again = bench.stranger();
    again.hello({ id: asker.id, service: "asker", secret: asker.welcome["secret"] as string });

    worker.settle(worker.takeOne("DLVR"), "ack", { result: 1 });

    expect(answers(again).map(({ state }) => state)).to.deep.equal(["result"]);
    expect(again.confirms()).to.deep.equal(["1 handled"]);
  });
});

describe("transmitter core: gathers", () => {
  it("expect each cell with a catch on a matching stream once, and end after the last (§12.5)", () => {
    const bench = new CoreBench();
    const asker = bench.cell("asker");
    const { catch: own } = asker.catch("a", "multi");
    const cells = [bench.cell("x"), bench.cell("y", { encoding: "M" }), bench.cell("z")];
    const catches = cells.map((cell) => cell.catch("a", "multi")["catch"]);
    cells[0]?.catch("*", "multi");
    bench.cell("worker").catch("a", "any", { credit: 1 });

    const seq = asker.send("a", { ask: { timeoutMs: 1000, gather: true }, ref: "g" });
    const [expecting, ...none] = answers(asker);
    expect(none).to.deep.equal([]);
    expect(expecting).to.include({ seq, ref: "g", state: "expect" });
    const expected = (expecting?.["cells"] as { id: string }[]).map(({ id }) => id).sort();
    expect(expected).to.deep.equal([asker.id, ...cells.map(({ id }) => id)].sort());

    const to = { to: asker.id, seq };
    asker.say("RPLY", { catch: own, ...to, data: 0 });
    cells[0]?.say("RPLY", { catch: catches[0], ...to, data: 1 });
    cells[0]?.say("RPLY", { catch: catches[0], ...to, data: 2 });
    cells[1]?.say("RPLY", { catch: catches[1], ...to, code: "HANDLER_FAILED", message: "boom" });
    cells[2]?.say("GBYE");

    expect(
      answers(asker).map(({ state, data, code, from }) => [
        state,
        data ?? code,
        (from as { id: string } | undefined)?.id,
      ]),
    ).to.deep.equal([
      ["result", 0, asker.id],
      ["result", 1, cells[0]?.id],
      ["error", "HANDLER_FAILED", cells[1]?.id],
      ["gone", undefined, undefined],
      ["end", undefined, undefined],
    ]);
  });

  it("end at once where nobody listens (§12.5)", () => {
    const asker = new CoreBench().cell("asker");

    asker.send("a", { ask: { timeoutMs: 1000, gather: true } });

    expect(answers(asker).map(({ state, cells }) => [state, cells])).to.deep.equal([
      ["expect", []],
      ["end", undefined],
    ]);
  });

  it("end with TIMEOUT, and go to no group (§12.5)", () => {
    const { bench, asker, worker } = asking();
    bench.cell("x").catch("a", "multi");
    asker.send("a", { ask: { timeoutMs: 300, gather: true } });
    expect(worker.take("DLVR")).to.have.length(0);

    bench.pass(300);

    expect(answers(asker).map(({ state, code }) => code ?? state)).to.deep.equal([
      "expect",
      "TIMEOUT",
    ]);
  });
});

function asking(options: object = {}): { bench: CoreBench; asker: BenchCell; worker: BenchCell } {
  const bench = new CoreBench();
  const asker = bench.cell("asker");
  const worker = bench.cell("worker");
  worker.catch("a", "any", { credit: 9, ...options });
  return { bench, asker, worker };
}

function answers(cell: BenchCell): Heard["fields"][] {
  return cell.take("ANSR").map(({ fields }) => fields);
}
