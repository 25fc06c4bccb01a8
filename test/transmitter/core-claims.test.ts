import { expect } from "chai";

import type { BenchCell } from "./bench-cell.js";
import { countLooks } from "./claim-looks.js";
import { CoreBench } from "./core-bench.js";

const settledId = "5".repeat(40);

describe("transmitter core: claims", () => {
  it("hold back what a sender repeats until cells have had 1 s to claim it (§10.9)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 2 });
    const worker = bench.cell("worker");
    worker.catch("a", "any");
    bench.pass(1000);

    sender.send("a", { repeat: true });
    expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);
    bench.pass(999);
    expect(worker.take("DLVR")).to.have.length(0);
    bench.pass(1);

    expect(worker.takeOne("DLVR").fields).to.include({ repeat: true, attempt: 1 });
  });

  it("do not hold back what is sent for the first time (§10.9)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 2 });
    const worker = bench.cell("worker");
    worker.catch("a", "any");
    bench.pass(1000);

    sender.send("a");

    expect(worker.takeOne("DLVR").fields["repeat"]).to.equal(false);
  });

  it("settle what a cell has settled, and leave with it what it holds (§10.9)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 2 });
    const held = [[sender.id, 2, 2]];
    const settled = [[sender.id, 1, 1]];
    const worker = bench.cell("worker", { session: 2, claims: [{ pattern: "a", held, settled }] });
    bench.pass(1000);
    for (let n = 0; n < 3; n++) sender.send("a", { repeat: true });
    expect(sender.confirms()).to.deep.equal([
      "1 accepted 1",
      "1 handled",
      "2 accepted 1",
      "3 accepted 1",
    ]);

    worker.catch("a", "any", { credit: 5 });
    const renamed = worker.takeOne("DLVR");
    expect(renamed.fields).to.include({ seq: 2, claimed: true, channel: "a" });

    bench.pass(1001);
    expect(worker.takeOne("DLVR").fields).to.include({ seq: 3, repeat: true });
    worker.settle(renamed);
    expect(sender.confirms()).to.deep.equal(["2 handled"]);
  });

  it("hold back what is repeated until a member has said whether its group takes that (§10.7)", () => {
    for (const redeliver of [true, false]) {
      const bench = new CoreBench();
      const sender = bench.cell("sender", { session: 2 });
      const claims = [{ pattern: "a", held: [[sender.id, 2, 2]], settled: [] }];
      const worker = bench.cell("worker", { session: 2, claims });
      bench.pass(1000);
      sender.send("a", { repeat: true });
      bench.pass(2000);

      worker.catch("a", "any", { credit: 5, redeliver });
      bench.pass(100);

      expect(worker.take("DLVR")).to.have.length(redeliver ? 1 : 0);
      if (!redeliver) expect(sender.confirms()).to.include("1 handled");
    }
  });

  it("look at what is held back a few times each, however much a sender repeats (§10.9)", () => {
    const looks = countLooks();
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 2 });
    const held = [[sender.id, 1, 1]];
    bench.cell("worker", { session: 2, claims: [{ pattern: "a", held, settled: [] }] });
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 5000 });
    bench.pass(1000);
    looks.begin();

    for (let n = 0; n < 2000; n++) sender.send("a", { repeat: true });
    bench.pass(1100);

    expect(worker.take("DLVR")).to.have.length(2000);
    // With one look at all for each run that comes it would be a million.
    expect(looks.end()).to.be.below(5 * 2000);
  });

  it("of a cell that is not back in time are void (§10.9)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 2 });
    const held = [[sender.id, 1, 1]];
    bench.cell("worker", { session: 2, claims: [{ pattern: "a", held, settled: [] }] });
    const other = bench.cell("worker");
    other.catch("a", "any");
    bench.pass(1000);

    sender.send("a", { repeat: true });
    bench.pass(1000);

    expect(other.takeOne("DLVR").fields).to.not.have.property("claimed");
  });

  it("make the group of their pattern, so that it counts before the cell catches (§10.8)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    bench.cell("worker", { claims: [{ pattern: "a", held: [], settled: [] }] });

    sender.send("a");

    expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);
  });

  it("name events by their sender, numbered ones of a transmitter too (§7.6, §10.9)", () => {
    const bench = new CoreBench();
    const claims = [{ pattern: "a", held: [], settled: [[settledId, 1, 9]] }];
    const worker = bench.cell("worker", { claims });
    worker.catch("a", "any");
    const sender = bench.cell("sender", { session: 2 });
    bench.pass(1000);

    sender.send("a", { repeat: true });
    bench.pass(1001);

    expect(worker.take("DLVR")).to.have.length(1);
  });

  it("of a takeover decide what becomes of what the old connection held (§9.7)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 3 });
    for (let n = 0; n < 3; n++) sender.send("a");
    sender.confirms();
    expect(worker.take("DLVR")).to.have.length(3);
    const again = bench.stranger();
    again.hello({
      id: worker.id,
      service: "worker",
      session: 2,
      secret: worker.welcome["secret"] as string,
      claims: [{ pattern: "a", held: [[sender.id, 2, 2]], settled: [[sender.id, 1, 1]] }],
    });
    again.catch("a", "any", { credit: 3 });

    const renamed = again.takeOne("DLVR");
    expect(renamed.fields).to.include({ seq: 2, claimed: true, attempt: 2 });
    expect(sender.confirms()).to.deep.equal(["1 handled"]);
    bench.pass(1000);
    expect(again.takeOne("DLVR").fields).to.include({ seq: 3, repeat: true, attempt: 2 });
    again.settle(renamed);
    expect(sender.confirms()).to.deep.equal(["2 handled"]);
  });

  it("are answered behind the number of the catch, by which their deliveries go (§9.7)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 1 });
    sender.send("a");
    const again = bench.stranger();
    again.hello({
      id: worker.id,
      service: "worker",
      session: 2,
      secret: worker.welcome["secret"] as string,
      claims: [{ pattern: "a", held: [[sender.id, 1, 1]], settled: [] }],
    });

    again.say("CTCH", { ref: 7, pattern: "a", mode: "any", credit: 1 });

    const answers = again.take("CGHT", "DLVR").map(({ command }) => command);
    expect(answers).to.deep.equal(["CGHT", "DLVR"]);
  });

  it("keep a key with one delivery out at a time (§10.10)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 2 });
    const held = [[sender.id, 1, 1]];
    const worker = bench.cell("worker", { claims: [{ pattern: "a", held, settled: [] }] });
    bench.pass(1000);
    sender.send("a", { repeat: true, key: "k" });
    sender.send("a", { key: "k" });

    worker.catch("a", "any", { credit: 5, affinity: true });

    const renamed = worker.takeOne("DLVR");
    expect(renamed.fields).to.include({ seq: 1, claimed: true });
    worker.settle(renamed);
    expect(worker.takeOne("DLVR").fields["seq"]).to.equal(2);
  });

  it("let a key go on up to what is held back, as its sender numbers it (§10.10)", () => {
    const bench = new CoreBench();
    const worker = bench.cell("worker");
    const { catch: number } = worker.catch("a", "any", { credit: 0, affinity: true });
    const sender = bench.cell("sender");
    for (const seq of [1, 3]) sender.send("a", { seq, key: "k" });
    sender.send("a", { seq: 2, repeat: true, key: "k" });
    worker.say("CRED", { catch: number, credit: 5 });

    const one = worker.takeOne("DLVR");
    expect(one.fields["seq"]).to.equal(1);
    worker.settle(one);
    expect(worker.take("DLVR")).to.deep.equal([]);
    bench.pass(1000);
    for (let n = 0; n < 2; n++) worker.settle(worker.takeOne("DLVR"));
    expect(sender.confirms()).to.include.members(["2 handled", "3 handled"]);
  });
});

