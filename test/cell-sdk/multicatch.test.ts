import { setImmediate } from "node:timers/promises";
import { expect } from "chai";

import { cellId, NotedWaiter, senderId } from "./core-rig.js";
import { gaps } from "./moving-rig.js";
import { armed, data, takeAll, wish } from "./catching.js";
import { wishOfMulticatch } from "../../cell-sdk/src/wishes.js";

const cause = new Error("of the application");
const failures: readonly [what: string, onGap: () => unknown][] = [
  [
    "throws",
    () => {
      throw cause;
    },
  ],
  ["returns a promise that rejects", async () => Promise.reject(cause)],
];

describe("cell: reading a stream (§8.5)", () => {
  it("hands events out in order, one at a time unless more may run", () => {
    const { rig, supply } = armed();
    rig.stream("s-1", 1, { bodies: [1, 2, 3] });

    expect(supply.take()?.data).to.equal(1);
    expect(supply.take()).to.equal(undefined);
    supply.finished();
    expect(data(supply)).to.deep.equal([2, 3]);
  });

  it("says ready once until it has given nothing", () => {
    const { rig, supply } = armed();
    rig.effects.length = 0;
    const ready = (): number => rig.effects.filter(({ kind }) => kind === "ready").length;

    rig.stream("s-1", 1, { bodies: [1] });
    rig.stream("s-1", 2, { first: 2, bodies: [2] });
    expect(ready()).to.equal(1);
    takeAll(supply);
    rig.stream("s-1", 3, { first: 3, bodies: [3] });
    expect(ready()).to.equal(2);
  });

  it("asks for a hole of known size, and keeps what comes behind it until it is closed", () => {
    const { rig, supply } = armed();
    rig.stream("s-1", 4, { first: 4, bodies: [4, 5] });
    rig.stream("s-1", 6, { first: 6, bodies: [6] });

    expect(rig.all("MISS").map(({ map }) => map)).to.deep.equal([{ catch: 1, first: 1, count: 3 }]);
    expect(data(supply)).to.deep.equal([]);
    rig.hear("RPAR", { catch: 1, first: 1, count: 2, done: false }, { bodies: [1, 2] });
    expect(data(supply)).to.deep.equal([1, 2]);
    rig.hear("RPAR", { catch: 1, first: 3, count: 1, done: true }, { first: 3, bodies: [3] });
    expect(data(supply)).to.deep.equal([3, 4, 5, 6]);
    expect(rig.all("MISS")).to.have.length(1);
  });

  it("asks again for the rest when an answer is done, and for all of it when none comes", () => {
    const { rig } = armed();
    rig.stream("s-1", 4, { first: 4, bodies: [4] });
    rig.hear("RPAR", { catch: 1, first: 1, count: 1, done: true }, { bodies: [1] });
    expect(rig.last("MISS").map).to.include({ first: 2, count: 2 });

    rig.hear("BEAT", {});
    rig.pass(600);
    expect(rig.all("MISS")).to.have.length(3);
  });

  it("reports what is gone as a gap with its count, and goes on behind it", () => {
    const gaps: unknown[] = [];
    const { rig, supply } = armed({ onGap: (count) => gaps.push(count) });
    rig.stream("s-1", 8, { first: 8, bodies: [8] });

    rig.hear("RPAR", { catch: 1, first: 1, count: 7, gone: true, done: true });

    expect(gaps).to.deep.equal([7]);
    expect(rig.statuses.at(-1)).to.deep.equal({ kind: "gap", pattern: "a.*", count: 7 });
    expect(data(supply)).to.deep.equal([8]);
  });

  it("reports a gap without a count where nobody knows it (§18.12)", () => {
    const gaps: unknown[] = [];
    const { rig, supply } = armed({ onGap: (count) => gaps.push(count) });
    rig.stream("s-1", 3, { first: 3, bodies: [3] });

    const gone = { catch: 1, count: 1, gone: true };
    rig.hear("RPAR", { ...gone, first: 1, uncounted: true, done: false });
    rig.hear("RPAR", { ...gone, first: 2, done: true });

    expect(gaps).to.deep.equal([undefined, 1]);
    expect(data(supply)).to.deep.equal([3]);
  });

  for (const [what, fail] of failures) {
    it(`goes on behind a gap whose onGap ${what}, says so, and tells the other handlers`, async () => {
      const [told, failed]: unknown[][] = [[], []];
      const note = (thrown: unknown): unknown => failed!.push(thrown);
      const { onGap: failing } = wishOfMulticatch("a.*", { onGap: fail }, true, note);
      const { rig, supply } = armed({ onGap: failing! });
      const onGap = (count: number | undefined): unknown => told!.push(count);
      const other = rig.act((core) => core.multicatch({ ...wish, onGap }, new NotedWaiter()));
      rig.stream("s-1", 3, { first: 3, bodies: [3] });

      rig.hear("RPAR", { catch: 1, first: 1, count: 2, gone: true, done: true });

      expect(told).to.deep.equal([2]);
      expect([data(supply), data(other)]).to.deep.equal([[3], [3]]);
      await setImmediate();
      expect(failed).to.deep.equal([cause]);
    });
  }

  it("skips numbers that it has seen, in whole messages and in parts", () => {
    const { rig, supply } = armed();
    rig.stream("s-1", 1, { bodies: [1, 2] });
    rig.stream("s-1", 1, { bodies: [1, 2] });
    rig.stream("s-1", 2, { first: 2, bodies: [2, 3] });

    expect(data(supply)).to.deep.equal([1, 2, 3]);
  });

  it("finds the lost end of a quiet stream by the beat, not while messages still come", () => {
    const { rig } = armed();
    rig.hear("BEAT", { streams: [[1, 2]] });
    rig.stream("s-1", 1, { bodies: [1] });
    rig.hear("BEAT", { streams: [[1, 2]] });
    expect(rig.all("MISS")).to.have.length(0);

    rig.hear("BEAT", { streams: [[1, 2]] });
    expect(rig.last("MISS").map).to.deep.equal({ catch: 1, first: 2, count: 1 });
  });

  it("tells in its own beat how far it is, and after 64 messages (§8.10)", () => {
    const { rig } = armed();
    rig.stream("s-1", 1, { bodies: [1, 2] });
    rig.pass(200);
    rig.hear("BEAT", {});
    expect(rig.last("BEAT").map).to.deep.equal({ streams: [[1, 2]] });

    rig.said.length = 0;
    for (let n = 3; n < 70; n++) rig.stream("s-1", n, { first: n, bodies: [n] });
    expect(rig.all("BEAT").map(({ map }) => map)).to.deep.equal([{ streams: [[1, 65]] }]);
  });

  it("drops what it has had before, by sender and number, whatever the stream says", () => {
    const { rig, supply } = armed();
    rig.stream("s-1", 1, { bodies: [1, 2] });
    rig.stream("s-1", 3, { first: 1, bodies: [1, 2, 3] });

    expect(data(supply)).to.deep.equal([1, 2, 3]);
  });

  it("reports a gap where it cannot know any more whether it has had an event (§8.11)", () => {
    const { rig, supply } = armed({ bufferBytesMax: 16 * 1024 * 1024 });
    const count = 50_000;
    const bodies = Array.from({ length: count }, () => 0);
    const steps = Array.from({ length: count }, () => 2);
    for (let n = 0; n < 4; n++) {
      rig.stream("s-1", 1 + n * count, { first: 1 + 2 * n * count, bodies, steps });
    }
    takeAll(supply);
    expect(gaps(rig)).to.deep.equal([]);

    rig.stream("s-1", 1 + 4 * count, { first: 10, bodies: ["late"] });

    expect(gaps(rig)).to.deep.equal([undefined]);
    expect(data(supply)).to.deep.equal([]);
  });

  it("leaves out the cell's own events if it says so, outputs of its handlers too", () => {
    const { rig, supply } = armed({ echo: false });
    rig.stream("s-1", 1, { sender: cellId, bodies: [1] });
    rig.stream("s-1", 2, { sender: senderId, bodies: [2] });

    expect(data(supply)).to.deep.equal([2]);
  });

  it("skips a body that cannot be decoded, counts it, and says so (§6.5)", () => {
    const { rig, supply } = armed();
    rig.stream("s-1", 1, { bodies: [Buffer.from([0x92, 1])], tag: 2 });
    rig.stream("s-1", 2, { first: 2, bodies: [2] });

    expect(data(supply)).to.deep.equal([2]);
    expect(supply.badEvents).to.equal(1);
    rig.act(() => undefined);
    expect(rig.statuses.at(-1)).to.include({ kind: "warning", pattern: "a.*" });
  });

  it("survives a message that cannot be read", () => {
    const { rig, supply } = armed();
    rig.core.events(Buffer.from("s-1 1"), Buffer.from("M EVNT x"), rig.nowMs);
    rig.core.events(Buffer.from("s-1 1 1"), Buffer.from("M EVNT x"), rig.nowMs);
    rig.core.command(Buffer.from("junk"), rig.nowMs);
    rig.stream("s-1", 1, { bodies: [1] });

    expect(rig.core.badInputs).to.equal(3);
    expect(data(supply)).to.deep.equal([1]);
  });
});

