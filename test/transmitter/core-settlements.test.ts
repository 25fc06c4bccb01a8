import { expect } from "chai";

import { encodeMessagePack, writeFrame } from "@thynapse/protocol";
import { CoreBench } from "./core-bench.js";
import { working } from "./core-work.js";
import { cpuMs } from "../support/cpu-ms.js";

describe("transmitter core: settlements", () => {
  it("nack: comes again after a back-off that doubles, as the next attempt (§10.4)", () => {
    const { bench, sender, worker } = working();
    sender.send("a");
    let delivery = worker.takeOne("DLVR");
    for (const backoffMs of [100, 200, 400]) {
      const { attempt } = delivery.fields;
      worker.settle(delivery, "nack", { reason: "not now" });
      bench.pass(backoffMs * 0.74);
      expect(worker.take("DLVR"), `${backoffMs} ms`).to.have.length(0);
      bench.pass(backoffMs * 0.53);
      delivery = worker.takeOne("DLVR");
      expect(delivery.fields).to.include({
        attempt: (attempt as number) + 1,
        repeat: true,
        number: 1,
      });
    }
  });

  it("nack: becomes a dead letter after attemptsMax attempts, which handles it (§10.5)", () => {
    const { bench, sender, worker } = working({ attemptsMax: 2 });
    const { topic } = bench.cell("watch").catch("$mesh.dead.worker", "multi");
    sender.send("a");
    worker.settle(worker.takeOne("DLVR"), "nack", { reason: "no" });
    bench.pass(200);
    worker.settle(worker.takeOne("DLVR"), "nack", { reason: "no again" });

    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
    expect(bench.stream(topic).map(({ fields }) => fields["data"])).to.deep.equal([
      {
        number: 1,
        channel: "a",
        pattern: "a",
        from: { id: sender.id, service: "sender" },
        seq: 1,
        reason: "no again",
        attempts: 2,
      },
    ]);
  });

  it("reject: goes to the dead letters with the reason (§10.4)", () => {
    const { bench, sender, worker } = working();
    sender.send("a");

    worker.settle(worker.takeOne("DLVR"), "reject", { reason: "never" });

    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
    expect(bench.core.counters.values.deadLetters).to.equal(1);
    expect(worker.confirms()).to.deep.equal(["settled 1"]);
  });

  it("reject: with half a character is refused whole, and costs nobody an answer (§3.7, §5.7)", () => {
    const { bench, worker } = working({ credit: 10 });
    const asker = bench.cell("asker", { encoding: "M" });
    const extras = { ask: { timeoutMs: 2000 } };
    asker.sendRun([1, 2, 3, 4].map((data) => ({ channel: "a", data, extras })));
    const given = worker.take("DLVR");

    bench.turn(() => {
      worker.settle(given[3]!, "reject", { reason: "cut \ud83d" });
      for (const one of given.slice(0, 3)) worker.settle(one, "ack", { result: 1 });
    });

    expect(worker.takeOne("ERRO").fields["code"]).to.equal("BAD_PAYLOAD");
    expect(asker.takeOne("ANSR").fields["answers"]).to.have.length(3);
    expect(worker.confirms()).to.deep.equal(["settled 2", "settled 3", "settled 4"]);
    worker.settle(given[3]!, "reject", { reason: "whole" });
    expect(asker.takeOne("ANSR").fields).to.include({ code: "REJECTED", message: "whole" });
    expect(bench.core.counters.values.internalErrors).to.equal(0);
  });

  it("release: goes to another cell at once, uncounted (§10.4)", () => {
    const { bench, sender, worker } = working({ attemptsMax: 1 });
    sender.send("a");
    const delivery = worker.takeOne("DLVR");
    const other = bench.cell("worker");
    other.catch("a", "any", { attemptsMax: 1 });

    worker.settle(delivery, "release");

    expect(other.takeOne("DLVR").fields).to.include({ number: 1, attempt: 2, repeat: true });
    expect(worker.take("DLVR")).to.have.length(0);
  });

  it("release: comes back after 20 ms when there is no other cell that takes it (§10.4)", () => {
    const { bench, sender, worker } = working();
    const paused = bench.cell("worker");
    paused.catch("a", "any", { credit: 0 });
    sender.send("a");

    for (let round = 0; round < 3; round++) {
      worker.settle(worker.takeOne("DLVR"), "release");
      expect(worker.take("DLVR")).to.have.length(0);
      bench.pass(20);
    }

    expect(worker.takeOne("DLVR").fields["attempt"]).to.equal(4);
  });

  it("release: does not stop what is behind it while the other cell is busy (§10.4)", () => {
    const { bench, sender, worker } = working({ credit: 3 });
    const other = bench.cell("worker");
    const { catch: number } = other.catch("a", "any", { credit: 1 });
    sender.send("a");
    const delivery = worker.takeOne("DLVR");
    worker.settle(delivery, "release");
    other.takeOne("DLVR");
    sender.send("a");
    other.say("CRED", { catch: number, credit: 0 });
    worker.settle(worker.takeOne("DLVR"), "release");
    bench.pass(20);

    expect(worker.takeOne("DLVR").fields["seq"]).to.equal(2);
  });

  it("ack of a stale attempt changes nothing, is told so, and confirmed (§10.3)", () => {
    const { bench, sender, worker } = working({ ackTimeoutMs: 100 });
    const other = bench.cell("other");
    other.catch("b", "any");
    sender.send("a");
    sender.confirms();
    const stale = worker.takeOne("DLVR");
    bench.pass(250);
    worker.take("BACK");
    const current = worker.takeOne("DLVR");

    const ref = worker.settle(stale, "ack", { outputs: [{ channel: "b" }] });

    expect(worker.heard.map(({ command }) => command)).to.deep.equal(["ERRO", "CNFM"]);
    expect(worker.takeOne("ERRO").fields).to.include({
      code: "STALE_ATTEMPT",
      ref,
      number: 1,
      attempt: 1,
    });
    expect(worker.confirms()).to.deep.equal([`settled ${ref}`]);
    expect(sender.confirms()).to.deep.equal([]);
    expect(other.take("DLVR")).to.have.length(0);
    worker.settle(current);
    expect(sender.confirms()).to.deep.equal(["1 handled"]);
  });

  it("never charge stale attempts to the budget of errors (§15)", () => {
    const { sender, worker, number } = working({ credit: 2 });
    sender.send("a");
    const delivery = worker.takeOne("DLVR");
    worker.settle(delivery);

    for (let n = 0; n < 30; n++) worker.settle(delivery);

    expect(worker.take("ERRO")).to.have.length(30);
    worker.say("CRED", { catch: number, credit: 3 });
    sender.send("a");
    expect(worker.take("DLVR")).to.have.length(1);
  });

  it("settle ranges in M, part of them current (§5.5)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const worker = bench.cell("worker", { encoding: "M" });
    worker.catch("a", "any", { credit: 9 });
    sender.sendRun(Array.from({ length: 6 }, () => ({ channel: "a" })));
    const { catch: number, origin } = worker.takeOne("DLVR").fields;
    sender.confirms();

    worker.say("SETL", {
      catch: number,
      origin,
      ref: 1,
      settled: [
        [0, 1, 2, 1],
        [3, 4, 1, 1, { reason: "bad" }],
        [0, 5, 9, 1],
      ],
    });

    expect(sender.confirms()).to.deep.equal(["1-2 handled", "4-6 handled"]);
    expect(worker.takeOne("ERRO").fields).to.include({ code: "STALE_ATTEMPT", ref: 1, number: 5 });
    bench.pass(20);
    expect(worker.confirms()).to.deep.equal(["settled 1-1"]);
  });

  it("of another origin or catch are stale or unknown (§10.3)", () => {
    const { sender, worker } = working();
    sender.send("a");
    const { fields } = worker.takeOne("DLVR");
    const name = { number: fields["number"], attempt: 1, outcome: "ack" };

    worker.say("SETL", { ...name, catch: fields["catch"], origin: "elsewhere.1" });
    worker.say("SETL", { ...name, catch: 99, origin: fields["origin"] });

    const codes = worker.take("ERRO").map((heard) => heard.fields["code"]);
    expect(codes).to.deep.equal(["STALE_ATTEMPT", "UNKNOWN_CATCH"]);
  });

  it("refuse outputs of more than 1 MiB together, and settle nothing (§10.6)", () => {
    const { sender, worker } = working();
    sender.send("a");
    const delivery = worker.takeOne("DLVR");
    const output = { channel: "b", data: "x".repeat(600_000) };

    worker.settle(delivery, "ack", { outputs: [output, output] });
    expect(worker.takeOne("ERRO").fields).to.include({ code: "TOO_LARGE", command: "SETL" });

    worker.settle(delivery, "ack");
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });

  it("take back what nobody settles in time, and count that as an attempt (§10.5)", () => {
    const { bench, sender, worker, number } = working({ ackTimeoutMs: 1000, attemptsMax: 2 });
    sender.send("a");
    worker.take("DLVR");

    bench.pass(1000);
    expect(worker.takeOne("BACK").fields).to.deep.equal({
      catch: number,
      origin: worker.welcome["origin"],
      number: 1,
      count: 1,
      attempt: 1,
    });
    bench.pass(150);
    expect(worker.takeOne("DLVR").fields["attempt"]).to.equal(2);
    bench.pass(1000);

    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });

  it("count the time-out from when the cell could begin, and anew with each PROG (§10.5)", () => {
    const { bench, sender, worker } = working({ ackTimeoutMs: 1000, concurrency: 1, credit: 2 });
    sender.send("a");
    sender.send("a");
    const [one] = worker.take("DLVR");
    bench.pass(900);
    const { catch: number, origin } = one!.fields;
    worker.say("PROG", { catch: number, origin, number: 1, attempt: 1 });
    bench.pass(900);
    expect(worker.take("BACK")).to.have.length(0);

    worker.settle(one!);
    bench.pass(999);
    expect(worker.take("BACK")).to.have.length(0);
    bench.pass(1);
    expect(worker.takeOne("BACK").fields["number"]).to.equal(2);
  });

  it("cost as much among many that are held as among few", () => {
    const msOf = (held: number): number => {
      const bench = new CoreBench();
      const sender = bench.cell("sender", { encoding: "M" });
      const worker = bench.cell("worker", { encoding: "M" });
      worker.catch("a", "any", { credit: 65_535, concurrency: 65_535 });
      for (let sent = 0; sent < held; sent += 8000) {
        sender.sendRun(Array.from({ length: 8000 }, () => ({ channel: "a" })));
      }
      const { catch: number, origin } = worker.take("DLVR")[0]!.fields;
      const settle = (rows: number[][]): number => {
        const payload = encodeMessagePack({ catch: number, origin, settled: rows });
        const part = writeFrame("M", "SETL", payload);
        return cpuMs(() => {
          bench.core.receive(worker.connection, [part], bench.nowMs);
          bench.core.takeEffects(bench.nowMs);
        });
      };
      // Every other one is settled, so that what is left is one span each.
      settle(Array.from({ length: held / 2 }, (_, at) => [0, 2 * at + 1, 1, 1]));
      const stale = Array.from({ length: 4000 }, (_, at) => [0, 2 * at + 2, 1, 7]);
      return settle(stale) + settle(stale.map((_, at) => [0, held - 2 * at, 1, 1]));
    };
    msOf(8000);

    // Linear in what is held, this would be eight times as much.
    expect(msOf(64_000)).to.be.lessThan(4 * Math.max(msOf(8000), 100));
  });
});
