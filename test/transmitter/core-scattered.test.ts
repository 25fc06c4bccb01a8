import { encodeMessagePack, RangeSet, senderRangesMax } from "@thynapse/protocol";
import { expect } from "chai";

import { keptBytes } from "../support/kept-bytes.js";
import { type BenchCell, CoreBench } from "./core-bench.js";
import { cpuMs } from "../support/cpu-ms.js";

describe("transmitter core: numbers with holes", () => {
  it("are confirmed in several commands that their cell can read (§5.5)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });

    sender.sayPart(scattered(sender, { first: 1, count: 30_000 }));

    const confirms = sender.take("CNFM").map(({ fields }) => fields as Record<string, unknown[]>);
    expect(confirms.length).to.be.greaterThan(1);
    const told = (kind: string): unknown[] => confirms.flatMap((fields) => fields[kind] ?? []);
    expect(told("accepted")).to.have.length(30_000);
    expect(told("handled")).to.have.length(30_000);
    const kinds = confirms.map((fields) => Object.keys(fields)[0]);
    expect(kinds.lastIndexOf("accepted")).to.be.at.most(kinds.indexOf("handled"));
  });

  it("cost as much among many as among few", () => {
    const msOf = (runs: number): number => {
      const bench = new CoreBench();
      const sender = bench.cell("sender", { encoding: "M" });
      const give = (first: number, count: number): void => {
        bench.core.receive(sender.connection, [scattered(sender, { first, count })], bench.nowMs);
        bench.core.takeEffects(bench.nowMs);
      };
      for (let k = 0; k < runs; k++) give(10_000_000 + k * 100_000, 50_000);
      return cpuMs(() => {
        for (let k = 0; k < 10; k++) give(1 + k * 10_000, 2000);
      });
    };
    msOf(0);

    expect(msOf(10)).to.be.lessThan(10 * Math.max(msOf(0), 10));
  });

  it("are refused where they are more than is remembered, until the floor rises (§7.4)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const give = (first: number, count: number, floor = 1): string[] => {
      sender.sayPart(scattered(sender, { first, count, floor }));
      const kinds = sender.take("CNFM").flatMap(({ fields }) => Object.keys(fields));
      return [...new Set(kinds)];
    };
    for (let k = 0; k < 8; k++) give(1 + 200_000 * k, senderRangesMax / 8);

    expect(give(10_000_000, 2)).to.deep.equal(["refused"]);
    expect(bench.core.counters.values.eventsRefused).to.equal(2);
    expect(give(10_000_000, 2, 5)).to.deep.equal(["accepted", "handled"]);
  });
});

describe("transmitter core: numbers that were refused", () => {
  it("are remembered as ranges, and told again to whoever repeats them (§11.3)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const denied = Array.from({ length: 20_000 }, () => ({ channel: "$x" }));
    const before = keptBytes();

    for (let n = 0; n < 3; n++) sender.sendRun(denied);

    sender.take();
    expect(keptBytes() - before).to.be.lessThan(2_000_000);
    sender.sendRun(denied, { first: 20_001 });
    expect(sender.takeOne("CNFM").fields).to.deep.equal({
      refused: [[20_001, 40_000, "DENIED", "channels starting with $ are reserved"]],
    });
  });

  it("name the group that was full when they are told again, while those are few (§11.3)", () => {
    const bench = new CoreBench({ backlogEventsMax: 1 });
    const worker = bench.cell("worker");
    const sender = bench.cell("sender", { encoding: "M" });
    const refused = (first: number, channel: string): unknown => {
      sender.take();
      sender.sendRun([{ channel }], { first });
      return (sender.takeOne("CNFM").fields["refused"] as unknown[][])[0]?.[3];
    };
    for (let n = 1; n <= 100; n++) {
      worker.catch(`a.${n}`, "any", { credit: 0 });
      sender.sendRun([{ channel: `a.${n}` }], { first: 2 * n });
      expect(refused(2 * n + 1, `a.${n}`)).to.equal(`the backlog of worker a.${n} is full`);
    }

    expect(refused(3, "a.1")).to.equal("the backlog of worker a.1 is full");
    expect(refused(201, "a.100")).to.match(/^the backlog of a group is full/);
  });

  it("count among those that are remembered, until the floor rises (§7.4)", () => {
    const bench = new CoreBench({ backlogEventsMax: 1 });
    bench.cell("worker").catch("a", "any", { credit: 0 });
    const sender = bench.cell("sender", { encoding: "M" });
    const give = (first: number, count: number, floor = 1): unknown[] => {
      sender.sayPart(scattered(sender, { first, count, floor }));
      const rows = sender.take("CNFM").flatMap(({ fields }) => fields["refused"] ?? []);
      return [...new Set((rows as unknown[][]).map(([, , code]) => code))];
    };
    // Each is one range of what is known, one of what was refused, and one of what its group lacks.
    const count = Math.floor(senderRangesMax / 12);
    for (let k = 0; k < 4; k++) expect(give(1 + 200_000 * k, count)).to.deep.equal(["GROUP_FULL"]);

    expect(give(10_000_000, 11)).to.deep.equal(["BUSY"]);
    expect(give(10_000_000, 11, 100)).to.deep.equal(["GROUP_FULL"]);
  });
});

describe("transmitter core: what is named as handled", () => {
  it("is not said again with each delivery of what is not (§7.10)", () => {
    const bench = new CoreBench();
    const worker = bench.cell("worker", { encoding: "M" });
    worker.catch("a", "any", { credit: 1 });
    const sender = bench.cell("sender", { encoding: "M" });
    const handled = new RangeSet();
    for (let n = 0; n < 1000; n++) handled.add(5000 + 2 * n);

    sender.sendRun(
      Array.from({ length: 1000 }, () => ({ channel: "a" })),
      { handled },
    );

    const { run } = worker.takeOne("DLVR");
    expect(run?.header.handled).to.equal(undefined);
  });
});

/** A run of every other number, of events without a body. */
function scattered(
  { id, service }: BenchCell,
  { first, count, floor = 1 }: { first: number; count: number; floor?: number },
): Buffer {
  const sender = Buffer.from(id, "hex");
  const header = { sender, service, session: 1, floor, time: 5, first, count, channels: ["a"] };
  const events = Buffer.alloc(6 * count, Buffer.from([0x94, 2, 0, 0, 0xc4, 0]));
  return Buffer.concat([Buffer.from("M EVNT "), encodeMessagePack(header), events]);
}
