import { expect } from "chai";

import type { MulticatchSupply } from "../../cell-sdk/src/core/multicatch-supply.js";
import { data, wish } from "./catching.js";
import { CoreRig, NotedWaiter } from "./core-rig.js";
import { drain, gaps, live, next } from "./moving-rig.js";

describe("cell: moving with streams (§9.6, §8.12)", () => {
  /** A cell that is armed at its old home, and welcome at the new one. */
  function moving(): { rig: CoreRig; supply: MulticatchSupply } {
    const rig = CoreRig.welcome();
    const supply = rig.act((core) => core.multicatch(wish, new NotedWaiter()));
    rig.grant({ topic: "s-old" });
    rig.mark("s-old", 1);
    rig.stream("s-old", 1, { bodies: [1] });
    drain(rig);
    rig.attach(next);
    return { rig, supply };
  }

  function arm(rig: CoreRig, topic = "s-new"): void {
    const { ref, pattern, mode } = rig.last("CTCH", 1).map;
    rig.hear("CGHT", { catch: 1, ref, pattern, mode, topic, next: 100 });
    rig.mark(topic, 100);
  }

  /** The old home says up to which number everything is on its stream. */
  function prove(rig: CoreRig, nextNumber: number): void {
    const { ref, pattern, mode } = rig.last("CTCH", 0).map;
    const grant = { catch: 1, ref, pattern, mode, topic: "s-old", next: nextNumber };
    rig.hear("CGHT", grant, undefined, 0);
  }

  it("reads the old one until it has brought everything, and reports no gap", () => {
    const { rig, supply } = moving();
    arm(rig);
    rig.stream("s-old", 2, { first: 2, bodies: [2] }, 0);
    rig.stream("s-new", 100, { first: 3, bodies: [3, 4] });
    expect(data(supply)).to.deep.equal([1, 2]);
    prove(rig, 4);
    expect(rig.all("GBYE")).to.deep.equal([]);
    rig.stream("s-old", 3, { first: 3, bodies: [3] }, 0);

    expect(data(supply)).to.deep.equal([3, 4]);
    expect(gaps(rig)).to.deep.equal([]);
    expect(rig.all("GBYE", 0)).to.have.length(1);
    expect(rig.last("CTCH", 0).map).to.include({ pattern: "a.*", mode: "multi" });
    rig.stream("s-new", 102, { first: 5, bodies: [5] });
    expect(data(supply)).to.deep.equal([5]);
    expect(rig.all("MISS")).to.deep.equal([]);
  });

  it("asks the old home only when the new one is armed", () => {
    const { rig } = moving();
    rig.said.length = 0;
    const { ref, pattern, mode } = { ref: 1, pattern: "a.*", mode: "multi" };
    rig.hear("CGHT", { catch: 1, ref, pattern, mode, topic: "s-new", next: 100 });
    expect(rig.all("CTCH", 0)).to.deep.equal([]);
    rig.mark("s-new", 100);

    expect(rig.last("CTCH", 0).map).to.include({ pattern: "a.*", mode: "multi" });
  });

  it("repairs holes of the old one to its end", () => {
    const { rig, supply } = moving();
    arm(rig);
    prove(rig, 4);
    for (let n = 0; n < 2; n++) rig.hear("BEAT", { streams: [[1, 3]] }, undefined, 0);
    expect(rig.last("MISS", 0).map).to.deep.equal({ catch: 1, first: 2, count: 2 });
    rig.stream("s-new", 100, { first: 4, bodies: [4] });
    const answer = { catch: 1, first: 2, count: 2, done: true };
    rig.hear("RPAR", answer, { first: 2, bodies: [2, 3] }, 0);

    expect(data(supply)).to.deep.equal([1, 2, 3, 4]);
    expect(gaps(rig)).to.deep.equal([]);
  });

  it("repairs holes of the new one behind that", () => {
    const { rig, supply } = moving();
    arm(rig);
    rig.stream("s-new", 101, { first: 3, bodies: [3] });
    expect(rig.all("MISS", 1)).to.deep.equal([]);
    prove(rig, 2);
    expect(rig.last("MISS", 1).map).to.deep.equal({ catch: 1, first: 100, count: 1 });
    const answer = { catch: 1, first: 100, count: 1, done: true };
    rig.hear("RPAR", answer, { first: 2, bodies: [2] });

    expect(data(supply)).to.deep.equal([1, 2, 3]);
    expect(gaps(rig)).to.deep.equal([]);
  });

  it("reports a gap without a count when the old home dies before", () => {
    const { rig, supply } = moving();
    arm(rig);
    rig.stream("s-new", 100, { first: 3, bodies: [3] });
    rig.act((core) => core.disconnected("disconnected", rig.nowMs, 0));

    expect(gaps(rig)).to.deep.equal([undefined]);
    expect(data(supply)).to.deep.equal([1, 3]);
    rig.stream("s-new", 101, { first: 4, bodies: [4] });
    expect(data(supply)).to.deep.equal([4]);
  });

  it("reports it once, as it is armed, when the old home dies before the new one is armed", () => {
    const { rig, supply } = moving();
    rig.act((core) => core.disconnected("disconnected", rig.nowMs, 0));
    expect(gaps(rig)).to.deep.equal([]);
    arm(rig);
    rig.stream("s-new", 100, { first: 3, bodies: [3] });

    expect(gaps(rig)).to.deep.equal([undefined]);
    expect(data(supply)).to.deep.equal([1, 3]);
  });

  it("reports no gap when the new home dies meanwhile, and a third one takes over", () => {
    const { rig, supply } = moving();
    arm(rig);
    rig.stream("s-new", 100, { first: 2, bodies: [2] });
    const early = rig.last("CTCH", 0).map;
    rig.act((core) => core.disconnected("disconnected", rig.nowMs, 1));
    rig.pass(50);
    // What the old home answers now was asked for another new one.
    rig.hear("CGHT", { ...early, catch: 1, topic: "s-old", next: 2 }, undefined, 0);
    rig.attach({ ...next, id: "7d".repeat(20) });
    expect(rig.all("GBYE")).to.deep.equal([]);
    rig.stream("s-old", 2, { first: 2, bodies: [2, 3] }, 0);
    arm(rig, "s-third");
    rig.stream("s-third", 100, { first: 3, bodies: [3, 4] });
    prove(rig, 4);

    expect(data(supply)).to.deep.equal([1, 2, 3, 4]);
    expect(gaps(rig)).to.deep.equal([]);
  });

  it("does not leave while a stream is not proved", () => {
    const { rig } = moving();
    arm(rig);
    live(rig, 3000);
    expect(rig.all("GBYE")).to.deep.equal([]);
    expect(rig.last("BEAT", 0).map).to.deep.equal({ streams: [[1, 1]] });

    prove(rig, 2);
    expect(rig.all("GBYE", 0)).to.have.length(1);
  });

  it("ends a catch that is released meanwhile at both", () => {
    const { rig, supply } = moving();
    arm(rig);
    rig.act((core) => core.catches.releaseMulticatch(supply));

    expect(
      rig
        .all("DROP")
        .map(({ line }) => line)
        .sort(),
    ).to.deep.equal([0, 1]);
    rig.hear("CGHT", {
      ...{ ref: 1, pattern: "a.*", mode: "multi", catch: 1, topic: "s-old", next: 9 },
    });
    live(rig, 500);
    expect(rig.all("GBYE", 0)).to.have.length(1);
    expect(gaps(rig)).to.deep.equal([]);
  });

  it("reports a gap as ever where the old stream was not armed", () => {
    const rig = CoreRig.welcome();
    rig.act((core) => core.multicatch(wish, new NotedWaiter()));
    rig.grant({ topic: "s-old" });
    rig.mark("s-old", 1);
    rig.stream("s-old", 1, { bodies: [1] });
    rig.lose();
    rig.attach();
    drain(rig);
    rig.attach(next);
    arm(rig);

    expect(gaps(rig)).to.deep.equal([undefined]);
  });

  it("replies to gathers where the catch stands", () => {
    const { rig, supply } = moving();
    const event = supply.take()!;
    rig.act((core) => core.replyToGather(supply, event, { up: true }));
    expect(rig.last("RPLY").line).to.equal(0);
    arm(rig);
    rig.act((core) => core.replyToGather(supply, event, { up: true }));

    expect(rig.last("RPLY").line).to.equal(1);
  });
});
