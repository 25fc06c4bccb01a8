import { expect } from "chai";

import { PairOfLinks } from "./link-pair.js";

const byNumber = (one: number, other: number): number => one - other;

/** Numbers `first … last`. */
function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

describe("link", () => {
  it("carries parts both ways, in order, once", () => {
    const pair = new PairOfLinks();
    pair.up();
    for (const n of numbers(1, 1000)) pair.send(n % 2 === 0 ? "a" : "b", n);
    pair.settle();

    expect(pair.taken.b).to.deep.equal(numbers(1, 1000).filter((n) => n % 2 === 0));
    expect(pair.taken.a).to.deep.equal(numbers(1, 1000).filter((n) => n % 2 === 1));
    expect(pair.links.a.counts).to.include({ resent: 0, repeated: 0, holes: 0 });
    expect(pair.links.a.unacked + pair.links.b.unacked).to.equal(0);
  });

  it("sends what was given before it was up, and while it was cut", () => {
    const pair = new PairOfLinks();
    pair.send("a", 1);
    pair.up();
    pair.settle();
    pair.cut();
    pair.send("a", 2);
    pair.settle();
    expect(pair.taken.b).to.deep.equal([1]);

    pair.up();
    pair.settle();
    expect(pair.taken.b).to.deep.equal([1, 2]);
    expect(pair.anew.b).to.equal(0);
  });

  it("sends only what was lost in a cut again", () => {
    const pair = new PairOfLinks();
    pair.up();
    for (const n of numbers(1, 100)) pair.send("a", n);
    pair.settle();
    for (const n of numbers(101, 110)) pair.send("a", n);
    pair.publish();
    pair.cut();
    pair.up();
    pair.settle();

    expect(pair.taken.b).to.deep.equal(numbers(1, 110));
    expect(pair.links.a.counts.resent).to.equal(10);
  });

  it("has no more frames on the way than its window", () => {
    const pair = new PairOfLinks({ linkWindow: 8 });
    pair.up();
    pair.settle();
    for (const n of numbers(1, 50)) pair.send("a", n);
    pair.publish();
    expect(pair.onTheWay.b).to.equal(8);

    pair.settle();
    expect(pair.taken.b).to.deep.equal(numbers(1, 50));
  });

  it("asks when the last frame was lost, and when the answer was", () => {
    const pair = new PairOfLinks();
    pair.up();
    pair.settle();
    pair.send("a", 1);
    pair.publish();
    pair.lose();
    pair.settle();
    expect(pair.taken.b).to.deep.equal([]);

    pair.pass(200);
    pair.publish();
    pair.lose();
    pair.settle();
    pair.pass(400);
    pair.settle();
    expect(pair.taken.b).to.deep.equal([1]);
    expect(pair.links.a.deadlineMs).to.equal(Number.POSITIVE_INFINITY);
  });

  it("begins anew when more waits than it may keep, and tells both sides", () => {
    const pair = new PairOfLinks({ linkBytesMax: 400 });
    pair.up();
    for (const n of numbers(1, 10)) pair.send("a", n);
    pair.settle();
    pair.cut();
    for (const n of numbers(11, 130)) pair.send("a", n);
    expect(pair.overruns.a).to.deep.equal([100]);

    pair.up();
    pair.settle();
    expect(pair.taken.b).to.deep.equal([...numbers(1, 10), ...numbers(111, 130)]);
    expect(pair.anew.b).to.equal(1);
    expect(pair.anew.a).to.equal(0);
  });

  it("tells the sender of each part when it is taken, and not before", () => {
    const pair = new PairOfLinks();
    pair.up();
    for (const n of numbers(1, 3)) pair.send("a", n);
    pair.publish();
    pair.lose();
    expect(pair.ends.a).to.deep.equal([]);

    pair.pass(200);
    pair.settle();
    expect(pair.ends.a).to.deep.equal([1, 2, 3]);
  });

  it("tells the sender of what is dropped by an overrun, or with the link, that it never will be", () => {
    const pair = new PairOfLinks({ linkBytesMax: 12 });
    for (const n of numbers(1, 4)) pair.send("a", n);
    expect(pair.ends.a).to.deep.equal([-1, -2, -3]);

    pair.links.a.drop();
    expect(pair.ends.a).to.deep.equal([-1, -2, -3, -4]);
    expect(pair.links.a.unackedBytes).to.equal(0);
  });

  it("takes what is sent while it tells what became of parts", () => {
    const pair = new PairOfLinks({ linkBytesMax: 400 });
    const again: number[] = [];
    const part = (value: number): Buffer => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    };
    const { a } = pair.links;
    for (const n of numbers(1, 101)) {
      a.send(part(n), 0, (isTaken) => {
        again.push(isTaken ? n : -n);
        if (n <= 3) a.send(part(1000 + n), 0);
      });
    }
    expect(again).to.deep.equal(numbers(1, 100).map((n) => -n));
    pair.up();
    pair.settle();
    expect(pair.taken.b).to.deep.equal([101, 1001, 1002, 1003]);
    expect(again.at(-1)).to.equal(101);
  });

  for (const [what, isCut] of [
    ["at once", false],
    ["over a cut", true],
  ] as const) {
    it(`begins anew on both sides when one side has made it anew, ${what}`, () => {
      const pair = new PairOfLinks();
      pair.up();
      for (const n of numbers(1, 20)) pair.send(n % 2 === 0 ? "a" : "b", n);
      pair.settle();
      pair.send("b", 21);
      if (isCut) pair.cut();
      pair.send("a", 22);
      pair.renew("a");
      if (isCut) pair.up();
      pair.settle();
      expect(pair.ends.a.at(-1)).to.equal(-22);
      expect(pair.anew.b).to.equal(1);

      for (const n of numbers(31, 40)) pair.send(n % 2 === 0 ? "a" : "b", n);
      pair.settle();
      expect(pair.taken.b.filter((n) => n > 30)).to.deep.equal([32, 34, 36, 38, 40]);
      expect(pair.taken.a.filter((n) => n > 30)).to.deep.equal([31, 33, 35, 37, 39]);
      expect(pair.taken.a).not.to.include(21);
      expect(pair.ends.b).to.include(-21);
    });
  }

  for (const seed of numbers(1, 100)) {
    it(`goes on after it was made anew in a storm, and every part has one end, seed ${seed}`, () => {
      const pair = new PairOfLinks({ linkWindow: 16 }, seed);
      const sent = { a: [] as number[], b: [] as number[] };
      for (const round of numbers(1, 5)) {
        const { a, b } = pair.storm(100, 1000 * round);
        sent.a.push(...a);
        sent.b.push(...b);
        pair.renew(round % 2 === 0 ? "a" : "b");
      }
      const last = pair.storm(100, 9000);
      pair.calm();
      pair.send("a", 1);
      pair.send("b", 2);
      pair.calm();

      expect([pair.taken.b.at(-1), pair.taken.a.at(-1)]).to.deep.equal([1, 2]);
      for (const [side, other] of [
        ["a", "b"],
        ["b", "a"],
      ] as const) {
        const all = [...sent[side], ...last[side], side === "a" ? 1 : 2].filter(
          (n) => !pair.patient.has(n),
        );
        expect(pair.ends[side].map(Math.abs).toSorted(byNumber)).to.deep.equal(
          all.toSorted(byNumber),
        );
        const taken = new Set(pair.taken[other]);
        expect(taken.size, "nothing twice").to.equal(pair.taken[other].length);
        for (const end of pair.ends[side]) if (end > 0) expect(taken.has(end)).to.equal(true);
      }
      expect(pair.links.a.unacked + pair.links.b.unacked).to.equal(0);
    });
  }

  it("takes one part however large it is", () => {
    const pair = new PairOfLinks({ linkBytesMax: 1 });
    pair.up();
    pair.send("a", 1);
    pair.settle();
    pair.send("a", 2);
    pair.settle();
    expect(pair.taken.b).to.deep.equal([1, 2]);
    expect(pair.overruns.a).to.deep.equal([]);
  });

  it("refuses an ack of what was never sent, and is none the worse for it", () => {
    const pair = new PairOfLinks();
    pair.up();
    pair.send("a", 1);
    pair.settle();
    const { a } = pair.links;
    const nothing = Buffer.alloc(0);
    const absurd = { kind: "ack", epoch: 1, number: 0 } as const;

    expect(() => a.receive({ ...absurd, ackEpoch: 1, ack: 2 }, nothing, 0)).to.throw("never sent");
    expect(() => a.receive({ ...absurd, ackEpoch: 2, ack: 1 }, nothing, 0)).to.throw("never sent");
    expect(() => a.receive({ ...absurd, ackEpoch: 3, ack: 0 }, nothing, 0)).to.throw("never sent");
    pair.send("a", 2);
    pair.settle();
    expect(pair.taken.b).to.deep.equal([1, 2]);
  });

  it("measures how long a part takes there and its ack back, but not over a cut", () => {
    const pair = new PairOfLinks();
    const { roundTrip } = pair.links.a;
    pair.up();
    pair.settle();
    expect(roundTrip.lastMs).to.equal(undefined);

    pair.send("a", 1);
    pair.publish();
    pair.send("a", 2);
    pair.pass(7);
    pair.settle();
    expect(roundTrip.lastMs).to.equal(7);

    pair.send("a", 3);
    pair.publish();
    pair.cut();
    pair.pass(100);
    pair.up();
    pair.settle();
    expect(pair.taken.b).to.deep.equal([1, 2, 3]);
    expect(roundTrip.lastMs).to.equal(7);
  });

  for (const seed of numbers(1, 200)) {
    it(`loses and repeats nothing under faults, seed ${seed}`, () => {
      const pair = new PairOfLinks({ linkWindow: 16 }, seed);
      const sent = pair.storm(600);
      pair.calm();

      expect(pair.taken.b).to.deep.equal(sent.a);
      expect(pair.taken.a).to.deep.equal(sent.b);
      expect(pair.links.a.unacked + pair.links.b.unacked).to.equal(0);
    });
  }

  it("meets every fault in those storms", () => {
    const sums = { lost: 0, doubled: 0, swapped: 0, cuts: 0, resent: 0, repeated: 0, holes: 0 };
    for (const seed of numbers(1, 50)) {
      const pair = new PairOfLinks({ linkWindow: 16 }, seed);
      pair.storm(600);
      for (const key of ["lost", "doubled", "swapped", "cuts"] as const)
        sums[key] += pair.faults[key];
      for (const key of ["resent", "repeated", "holes"] as const) {
        sums[key] += pair.links.a.counts[key];
      }
    }
    for (const [name, sum] of Object.entries(sums)) expect(sum, name).to.be.greaterThan(100);
  });
});