describe("transmitter core: cells from elsewhere", () => {
  it("takes events of cells that were attached before after 1 s only, in order (§11.2)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 3 });
    const { topic } = bench.cell("watch").catch("a", "multi");

    sender.send("a", { data: 1 });
    sender.say("EVNT", { channel: "a", data: 2 });
    sender.send("a", { data: 3 });
    expect(sender.confirms()).to.deep.equal([]);
    bench.pass(1000);

    expect(sender.confirms().filter((it) => it.includes("accepted"))).to.have.length(3);
    expect(bench.stream(topic).map(({ fields }) => fields["data"])).to.deep.equal([1, 2, 3]);
  });

  it("refuses a bad run at once, whenever it would be taken (§7.9)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 2, encoding: "M" });

    sender.sendRun([{ channel: "a b" }], { session: 2 });

    expect(sender.takeOne("ERRO").fields["code"]).to.equal("BAD_CHANNEL");
    bench.pass(1000);
    expect(sender.take()).to.deep.equal([]);
  });

  it("does the same later for cells that come from another transmitter (§11.2)", () => {
    const bench = new CoreBench();
    bench.pass(60_000);
    const sender = bench.cell("sender", { session: 2 });
    sender.send("a", { data: 1, repeat: true });
    bench.pass(900);
    const worker = bench.cell("worker", { session: 2 });
    worker.catch("a", "any");
    expect(sender.confirms()).to.deep.equal([]);

    bench.pass(100);
    expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);
    bench.pass(1000);
    worker.settle(worker.takeOne("DLVR"));
    expect(sender.confirms()).to.deep.equal(["1 handled"]);
  });

  it("takes those of a cell that it knows at once, when that attaches anew (§11.2)", () => {
    const bench = new CoreBench();
    const first = bench.cell("sender");
    const secret = first.welcome["secret"] as string;
    const again = bench.cell("sender", { id: first.id, secret, session: 2 });

    again.send("a");

    expect(again.confirms()).to.deep.equal(["1 accepted 0", "1 handled"]);
  });

  it("takes those of new cells at once (§11.2)", () => {
    const sender = new CoreBench().cell("sender");

    sender.send("a");

    expect(sender.confirms()).to.deep.equal(["1 accepted 0", "1 handled"]);
  });

  it("refuses with BUSY what is more than the window meanwhile (§11.4)", () => {
    const bench = new CoreBench({ windowBytes: 1000 });
    const sender: BenchCell = bench.cell("sender", { session: 2 });

    for (let n = 0; n < 4; n++) sender.send("a", { data: "x".repeat(400) });

    const refused = sender.confirms();
    expect(refused[refused.length - 1]).to.equal("4 refused BUSY");
  });
});
