import { expect } from "chai";

import { NotedWaiter, type Said } from "./core-rig.js";
import { armed, catching, data, wish } from "./catching.js";

describe("cell: arming a multicatch (§8.4)", () => {
  it("subscribes to the topic and is armed by the mark", () => {
    const { rig, waiter } = catching();
    expect(rig.last("CTCH").map).to.include({ pattern: "a.*", mode: "multi" });
    rig.grant();
    const subscribed = rig.effects.filter(({ kind }) => kind === "subscribe");
    expect(
      subscribed.map((effect) => "subscription" in effect && effect.subscription),
    ).to.deep.equal(["p-1 ", "s-1 "]);
    expect(waiter.state).to.equal("waiting");

    rig.mark("s-1", 4);
    expect(waiter.state).to.equal("resolved");
    expect(rig.statuses.at(-1)).to.include({ kind: "armed", pattern: "a.*", mode: "multi" });
  });

  it("is armed by an event just as well, and counts from there", () => {
    const { rig, supply, waiter } = catching();
    rig.grant();

    rig.stream("s-1", 9, { bodies: ["x"] });

    expect(waiter.state).to.equal("resolved");
    expect(data(supply)).to.deep.equal(["x"]);
    expect(rig.all("MISS")).to.have.length(0);
  });

  it("subscribes again without a mark within 500 ms", () => {
    const { rig } = catching();
    rig.grant();
    rig.effects.length = 0;
    rig.pass(400);
    expect(rig.effects.some(({ kind }) => kind === "unsubscribe")).to.equal(false);

    rig.pass(200);
    const kinds = rig.effects.map(({ kind }) => kind).filter((kind) => kind.includes("subscribe"));
    expect(kinds).to.deep.equal(["unsubscribe", "subscribe"]);
  });

  it("rejects what the transmitter refuses, and leaves nothing behind", () => {
    const { rig, waiter } = catching();
    const { ref } = rig.last("CTCH").map;

    rig.hear("ERRO", { code: "TOO_MANY_CATCHES", message: "at most", command: "CTCH", ref });

    expect(waiter.state).to.equal("TOO_MANY_CATCHES");
    expect(rig.core.catches.all()).to.deep.equal([]);
  });

  it("forgets of a catch that stood only who waits, when it is refused anew, and asks again", () => {
    const { rig, supply } = armed();
    rig.lose();
    const waiter = new NotedWaiter();
    rig.act((core) => core.multicatch(wish, waiter));
    rig.attach();
    const asks = (): number => rig.all("CTCH").length;
    const before = asks();
    const { ref } = rig.last("CTCH").map;
    rig.hear("ERRO", { code: "BUSY", message: "full", command: "CTCH", ref });
    expect(waiter.state).to.equal("BUSY");
    rig.pass(900);
    expect(asks()).to.equal(before);

    rig.pass(100);
    expect(asks()).to.equal(before + 1);
    rig.grant();
    rig.mark("s-1", 1);
    rig.stream("s-1", 1, { bodies: [1] });
    expect(data(supply)).to.deep.equal([1]);
  });

  it("asks again for one refused catch a second, of those that still stand (§15)", () => {
    const { rig } = armed();
    const second = rig.act((core) => core.multicatch({ ...wish, pattern: "b" }, new NotedWaiter()));
    rig.grant({ topic: "s-2" });
    rig.act((core) => core.multicatch({ ...wish, pattern: "c" }, new NotedWaiter()));
    rig.grant({ topic: "s-3" });
    for (const topic of ["s-2", "s-3"]) rig.mark(topic, 1);
    rig.lose();
    rig.attach();
    const refuse = ({ map }: Said): void =>
      rig.hear("ERRO", { code: "BUSY", message: "full", command: "CTCH", ref: map["ref"] });
    rig.all("CTCH").slice(-3).forEach(refuse);
    rig.act((core) => core.catches.releaseMulticatch(second));
    rig.said.length = 0;

    const patterns = (): unknown[] => rig.all("CTCH").map(({ map }) => map["pattern"]);
    rig.pass(1000);
    expect(patterns()).to.deep.equal(["a.*"]);
    rig.hear("BEAT", {});
    rig.pass(1000);
    expect(patterns()).to.deep.equal(["a.*", "c"]);
    rig.hear("BEAT", {});
    rig.pass(1500);
    expect(patterns()).to.have.length(2);
  });

  it("shares one catch on the wire among handlers of one pattern, until the last has left", () => {
    const { rig, supply } = armed();
    const waiter = new NotedWaiter();
    const second = rig.act((core) => core.multicatch(wish, waiter));
    expect(waiter.state).to.equal("resolved");
    expect(rig.all("CTCH")).to.have.length(1);

    rig.stream("s-1", 1, { bodies: [1] });
    expect([data(supply), data(second)]).to.deep.equal([[1], [1]]);

    rig.act((core) => core.catches.releaseMulticatch(supply));
    expect(rig.all("DROP")).to.have.length(0);
    rig.act((core) => core.catches.releaseMulticatch(second));
    expect(rig.last("DROP").map).to.deep.equal({ catch: 1 });
  });
});
