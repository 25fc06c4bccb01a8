import { expect } from "chai";

import { PairOfLinks } from "./link-pair.js";

describe("link: acks", () => {
  it("lets the ack of a delivery go with what comes back", () => {
    const pair = new PairOfLinks();
    pair.up();
    pair.settle();
    pair.sendWord("a", 1);
    pair.settle();
    expect(pair.links.a.unacked).to.equal(1);

    pair.sendWord("b", 2);
    pair.publish();
    expect(pair.onTheWay).to.deep.equal({ a: 1, b: 0 });
    pair.settle();
    expect(pair.links.a.unacked).to.equal(0);
    expect(pair.links.b.unacked).to.equal(1);
  });

  it("acks a delivery alone when nothing comes back, after 20 ms or 15 more of them", () => {
    const pair = new PairOfLinks();
    pair.up();
    pair.settle();
    pair.sendWord("a", 1);
    pair.settle();
    expect(pair.links.b.deadlineMs).to.equal(20);
    pair.pass(20);
    pair.settle();
    expect(pair.links.a.unacked).to.equal(0);
    expect(pair.links.b.deadlineMs).to.equal(Number.POSITIVE_INFINITY);

    for (let n = 2; n <= 17; n++) {
      expect(pair.links.a.unacked).to.equal(n - 2);
      pair.sendWord("a", n);
      pair.settle();
    }
    expect(pair.links.a.unacked).to.equal(0);
  });

  it("acks at once what its sender waits for, and all before it", () => {
    const pair = new PairOfLinks();
    pair.up();
    pair.settle();
    pair.sendWord("a", 1);
    pair.settle();
    pair.send("a", 2);
    pair.settle();

    expect(pair.ends.a).to.deep.equal([1, 2]);
    expect(pair.links.b.deadlineMs).to.equal(Number.POSITIVE_INFINITY);
  });
});
