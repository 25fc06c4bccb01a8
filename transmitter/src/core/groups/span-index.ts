import type { Span } from "./ledger.js";

/** A span that is held, and what was delivered before and after it. */
export interface Place {
  /** Its part from its first number on, once it is cut. */
  span: Span;
  /** Where it is found. */
  readonly index: SpanIndex;
  before: Place | undefined;
  after: Place | undefined;
}

/** Places in one block: to move them takes no longer than to search among thousands. */
const blockLength = 64;

/**
 * Places by attempt and number. To find one, to add one and to remove one cost a binary search and
 * a move of at most one block, however many there are: who chooses the numbers cannot make it slow.
 */
export class SpanIndex {
  /** Ascending, and none of them empty. */
  private readonly blocks: Place[][] = [];

  get isEmpty(): boolean {
    return this.blocks.length === 0;
  }

  /** The first span of this attempt that has any of the numbers `first … last`. */
  find(attempt: number, first: number, last: number): Place | undefined {
    // Mostly it is the first one.
    const front = this.blocks[0]?.[0];
    if (front?.span.attempt === attempt && front.span.from === first) return front;
    const at = this.blockOf(attempt, first);
    const block = this.blocks[at];
    if (block === undefined) return undefined;
    const next = indexBehind(block, attempt, first);
    const reaching = block[next - 1];
    if (reaching?.span.attempt === attempt && reaching.span.to > first) return reaching;
    const behind = block[next] ?? this.blocks[at + 1]?.[0];
    return behind?.span.attempt === attempt && behind.span.from <= last ? behind : undefined;
  }

  add(place: Place): void {
    const { attempt, from } = place.span;
    const at = this.blockOf(attempt, from);
    const block = this.blocks[at];
    if (block === undefined) {
      this.blocks.push([place]);
      return;
    }
    insertAt(block, indexBehind(block, attempt, from), place);
    if (block.length > blockLength) this.blocks.splice(at + 1, 0, block.splice(blockLength / 2));
  }

  /** Removes a place; it must be there, and its span begin where it began when it was added. */
  remove(place: Place): void {
    const { attempt, from } = place.span;
    const isFront = this.blocks[0]?.[0] === place;
    let at = isFront ? 0 : this.blockOf(attempt, from);
    let block = this.blocks[at] as Place[];
    let index = isFront ? 0 : indexBehind(block, attempt, from) - 1;
    // Only an origin that gives one name to two deliveries makes others begin there.
    while (block[index] !== place) {
      if (index-- > 0) continue;
      block = this.blocks[--at] as Place[];
      index = block.length - 1;
    }
    removeAt(block, index);
    if (block.length === 0) this.blocks.splice(at, 1);
  }

  /** The position of the last block that does not begin behind this number; 0 if there is none. */
  private blockOf(attempt: number, number: number): number {
    const { blocks } = this;
    let low = 1;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBehind((blocks[middle] as Place[])[0] as Place, attempt, number)) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }
}

/** The position in a block of the first span that begins behind a number. */
function indexBehind(block: readonly Place[], attempt: number, number: number): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBehind(block[middle] as Place, attempt, number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function isBehind({ span }: Place, attempt: number, number: number): boolean {
  return span.attempt === attempt ? span.from > number : span.attempt > attempt;
}

/** As `splice`, which takes longer for so few. */
function insertAt(block: Place[], index: number, place: Place): void {
  block.push(place);
  for (let at = block.length - 1; at > index; at--) block[at] = block[at - 1] as Place;
  block[index] = place;
}

function removeAt(block: Place[], index: number): void {
  for (let at = index + 1; at < block.length; at++) block[at - 1] = block[at] as Place;
  block.pop();
}
