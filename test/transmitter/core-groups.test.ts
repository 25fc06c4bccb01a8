import { expect } from "chai";

import { CoreBench } from "./core-bench.js";
import { die, working } from "./core-work.js";

describe("transmitter core: groups", () => {
  it("give each event to one member of each service (§10.1)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const cells = ["x", "x", "x", "y"].map((service) => bench.cell(service));
    for (const cell of cells) cell.catch("a", "any", { credit: 40 });

    for (let n = 0; n < 30; n++) sender.send("a");

    const counts = cells.map((cell) => cell.take("DLVR").length);
    expect(counts[3]).to.equal(30);
    expect((counts[0] ?? 0) + (counts[1] ?? 0) + (counts[2] ?? 0)).to.equal(30);
    for (const count of counts.slice(0, 3)) expect(count).to.be.within(8, 12);
  });

  it("give equal shares to members with plenty of credit, whatever each has (§10.2)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const cells = [1000, 2000, 8000].map((credit) => {
      const cell = bench.cell("x");
      cell.catch("a", "any", { credit });
      return cell;
    });

    for (let n = 0; n < 600; n++) sender.send("a");

    for (const cell of cells) expect(cell.take("DLVR").length).to.be.within(150, 250);
  });

  it("name a delivery by catch, origin, number and attempt (§10.3)", () => {
    const { sender, worker, number } = working();

    sender.send("a", { data: 7, headers: { h: "1" }, ask: { timeoutMs: 5000 } });

    const { fields } = worker.takeOne("DLVR");
    expect(fields).to.deep.include({
      catch: number,
      origin: worker.welcome["origin"],
      number: 1,
      attempt: 1,
      repeat: false,
      channel: "a",
      data: 7,
      from: { id: sender.id, service: "sender" },
      seq: 1,
      headers: { h: "1" },
      ask: { timeoutMs: 5000 },
    });
    expect(fields).to.not.have.property("claimed");
  });

  it("hand out no more than the credit, in the order of arrival (§10.1, §10.2)", () => {
    const { sender, worker } = working({ credit: 2 });
    for (let n = 0; n < 5; n++) sender.send("a");
    const [one, two, ...more] = worker.take("DLVR");
    expect(more).to.deep.equal([]);

    worker.settle(two!);
    const three = worker.takeOne("DLVR");
    expect([one, two, three].map((it) => it?.fields["seq"])).to.deep.equal([1, 2, 3]);
  });

  it("take credit as an absolute number; zero pauses (§5.5)", () => {
    const { sender, worker, number } = working({ credit: 0 });
    for (let n = 0; n < 5; n++) sender.send("a");
    expect(worker.take("DLVR")).to.have.length(0);

    worker.say("CRED", { catch: number, credit: 2 });
    worker.say("CRED", { catch: number, credit: 2 });

    expect(worker.take("DLVR")).to.have.length(2);
    worker.say("CRED", { catch: number, credit: 65_536 });
    expect(worker.takeOne("ERRO").fields["code"]).to.equal("BAD_CREDIT");
  });

  it("default the credit to the concurrency (§5.5)", () => {
    const { sender, worker } = working({ concurrency: 3 });

    for (let n = 0; n < 5; n++) sender.send("a");

    expect(worker.take("DLVR")).to.have.length(3);
  });

  it("answer the same catch for the same pattern and mode, with newer options (§5.6)", () => {
    const { sender, worker, number } = working({ credit: 1 });

    expect(worker.catch("a", "any", { credit: 2, ref: 9 })).to.deep.include({
      catch: number,
      ref: 9,
    });
    expect(worker.catch("a", "multi")["catch"]).to.not.equal(number);

    for (let n = 0; n < 5; n++) sender.send("a");
    expect(worker.take("DLVR")).to.have.length(2);
  });

  it("warn where the options of members differ (§5.5)", () => {
    const { bench } = working({ attemptsMax: 3 });

    const answer = bench.cell("worker").catch("a", "any", { attemptsMax: 7, redeliver: false });

    expect(answer["warnings"]).to.deep.equal(["attemptsMax is 7 here, 3 is in force"]);
  });

  it("deliver runs to M cells, and cut them by credit (§5.5)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const worker = bench.cell("worker", { encoding: "M" });
    worker.catch("a", "any", { credit: 3 });

    sender.sendRun(Array.from({ length: 5 }, (_, n) => ({ channel: "a", data: n })));

    const first = worker.takeOne("DLVR");
    expect(first.fields).to.include({ number: 1, attempt: 1, repeat: false });
    expect([first.run?.count, first.run?.seqAt(0)]).to.deep.equal([3, 1]);
    worker.settle(first);
    const second = worker.takeOne("DLVR");
    expect([second.fields["number"], second.run?.count, second.run?.seqAt(0)]).to.deep.equal([
      4, 2, 4,
    ]);
    expect(sender.confirms()).to.deep.equal(["1-5 accepted 1", "1-3 handled"]);
  });

  it("hand out and bury headers of any name, and what came beside them (§10.8)", () => {
    const bench = new CoreBench();
    const [odd, sender] = [bench.cell("odd", { encoding: "M" }), bench.cell("sender")];
    const [worker, other] = [1, 2].map(() => bench.cell("worker", { encoding: "M" }));
    worker!.catch("q.**", "any", { credit: 1 });
    other!.catch("q.**", "any", { credit: 1 });
    const extras = { headers: { constructor: "x", toJSON: "y" } } as never;
    odd.sendRun([1, 2, 3, 4, 5].map((n) => ({ channel: `q.${n}`, extras })));
    sender.send("q.x");

    const given = [worker!, other!].map((cell) => cell.takeOne("DLVR").run?.extrasAt(0));
    expect(given).to.deep.equal([extras, extras]);
    worker!.say("GBYE");
    other!.say("GBYE");

    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
    expect(odd.confirms().at(-1)).to.equal("1-5 handled");
    expect(bench.core.counters.values.deadLetters).to.equal(6);
  });

  it("reject to the dead letters what JSON cannot say (§6.4)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 3 });

    sender.sendRun([
      { channel: "a", data: Number.NaN },
      { channel: "a", data: 2 },
    ]);

    expect(worker.takeOne("DLVR").fields["data"]).to.equal(2);
    expect(sender.confirms()).to.deep.equal(["1-2 accepted 1", "1-1 handled"]);
    expect(bench.core.counters.values.deadLetters).to.equal(1);
  });

  it("keep their events for 30 s after their last cell died, then bury them (§10.8)", () => {
    const { bench, sender, worker } = working({ credit: 0 });
    sender.send("a");
    die(bench, worker);
    sender.send("a");
    bench.pass(29_000);
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "2 accepted 1"]);

    const back = bench.cell("worker");
    back.catch("a", "any", { credit: 0 });
    bench.pass(60_000);
    die(bench, back);
    bench.pass(30_001);

    expect(sender.confirms()).to.deep.equal(["1 handled", "2 handled"]);
    expect(bench.core.counters.values.deadLetters).to.equal(2);
  });

  it("end at once when their last cell drops the catch or says farewell (§10.8)", () => {
    const { bench, sender, worker, number } = working();
    sender.send("a");
    worker.say("DROP", { catch: number });
    expect(worker.takeOne("DRPD").fields).to.deep.equal({ catch: number });
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
    sender.send("a");
    expect(sender.confirms()).to.deep.equal(["2 accepted 0", "2 handled"]);

    worker.catch("a", "any");
    worker.say("GBYE");
    sender.send("a");

    expect(sender.confirms()).to.deep.equal(["3 accepted 0", "3 handled"]);
    expect(bench.core.counters.values.deadLetters).to.equal(1);
  });

  for (const affinity of [false, true]) {
    it(`bury what waits longer than 10 min, affinity ${affinity} (§10.8)`, () => {
      const { bench, sender } = working({ credit: 0, affinity });
      sender.send("a");
      sender.send("a", { key: "k" });

      bench.pass(601_001);

      expect(sender.confirms()).to.deep.equal([
        "1 accepted 1",
        "2 accepted 1",
        "1 handled",
        "2 handled",
      ]);
    });
  }
});
