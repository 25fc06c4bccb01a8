/**
 * A set of integers as sorted, disjoint, closed ranges.
 *
 * What is numbered in a mesh arrives almost in order, so a set of millions is one or two ranges.
 * Adding at the end and dropping from the front cost a constant; anything else costs a binary
 * search and a move of the ranges behind it.
 */
export class RangeSet {
  /** first, last, first, last, … */
  private bounds: number[] = [];

  /** How many ranges the set consists of; what it costs to keep. */
  get rangeCount(): number {
    return this.bounds.length / 2;
  }

  /** How many integers are in the set. */
  get size(): number {
    let size = 0;
    for (let i = 0; i < this.bounds.length; i += 2) size += this.last(i) - this.first(i) + 1;
    return size;
  }

  /** The lowest integer in the set; `undefined` if it is empty. */
  get lowest(): number | undefined {
    return this.bounds[0];
  }

  /** The highest integer in the set; `undefined` if it is empty. */
  get highest(): number | undefined {
    return this.bounds[this.bounds.length - 1];
  }

  has(value: number): boolean {
    const at = this.search(value);
    return at < this.bounds.length && this.first(at) <= value;
  }

  /** Tells whether any integer of `first … last` is in the set. */
  overlaps(first: number, last: number): boolean {
    const at = this.search(first);
    return at < this.bounds.length && this.first(at) <= last;
  }

  /** Tells whether every integer of `first … last` is in the set. */
  covers(first: number, last: number): boolean {
    const at = this.search(first);
    return at < this.bounds.length && this.first(at) <= first && this.last(at) >= last;
  }

  add(first: number, last: number = first): void {
    const bounds = this.bounds;
    const highest = bounds[bounds.length - 1];
    if (highest === undefined || first > highest + 1) {
      bounds.push(first, last);
      return;
    }
    const from = this.search(first - 1);
    if (from === bounds.length - 2 && this.first(from) <= first) {
      if (last > this.last(from)) bounds[from + 1] = last;
      return;
    }
    let to = from;
    let low = first;
    let high = last;
    while (to < bounds.length && this.first(to) <= last + 1) {
      low = Math.min(low, this.first(to));
      high = Math.max(high, this.last(to));
      to += 2;
    }
    bounds.splice(from, to - from, low, high);
  }

  remove(first: number, last: number = first): void {
    const from = this.search(first);
    let to = from;
    const kept: number[] = [];
    while (to < this.bounds.length && this.first(to) <= last) {
      if (this.first(to) < first) kept.push(this.first(to), first - 1);
      if (this.last(to) > last) kept.push(last + 1, this.last(to));
      to += 2;
    }
    if (to > from) this.bounds.splice(from, to - from, ...kept);
  }

  /** Forgets every integer below `floor`. */
  dropBelow(floor: number): void {
    const lowest = this.bounds[0];
    if (lowest !== undefined && lowest < floor) this.remove(lowest, floor - 1);
  }

  /** The parts of `first … last` that are not in the set, ascending. */
  missing(first: number, last: number): [number, number][] {
    const holes: [number, number][] = [];
    let next = first;
    for (let at = this.search(first); next <= last; at += 2) {
      if (at >= this.bounds.length || this.first(at) > last) {
        holes.push([next, last]);
        break;
      }
      if (this.first(at) > next) holes.push([next, this.first(at) - 1]);
      next = Math.max(next, this.last(at) + 1);
    }
    return holes;
  }

  /** The ranges, ascending; a copy. */
  /** The parts that lie within `first … last`, ascending. */
  within(first: number, last: number): [number, number][] {
    const found: [number, number][] = [];
    for (const [low, high] of this.ranges()) {
      if (high >= first && low <= last) found.push([Math.max(low, first), Math.min(high, last)]);
    }
    return found;
  }

  ranges(): [number, number][] {
    const ranges: [number, number][] = [];
    for (let at = 0; at < this.bounds.length; at += 2) {
      ranges.push([this.first(at), this.last(at)]);
    }
    return ranges;
  }

  clear(): void {
    this.bounds = [];
  }

  private first(at: number): number {
    return this.bounds[at] as number;
  }

  private last(at: number): number {
    return this.bounds[at + 1] as number;
  }

  /** The position of the first range whose last is not below `value`. */
  private search(value: number): number {
    let low = 0;
    let high = this.bounds.length / 2;
    if (high > 0 && this.last(0) >= value) return 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.last(middle * 2) < value) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}