describe("cell: a slow multicatch", () => {
  const large = Buffer.alloc(40_000);

  it("lets go of what its buffer has no room for, and repairs it when there is room", () => {
    const { rig, supply } = armed({ bufferBytesMax: 100_000 });
    for (let n = 1; n <= 6; n++) rig.stream("s-1", n, { first: n, bodies: [large] });
    expect(rig.kinds().filter((kind) => kind === "slow")).to.have.length(1);
    expect(rig.all("MISS")).to.have.length(0);

    takeAll(supply);
    rig.act(() => undefined);
    expect(rig.last("MISS").map).to.deep.equal({ catch: 1, first: 4, count: 3 });
  });

  it("drops the oldest if it was asked to, and reports them", () => {
    const gaps: unknown[] = [];
    const { rig, supply } = armed({
      bufferBytesMax: 100_000,
      dropOldest: true,
      onGap: (count) => gaps.push(count),
    });
    for (let n = 1; n <= 4; n++) rig.stream("s-1", n, { first: n, bodies: [large] });

    expect(gaps).to.deep.equal([1, 1]);
    expect(takeAll(supply).map(({ seq }) => seq)).to.deep.equal([3, 4]);
    expect(rig.all("MISS")).to.have.length(0);
  });

  it("keeps the newest run, however large, where it drops the oldest", () => {
    const { rig, supply } = armed({ bufferBytesMax: 65_536, dropOldest: true });
    const run = { bodies: [large, large] };
    rig.stream("s-1", 1, run);
    rig.stream("s-1", 3, { ...run, first: 3 });

    expect(gaps(rig)).to.deep.equal([2]);
    expect(takeAll(supply).map(({ seq }) => seq)).to.deep.equal([3, 4]);
  });
});

