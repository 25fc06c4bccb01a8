import { RangeSet, type SeqRange, type Thid } from "@thynapse/protocol";

/*
 * Sums of ranges, for what others say: they are met range by range and never counted out, since
 * anybody may write a range of 2^53 numbers.
 */

/** Numbers of several senders. */
export type NumbersOf = Map<Thid, RangeSet>;

/** Adds ranges to the numbers of their senders. */
export function addRanges(numbers: NumbersOf, ranges: readonly SeqRange[]): void {
  for (const { sender, first, last } of ranges) {
    let set = numbers.get(sender);
    if (set === undefined) {
      set = new RangeSet();
      numbers.set(sender, set);
    }
    set.add(first, last);
  }
}

/** The numbers of ranges, by sender; what overlaps is one. */
export function numbersOf(ranges: readonly SeqRange[]): NumbersOf {
  const numbers: NumbersOf = new Map();
  addRanges(numbers, ranges);
  return numbers;
}

/** Numbers as ranges. */
export function rangesOf(numbers: Iterable<readonly [Thid, RangeSet]>): SeqRange[] {
  const ranges: SeqRange[] = [];
  for (const [sender, set] of numbers) {
    for (const [first, last] of set.ranges()) ranges.push({ sender, first, last });
  }
  return ranges;
}

/** What is in both sets. Costs as much as the first one and the result have ranges. */
export function common(some: RangeSet, others: RangeSet): RangeSet {
  const both = new RangeSet();
  for (const [first, last] of some.ranges()) {
    for (const range of others.within(first, last)) both.add(...range);
  }
  return both;
}

/** What is in the first set alone. Costs as much as that and what is taken out have ranges. */
export function without(some: RangeSet, others: RangeSet): RangeSet {
  const left = new RangeSet();
  for (const [first, last] of some.ranges()) {
    for (const range of others.missing(first, last)) left.add(...range);
  }
  return left;
}
