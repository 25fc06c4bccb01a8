import { expect } from "chai";

import { NotedWaiter } from "./core-rig.js";
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
