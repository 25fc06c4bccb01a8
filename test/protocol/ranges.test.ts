import { expect } from "chai";

import { RangeSet } from "../../protocol/src/ranges.js";
import { cpuMs } from "../support/cpu-ms.js";

describe("a set of ranges", () => {
  it("is what a set of single numbers is, whatever is added and removed in any order", () => {
    const [ranges, numbers] = [new RangeSet(), new Set<number>()];
    const draw = drawing(7);
    for (let step = 0; step < 6000; step++) {
      const first = draw(9000);
      const last = first + (step % 50 === 0 ? draw(900) : draw(3));
      const isAdded = draw(step < 4000 ? 20 : 4) > 0;
      if (isAdded) ranges.add(first, last);
      else ranges.remove(first, last);
      for (let n = first; n <= last; n++) {
        if (isAdded) numbers.add(n);
        else numbers.delete(n);
      }
      if (step % 100 === 0) expectSame(ranges, numbers, draw);
    }
    expectSame(ranges, numbers, draw);
    ranges.dropBelow(5000);
    for (const n of numbers) if (n < 5000) numbers.delete(n);
    expectSame(ranges, numbers, draw);
  });

  it("joins what touches, over the bounds of its blocks", () => {
    const ranges = new RangeSet();
    for (let n = 0; n < 4000; n++) ranges.add(2 * n);
    expect(ranges.rangeCount).to.equal(4000);

    for (let n = 0; n < 4000; n++) ranges.add(2 * n + 1);

    expect(ranges.ranges()).to.deep.equal([[0, 7999]]);
  });

  it("costs as much for each number that is put in low, however many stand above it", () => {
    const msOf = (count: number): number => {
      const ranges = new RangeSet();
      ranges.add(10_000_000, 10_000_000 + 2 * count);
      for (let n = 0; n < count; n++) ranges.remove(10_000_001 + 2 * n);
      return cpuMs(() => {
        for (let n = 0; n < 20_000; n++) ranges.add(2 * n);
      });
    };
    msOf(1000);

    // Linear in what stands above, this would be 64 times as much.
    expect(msOf(640_000)).to.be.lessThan(20 * Math.max(msOf(10_000), 2));
  });
});

function expectSame(ranges: RangeSet, numbers: Set<number>, draw: (below: number) => number): void {
  const expected: [number, number][] = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const latest = expected[expected.length - 1];
    if (latest?.[1] === n - 1) latest[1] = n;
    else expected.push([n, n]);
  }
  expect(ranges.ranges()).to.deep.equal(expected);
  expect(ranges.rangeCount).to.equal(expected.length);
  expect(ranges.size).to.equal(numbers.size);
  expect([ranges.lowest, ranges.highest]).to.deep.equal([expected[0]?.[0], expected.at(-1)?.[1]]);
  expect(ranges.lowestRange).to.deep.equal(expected[0]);
  const [first, last] = [draw(9000), 9000 + draw(900)];
  const inside = expected
    .filter(([low, high]) => high >= first && low <= last)
    .map(([low, high]) => [Math.max(low, first), Math.min(high, last)]);
  expect(ranges.within(first, last)).to.deep.equal(inside);
  expect(ranges.overlaps(first, last)).to.equal(inside.length > 0);
  const some = draw(9000);
  expect(ranges.has(some)).to.equal(numbers.has(some));
  expect(ranges.covers(some, some + 1)).to.equal(numbers.has(some) && numbers.has(some + 1));
  const missing = ranges.missing(some, some + 50).flatMap(([from, to]) => {
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  });
  const absent = Array.from({ length: 51 }, (_, at) => some + at).filter((n) => !numbers.has(n));
  expect(missing).to.deep.equal(absent);
}

/** The same numbers each time, below a bound. */
function drawing(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}
