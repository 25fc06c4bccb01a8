import { expect } from "chai";

import type { BenchCell } from "./bench-cell.js";
import type { Heard } from "./bench-heard.js";
import { CoreBench } from "./core-bench.js";
import { working } from "./core-work.js";
import { cpuMs } from "../support/cpu-ms.js";

describe("transmitter core: affinity", () => {
  it("keeps a key on one cell, one delivery at a time, in order (§10.10)", () => {
    const { bench, sender, worker } = working({ affinity: true, credit: 9 });
    const other = bench.cell("worker");
    other.catch("a", "any", { affinity: true, credit: 9 });
    for (let n = 0; n < 20; n++) sender.send("a", { key: `k${n % 5}` });

    const owners = new Map<unknown, BenchCell>();
    const seen = new Map<unknown, number>();
    for (let round = 0; round < 20; round++) {
      for (const cell of [worker, other]) {
        for (const delivery of cell.take("DLVR")) {
          const { key, seq } = delivery.fields;
          expect(owners.get(key) ?? cell, String(key)).to.equal(cell);
          expect(seq).to.be.greaterThan(seen.get(key) ?? 0);
          owners.set(key, cell);
          seen.set(key, seq as number);
          cell.settle(delivery);
        }
      }
    }

    expect(sender.confirms().filter((it) => it.endsWith("handled"))).to.have.length(20);
    expect(new Set(owners.values()).size).to.equal(2);
  });

  it("lets a key wait while its delivery is out or backs off, and others pass (§10.10)", () => {
    const { bench, sender, worker } = working({ affinity: true, credit: 9 });
    sender.send("a", { key: "k" });
    sender.send("a", { key: "k" });
    sender.send("a", { key: "l" });
    sender.send("a");
    const held = worker.heard;
    const seqs = (): unknown[] =>
      held
        .map(({ fields }) => fields["seq"])
        .filter(Number)
        .sort();
    expect(seqs()).to.deep.equal([1, 3, 4]);

    worker.settle(first(worker, 1), "nack");
    expect(seqs()).to.deep.equal([3, 4]);
    bench.pass(130);
    expect(seqs()).to.deep.equal([1, 3, 4]);
    worker.settle(first(worker, 1));
    expect(seqs()).to.deep.equal([2, 3, 4]);
  });

  it("gives out what has a key, and what has none, in the order of arrival (§10.1)", () => {
    const { sender, worker } = working({ affinity: true, credit: 1 });
    const send = (key?: string): number => sender.send("a", key === undefined ? {} : { key });
    for (const key of ["hot", "hot", "cold", undefined, "hot", undefined]) send(key);

    const seqs: unknown[] = [];
    for (let n = 0; n < 8; n++) {
      const delivery = worker.takeOne("DLVR");
      seqs.push(delivery.fields["seq"]);
      send("hot");
      worker.settle(delivery);
    }

    expect(seqs).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("gives out what comes back before what has not been out, with a key or without one (§10.1)", () => {
    const { bench, sender, worker } = working({ affinity: true, credit: 1 });
    for (const key of ["k", undefined, "l"]) sender.send("a", key === undefined ? {} : { key });
    const seqs: unknown[] = [];
    for (const outcome of ["nack", "nack", "ack", "ack", "ack"]) {
      const delivery = worker.takeOne("DLVR");
      seqs.push(delivery.fields["seq"]);
      if (seqs.length === 3) bench.pass(200);
      worker.settle(delivery, outcome);
    }

    expect(seqs).to.deep.equal([1, 2, 3, 1, 2]);
  });

  it("costs as much with many keys that wait as with few", () => {
    const msOf = (keys: number): number => {
      const { sender, worker } = keysWaiting(keys);
      worker.settle(worker.takeOne("DLVR"));
      return cpuMs(() => {
        for (let n = 0; n < 40; n++) worker.settle(worker.takeOne("DLVR"));
        sender.sendRun(Array.from({ length: 40 }, (_, n) => ({ channel: `b.${n}` })));
      });
    };
    msOf(100);

    expect(msOf(20_000)).to.be.lessThan(10 * Math.max(msOf(100), 50));
  });

  it("lets what waited by key go in line when the last cell that wanted affinity leaves", () => {
    const { bench, sender, worker, number } = working({ affinity: true, credit: 0 });
    const other = bench.cell("worker");
    const { catch: otherNumber } = other.catch("a", "any", { credit: 0 });
    for (let n = 0; n < 6; n++) sender.send("a", { key: `k${n % 2}` });

    worker.say("DROP", { catch: number });
    other.say("CRED", { catch: otherNumber, credit: 9 });

    const seqs = other.take("DLVR").map(({ fields }) => fields["seq"]);
    expect(seqs).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });

  it("gives a released delivery of a key back to its cell after 20 ms, no sooner (§10.4)", () => {
    const { bench, sender, worker } = working({ affinity: true, credit: 9 });
    bench.cell("worker").catch("a", "any", { affinity: true, credit: 0 });
    const keys = ["k", "l", "m", "n", "o"];
    for (const key of keys) sender.send("a", { key });
    const delivery = worker.take("DLVR")[0]!;

    worker.settle(delivery, "release");
    expect(worker.take("DLVR")).to.have.length(0);
    bench.pass(20);

    expect(worker.takeOne("DLVR").fields["seq"]).to.equal(delivery.fields["seq"]);
  });

  it("goes on with a key of which one event cannot be said in JSON (§6.4)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const worker = bench.cell("worker");
    worker.catch("a", "any", { affinity: true, credit: 9 });

    const extras = { key: "k" };
    sender.sendRun([
      { channel: "a", data: Number.NaN, extras },
      { channel: "a", data: 2, extras },
    ]);

    expect(worker.takeOne("DLVR").fields["data"]).to.equal(2);
  });
});

/** A bench with a cell that has room for one delivery, and so many keys that wait for it. */
function keysWaiting(count: number): { readonly sender: BenchCell; readonly worker: BenchCell } {
  const bench = new CoreBench({ backlogEventsMax: 2 * count });
  const worker = bench.cell("worker");
  worker.catch("**", "any", { affinity: true, credit: 1 });
  const sender = bench.cell("sender", { encoding: "M" });
  for (let at = 0; at < count; at += 1000) {
    const length = Math.min(1000, count - at);
    const events = Array.from({ length }, (_, n) => ({
      channel: "a",
      extras: { key: `${at + n}` },
    }));
    sender.sendRun(events);
  }
  return { sender, worker };
}

/** Takes the delivery of this event. */
function first(cell: BenchCell, seq: number): Heard {
  const index = cell.heard.findIndex(({ fields }) => fields["seq"] === seq);
  return cell.heard.splice(index, 1)[0] as Heard;
}
