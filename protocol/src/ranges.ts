/** Numbers in one block: 512 ranges, whose move takes less than a search among many. */
const blockLength = 1024;

/**
 * A set of integers as sorted, disjoint, closed ranges.
 *
 * What is numbered in a mesh arrives almost in order, so a set of millions is one or two ranges.
 * Adding at the end and dropping from the front cost a constant. Anything else costs a binary
 * search and a move of at most one block of ranges, however many there are: who chooses the numbers
 * cannot make it slow.
 */
export class RangeSet {
  /** Ascending and none of them empty; each: first, last, first, last, … */
  private blocks: number[][] = [];

  /** How many ranges the set consists of; what it costs to keep. */
  get rangeCount(): number {
    let length = 0;
    for (const block of this.blocks) length += block.length;
    return length / 2;
  }

  /** How many integers are in the set. */
  get size(): number {
    let size = 0;
    for (const [first, last] of this.ranges()) size += last - first + 1;
    return size;
  }

  /** The lowest integer in the set; `undefined` if it is empty. */
  get lowest(): number | undefined {
    return this.blocks[0]?.[0];
  }

  /** The lowest range; `undefined` if the set is empty. */
  get lowestRange(): readonly [number, number] | undefined {
    const block = this.blocks[0];
    return block === undefined ? undefined : [block[0] as number, block[1] as number];
  }

  /** The highest integer in the set; `undefined` if it is empty. */
  get highest(): number | undefined {
    const block = this.blocks[this.blocks.length - 1];
    return block?.[block.length - 1];
  }

  has(value: number): boolean {
    return this.overlaps(value, value);
  }

  /** Tells whether any integer of `first … last` is in the set. */
  overlaps(first: number, last: number): boolean {
    const block = this.blocks[this.blockOf(first)];
    return block !== undefined && (block[rangeOf(block, first)] as number) <= last;
  }

  /** Tells whether every integer of `first … last` is in the set. */
  covers(first: number, last: number): boolean {
    const block = this.blocks[this.blockOf(first)];
    if (block === undefined) return false;
    const at = rangeOf(block, first);
    return (block[at] as number) <= first && (block[at + 1] as number) >= last;
  }

  add(first: number, last: number = first): void {
    const block = this.blocks[this.blocks.length - 1];
    const highest = block?.[block.length - 1];
    if (block === undefined || highest === undefined || first > highest + 1) {
      if (block === undefined || block.length >= blockLength) this.blocks.push([first, last]);
      else block.push(first, last);
      return;
    }
    if (first >= (block[block.length - 2] as number)) {
      if (last > highest) block[block.length - 1] = last;
      return;
    }
    this.merge(first, last);
  }

  remove(first: number, last: number = first): void {
    for (let at = this.blockOf(first); at < this.blocks.length; ) {
      const block = this.blocks[at] as number[];
      const from = rangeOf(block, first);
      const kept: number[] = [];
      let to = from;
      for (; to < block.length && (block[to] as number) <= last; to += 2) {
        const [low, high] = [block[to] as number, block[to + 1] as number];
        if (low < first) kept.push(low, first - 1);
        if (high > last) kept.push(last + 1, high);
      }
      const isOver = to < block.length;
      if (to > from) block.splice(from, to - from, ...kept);
      if (block.length === 0) this.blocks.splice(at, 1);
      else this.halve(at++);
      if (isOver) return;
    }
  }

  /** Forgets every integer below `floor`. */
  dropBelow(floor: number): void {
    const block = this.blocks[0];
    if (block === undefined || (block[0] as number) >= floor) return;
    if ((block[1] as number) >= floor) block[0] = floor;
    else this.remove(block[0] as number, floor - 1);
  }

  /** The parts of `first … last` that are not in the set, ascending. */
  missing(first: number, last: number): [number, number][] {
    const holes: [number, number][] = [];
    let next = first;
    for (const [low, high] of this.within(first, last)) {
      if (low > next) holes.push([next, low - 1]);
      next = high + 1;
    }
    if (next <= last) holes.push([next, last]);
    return holes;
  }

  /** The parts that lie within `first … last`, ascending. */
  within(first: number, last: number): [number, number][] {
    const found: [number, number][] = [];
    for (let at = this.blockOf(first); at < this.blocks.length; at++) {
      const block = this.blocks[at] as number[];
      for (let from = rangeOf(block, first); from < block.length; from += 2) {
        const low = block[from] as number;
        if (low > last) return found;
        found.push([Math.max(low, first), Math.min(block[from + 1] as number, last)]);
      }
    }
    return found;
  }

  /** The ranges, ascending; a copy. */
  ranges(): [number, number][] {
    return this.within(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  clear(): void {
    this.blocks = [];
  }

  /** Adds a range that ends before the last one, or within it, joined to all that it touches. */
  private merge(first: number, last: number): void {
    const at = this.blockOf(first - 1);
    const block = this.blocks[at] as number[];
    const from = rangeOf(block, first - 1);
    let [to, low, high] = [from, first, last];
    for (; to < block.length && (block[to] as number) <= last + 1; to += 2) {
      low = Math.min(low, block[to] as number);
      high = Math.max(high, block[to + 1] as number);
    }
    if (to === block.length) high = Math.max(high, this.cutBehind(at, last + 1));
    if (to === from + 2) {
      block[from] = low;
      block[from + 1] = high;
      return;
    }
    block.splice(from, to - from, low, high);
    this.halve(at);
  }

  /** Makes two blocks of one that has become too long. */
  private halve(at: number): void {
    const block = this.blocks[at] as number[];
    if (block.length > blockLength) this.blocks.splice(at + 1, 0, block.splice(blockLength / 2));
  }

  /** Removes the ranges behind a block that begin at `last` or before. @returns where they end. */
  private cutBehind(at: number, last: number): number {
    const first = this.blocks[at + 1]?.[0] ?? Number.POSITIVE_INFINITY;
    if (first > last) return Number.NEGATIVE_INFINITY;
    const block = this.blocks[this.blockOf(last)];
    const range = block === undefined ? 0 : rangeOf(block, last);
    const isCut = block !== undefined && (block[range] as number) <= last;
    const end = isCut ? (block[range + 1] as number) : last;
    this.remove(first, end);
    return isCut ? end : Number.NEGATIVE_INFINITY;
  }

  /** The position of the first block whose highest is not below `value`. */
  private blockOf(value: number): number {
    const { blocks } = this;
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const block = blocks[middle] as number[];
      if ((block[block.length - 1] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The position in a block of the first range whose last is not below `value`. */
function rangeOf(block: readonly number[], value: number): number {
  if (block.length > 0 && (block[1] as number) >= value) return 0;
  let low = 0;
  let high = block.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((block[middle * 2 + 1] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}