describe("cell: a multicatch after the loss of the connection", () => {
  it("goes on counting on the same stream, so that what it missed is a hole (§8.4)", () => {
    const { rig, supply } = armed();
    rig.stream("s-1", 1, { bodies: [1] });
    takeAll(supply);
    rig.lose();
    rig.attach();
    rig.grant();

    rig.mark("s-1", 5);

    expect(rig.last("MISS").map).to.include({ first: 2, count: 3 });
    expect(rig.kinds()).to.not.include("gap");
  });

  it("reports a gap without a count on another stream: nobody can prove that there is none", () => {
    const { rig, supply } = armed();
    rig.stream("s-1", 1, { bodies: [1] });
    rig.stream("s-1", 3, { first: 3, bodies: [3] });
    rig.lose();
    rig.attach({ incarnation: 2 });
    rig.grant({ topic: "s-2" });

    // What is sent until the new stream is heard may be lost, too: the gap reaches up to there.
    expect(gaps(rig)).to.deep.equal([1]);
    rig.mark("s-2", 50);
    expect(gaps(rig)).to.deep.equal([1, undefined]);
    rig.stream("s-2", 50, { first: 4, bodies: [4] });
    expect(data(supply)).to.deep.equal([1, 3, 4]);
    expect(rig.statuses.filter(({ kind }) => kind === "armed")).to.have.length(2);
  });
});
