import { expect } from "chai";

import { PairOfLinks } from "./link-pair.js";

describe("link: acks", () => {
  it("lets an ack that nobody waits for go with what comes back", () => {
    const pair = new PairOfLinks();
    pair.up();
    pair.settle();
    pair.sendPatient("a", 1);
    pair.settle();
    expect(pair.links.a.unacked).to.equal(1);

    pair.sendPatient("b", 2);
    pair.publish();
    expect(pair.onTheWay).to.deep.equal({ a: 1, b: 0 });
    pair.settle();
    expect(pair.links.a.unacked).to.equal(0);
    expect(pair.links.b.unacked).to.equal(1);
  });

  it("sends such an ack alone when nothing comes back, after 100 ms or 15 more parts", () => {
    const pair = new PairOfLinks();
    pair.up();
    pair.settle();
    pair.sendPatient("a", 1);
    pair.settle();
    expect(pair.links.b.deadlineMs).to.equal(100);
    pair.pass(100);
    pair.settle();
    expect(pair.links.a.unacked).to.equal(0);
    expect(pair.links.b.deadlineMs).to.equal(Number.POSITIVE_INFINITY);

    for (let n = 2; n <= 17; n++) {
      expect(pair.links.a.unacked).to.equal(n - 2);
      pair.sendPatient("a", n);
      pair.settle();
    }
    expect(pair.links.a.unacked).to.equal(0);
  });

  it("acks at once what its sender waits for, and all before it", () => {
    const pair = new PairOfLinks();
    pair.up();
    pair.settle();
    pair.sendPatient("a", 1);
    pair.settle();
    pair.send("a", 2);
    pair.settle();

    expect(pair.ends.a).to.deep.equal([2]);
    expect(pair.links.a.unacked).to.equal(0);
    expect(pair.links.b.deadlineMs).to.equal(Number.POSITIVE_INFINITY);
  });

  it("waits no longer with an ack than its sender does before it asks", () => {
    const pair = new PairOfLinks();
    pair.up();
    pair.settle();
    for (let n = 1; n <= 20; n++) {
      pair.sendPatient("a", n);
      pair.settle();
      for (let ms = 0; ms < 300; ms += 10) {
        pair.pass(10);
        expect(pair.links.a.isQuiet, "asks for nothing").to.equal(true);
        pair.settle();
      }
    }
    expect(pair.links.a.unacked).to.equal(0);
  });
});
