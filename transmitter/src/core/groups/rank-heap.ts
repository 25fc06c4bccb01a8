/** What has a place in a heap, and keeps it. */
export interface Ranked {
  /** The lowest goes first. */
  rank: number;
  /** Where it stands in its heap; -1 in none. */
  at: number;
}

/** Items by rank: the first costs nothing, each change the logarithm of how many there are. */
export class RankHeap<Item extends Ranked> {
  private readonly items: Item[] = [];

  get size(): number {
    return this.items.length;
  }

  get first(): Item | undefined {
    return this.items[0];
  }

  /** Puts an item where its rank says; one that is there already moves. */
  put(item: Item, rank: number): void {
    item.rank = rank;
    if (item.at < 0) this.stand(item, this.items.length);
    this.settle(item);
  }

  remove(item: Item): void {
    const last = this.items.pop() as Item;
    if (last !== item) {
      this.stand(last, item.at);
      this.settle(last);
    }
    item.at = -1;
  }

  private settle(item: Item): void {
    while (item.at > 0) {
      const parent = this.items[(item.at - 1) >>> 1] as Item;
      if (parent.rank <= item.rank) break;
      this.swap(item, parent);
    }
    for (;;) {
      const [left, right] = [this.items[2 * item.at + 1], this.items[2 * item.at + 2]];
      const least = right !== undefined && right.rank < (left as Item).rank ? right : left;
      if (least === undefined || item.rank <= least.rank) return;
      this.swap(item, least);
    }
  }

  private swap(one: Item, other: Item): void {
    const { at } = one;
    this.stand(one, other.at);
    this.stand(other, at);
  }

  private stand(item: Item, at: number): void {
    item.at = at;
    this.items[at] = item;
  }
}
