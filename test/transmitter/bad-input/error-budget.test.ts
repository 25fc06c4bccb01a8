import { expect } from "chai";

import { errorBudget, errorBudgetMs, muteMs } from "@thynapse/protocol";
import { eventually } from "../../support/eventually.js";
import { type BenchCell, CoreBench } from "../core-bench.js";
import { closing } from "./scenes/scene.js";
import { Stranger } from "./stranger.js";
import { sharedSubject } from "./subject.js";

const wrong = "J NOPE {}";

describe("error budget", () => {
  it("is 20 errors in 10 s, and mutes for 60 s", () => {
    expect({ errorBudget, errorBudgetMs, muteMs }).to.deep.equal({
      errorBudget: 20,
      errorBudgetMs: 10_000,
      muteMs: 60_000,
    });
  });

  it("mutes with the 20th error, until 60 s later, and says so once", () => {
    const bench = new CoreBench();
    const cell = bench.cell("clumsy");

    for (let error = 1; error <= 25; error++) cell.sayPart(wrong);

    const told = cell.take("ERRO").map(({ fields }) => fields);
    expect(told).to.have.length(21);
    expect(told.pop()).to.deep.equal({
      code: "MUTED",
      message: "too many errors: whatever comes within 60 s is ignored",
      command: "",
    });
    expect(told.map(({ code }) => code)).to.not.include("MUTED");
    expect(bench.core.counters.values).to.include({ framesMuted: 5, connectionsMuted: 1 });
    bench.pass(muteMs - 1);
    cell.sayPart(wrong);
    expect(cell.take("ERRO")).to.deep.equal([]);
    bench.pass(1);
    cell.sayPart(wrong);
    expect(cell.take("ERRO")).to.have.length(1);
  });

  it("forgives errors that are further apart", () => {
    const bench = new CoreBench();
    const cell = bench.cell("clumsy");

    for (let error = 1; error <= 100; error++) {
      cell.sayPart(wrong);
      bench.pass(errorBudgetMs / 18);
    }

    expect(cell.take("ERRO")).to.have.length(100);
    expect(bench.core.counters.values.connectionsMuted).to.equal(0);
  });

  it("is not charged for what a cell could not know", () => {
    const bench = new CoreBench();
    const stranger = bench.stranger();

    for (let error = 1; error <= 50; error++) stranger.say("CTCH", { pattern: "a", mode: "any" });

    expect(codesOf(stranger)).to.deep.equal(Array.from({ length: 50 }, () => "NOT_WELCOME"));
    stranger.hello({});
    expect(stranger.welcome).to.have.property("id");
  });

  it("is not charged for what the transmitter cannot take now (§11.4)", () => {
    const bench = new CoreBench({ backlogEventsMax: 2 });
    const cell = bench.cell("sender");
    const worker = bench.cell("worker");
    worker.catch("a", "any", { credit: 1 });
    for (let n = 0; n < 2; n++) cell.say("EVNT", { channel: "a" });

    for (let n = 0; n < 30; n++) cell.say("EVNT", { channel: "a" });
    bench.core.shed(true);
    for (let n = 0; n < 30; n++) cell.say("EVNT", { channel: "b" });
    bench.core.shed(false);

    expect(codesOf(cell)).to.deep.equal(Array.from({ length: 60 }, () => "BUSY"));
    cell.take();
    cell.say("EVNT", { channel: "b" });
    expect(cell.confirms()).to.have.length(2);
  });

  it("is not charged for settlements of a catch that has ended (§10.11)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const worker = bench.cell("worker");
    const { catch: number } = worker.catch("a", "any", { credit: 30 });
    for (let n = 0; n < 30; n++) sender.send("a");
    const deliveries = worker.take("DLVR");
    worker.say("DROP", { catch: number });

    for (const delivery of deliveries) worker.settle(delivery);

    expect(codesOf(worker)).to.deep.equal(Array.from({ length: 30 }, () => "UNKNOWN_CATCH"));
    worker.catch("a", "any");
    sender.send("a");
    expect(worker.take("DLVR")).to.have.length(1);
  });

  it("is charged for settlements of a catch that never was, or is no anycatch", () => {
    for (const number of [0, 2, 3]) {
      const cell = new CoreBench().cell("clumsy");
      cell.catch("a", "any");
      cell.catch("a", "multi");
      const { origin } = cell.welcome;
      const name = { catch: number, origin, number: 1, attempt: 1, outcome: "ack" };

      for (let error = 1; error <= 20; error++) cell.say("SETL", name);

      expect(codesOf(cell).slice(-2)).to.deep.equal(["UNKNOWN_CATCH", "MUTED"]);
    }
  });
});

describe("error budget of a real transmitter", () => {
  const subject = sharedSubject(["--mute", "2s"]);

  it("answers 20 of 1000 errors, counts the rest, says so once, and goes on with others", async () => {
    const [clumsy, other] = [await Stranger.cell(subject()), await Stranger.cell(subject())];
    await closing([clumsy, other], async () => {
      await clumsy.say("CTCH", { pattern: "for.clumsy", mode: "any" });
      await clumsy.expect("CGHT");
      const before = await subject().metrics();

      for (let error = 0; error < 1000; error++) await clumsy.sendParts(wrong);

      for (let error = 0; error < 20; error++) await clumsy.expect("ERRO");
      expect(await clumsy.expect("ERRO")).to.include({ code: "MUTED" });
      await eventually(async () => {
        const { framesMuted, connectionsMuted } = await subject().metrics();
        expect((framesMuted ?? 0) - (before["framesMuted"] ?? 0)).to.be.at.least(980);
        expect((connectionsMuted ?? 0) - (before["connectionsMuted"] ?? 0)).to.equal(1);
      });
      expect(subject().logged("muted")).to.have.length(1);

      // What it is sent goes on, though nothing of what it says is heard.
      await other.say("EVNT", { channel: "for.clumsy", data: "still yours" });
      expect(await clumsy.expect("DLVR")).to.include({ data: "still yours" });
      expect(await other.expect("CNFM")).to.include({ state: "accepted", matched: 1 });
      await other.expectServed();
      await other.leave();
    });
  });

  it("hears a connection again when its time is over", async () => {
    const clumsy = await Stranger.cell(subject());
    await closing([clumsy], async () => {
      for (let error = 0; error < 20; error++) await clumsy.sendParts(wrong);
      for (let error = 0; error <= 20; error++) await clumsy.expect("ERRO");

      const { framesEmpty: before = 0 } = await subject().metrics();
      // An empty message is counted where it is heard, and answered nowhere.
      await eventually(async () => {
        await clumsy.sendParts("");
        expect((await subject().metrics())["framesEmpty"]).to.be.above(before);
      });

      await clumsy.expectServed();
      await clumsy.leave();
    });
  });

  it("leaves the process unharmed", () => subject().expectUnharmed());
});

/** The codes of the errors that a cell was told. */
function codesOf(cell: BenchCell): unknown[] {
  return cell.take("ERRO").map(({ fields }) => fields["code"]);
}
