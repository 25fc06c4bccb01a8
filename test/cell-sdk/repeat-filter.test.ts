import { expect } from "chai";

import { RepeatFilter } from "../../cell-sdk/src/core/repeat-filter.js";
import {
  senderKeepMs,
  SenderRanges,
  senderRangesMax,
  sendersMax,
} from "../../cell-sdk/src/core/sender-ranges.js";
import { SeededRandom } from "../simulation/random.js";
import { madeRun } from "./core-rig.js";

/** Runs with these numbers, ascending, as one sender would send them. */
function runOf(seqs: readonly number[], floor: number) {
  const steps = seqs.map((seq, at) => (at === 0 ? 1 : seq - seqs[at - 1]!));
  return madeRun({ first: seqs[0]!, floor, steps, bodies: seqs.map(() => 0) });
}

/** For what must be told by nobody. */
function noGap(): never {
  return expect.fail("a gap was told");
}

/** Has the filter take every second number of a sender whose floor stands, from 1 on. */
function takeOdd(filter: RepeatFilter, count: number): void {
  const odd = Array.from({ length: count }, (_, at) => 2 * at + 1);
  for (let at = 0; at < count; at += 50_000) freshOf(filter, odd.slice(at, at + 50_000));
}

function freshOf(filter: RepeatFilter, seqs: readonly number[], floor = 1): number[] {
  const run = runOf(seqs, floor);
  const fresh = filter.fresh(run, 0, 0);
  return fresh === undefined ? [...seqs] : [...fresh].map((index) => run.seqAt(index));
}

describe("cell: repeat filter", () => {
  it("lets every number of a sender through once", () => {
    const filter = new RepeatFilter(noGap);

    expect(freshOf(filter, [1, 2, 3])).to.deep.equal([1, 2, 3]);
    expect(freshOf(filter, [2, 3, 4, 7])).to.deep.equal([4, 7]);
    expect(freshOf(filter, [5, 6, 7, 8])).to.deep.equal([5, 6, 8]);
    expect(filter.repeats).to.equal(3);
  });

  it("lets a number through that was passed over before: refused as busy, then sent again", () => {
    const filter = new RepeatFilter(noGap);
    freshOf(filter, [1, 2, 4, 5]);

    expect(freshOf(filter, [3])).to.deep.equal([3]);
  });

  it("keeps back what was told as lost and comes behind newer events (§8.11)", () => {
    const filter = new RepeatFilter(noGap);
    freshOf(filter, [1]);
    filter.gap();
    freshOf(filter, [5, 6]);

    expect(freshOf(filter, [2, 3, 4, 5, 6, 7])).to.deep.equal([7]);
    expect(freshOf(filter, [2, 3, 4])).to.deep.equal([]);
    expect([filter.repeats, filter.late]).to.deep.equal([5, 3]);
  });

  it("keeps it back, too, where something older came after the gap (§8.11)", () => {
    const filter = new RepeatFilter(noGap);
    freshOf(filter, [1]);
    filter.gap();
    freshOf(filter, [2]);
    freshOf(filter, [5]);

    expect(freshOf(filter, [3, 4, 6])).to.deep.equal([6]);
  });

  it("lets through what was told as lost and comes before any newer event (§8.11)", () => {
    const filter = new RepeatFilter(noGap);
    freshOf(filter, [1]);
    filter.gap();

    expect(freshOf(filter, [2, 3, 4])).to.deep.equal([2, 3, 4]);
  });

  it("keeps back what its sender had sent before this catch had anything of it (§8.11)", () => {
    const filter = new RepeatFilter(noGap);
    freshOf(filter, [5, 9]);

    expect(freshOf(filter, [3, 4, 6, 7, 8])).to.deep.equal([6, 7, 8]);
    expect(filter.late).to.equal(2);
  });

  it("takes what is below the floor as seen", () => {
    const filter = new RepeatFilter(noGap);
    freshOf(filter, [10], 10);

    expect(freshOf(filter, [8, 9, 10, 11], 1)).to.deep.equal([11]);
  });

  it("agrees with a plain set of numbers, for whatever is repeated in whatever order", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed);
      const filter = new RepeatFilter(noGap);
      const seen = new Set<number>();
      let oldest: number | undefined;
      let floor = 1;
      for (let step = 0; step < 30; step++) {
        floor += Math.floor(random.float() * 3);
        const first = floor + Math.floor(random.float() * 40);
        const seqs = [first];
        while (random.float() < 0.8) seqs.push(seqs.at(-1)! + 1 + Math.floor(random.float() * 3));
        oldest ??= first;
        const expected = seqs.filter((seq) => !seen.has(seq) && seq >= oldest!);
        for (const seq of seqs) seen.add(seq);
        expect(freshOf(filter, seqs, floor), `seed ${seed}, step ${step}`).to.deep.equal(expected);
      }
    }
  });

  it("forgets a sender after 10 min, and the oldest of 10 000", () => {
    const ranges = new SenderRanges();
    ranges.of("a", 1, 0).add(1);
    ranges.of("b", 1, senderKeepMs).add(1);
    expect(ranges.senderCount).to.equal(1);

    for (let n = 0; n < sendersMax + 10; n++) ranges.of(`c${n}`, 1, senderKeepMs);
    expect(ranges.senderCount).to.equal(sendersMax);
    expect(ranges.of("b", 1, senderKeepMs).size).to.equal(0);
  });

  it("drops what comes from where it had to forget, and tells once that it may be lost (§8.11)", () => {
    let gaps = 0;
    const filter = new RepeatFilter(() => gaps++);
    takeOdd(filter, 2 * senderRangesMax);
    const newest = 4 * senderRangesMax;

    expect(freshOf(filter, [newest - 10, newest - 9]), "remembered").to.deep.equal([newest - 10]);
    expect([gaps, filter.late, filter.repeats]).to.deep.equal([0, 0, 1]);
    expect(freshOf(filter, [4, 5, newest - 8, newest + 1])).to.deep.equal([newest + 1]);
    expect(freshOf(filter, [6])).to.deep.equal([]);
    expect([gaps, filter.late, filter.repeats]).to.deep.equal([1, 4, 1]);
  });

  it("keeps a bounded number of ranges of a sender whose floor never rises", () => {
    const ranges = new SenderRanges();
    const numbers = ranges.of("a", 1, 0);
    for (let n = 0; n <= senderRangesMax; n++) numbers.add(2 * n + 1);
    const count = numbers.rangeCount;

    ranges.of("a", 1, 0);

    expect(numbers.rangeCount).to.be.below(count / 2 + 2);
    expect(numbers.has(2 * senderRangesMax + 1)).to.equal(true);
    expect(numbers.has(2 * senderRangesMax)).to.equal(false);
    expect(numbers.has(2), "what was not added").to.equal(false);
    expect(ranges.forgottenBelow("a")).to.equal(numbers.lowest);
  });
});
