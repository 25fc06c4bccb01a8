/** A first-in, first-out list whose ends cost a constant. */
export class Fifo<Item> {
  private items: (Item | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get first(): Item | undefined {
    return this.items[this.head];
  }

  at(index: number): Item | undefined {
    return this.items[this.head + index];
  }

  push(item: Item): void {
    this.items.push(item);
  }

  /** Puts an item in front of all. */
  unshift(item: Item): void {
    if (this.head === 0) this.makeRoom();
    this.items[--this.head] = item;
  }

  shift(): Item | undefined {
    if (this.head === this.items.length) return undefined;
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    if (this.head > 256 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  /** Replaces `remove` items from `index` on. */
  splice(index: number, remove: number, ...items: Item[]): void {
    this.items.splice(this.head + index, remove, ...items);
  }

  clear(): void {
    this.items = [];
    this.head = 0;
  }

  *[Symbol.iterator](): IterableIterator<Item> {
    for (let at = this.head; at < this.items.length; at++) yield this.items[at] as Item;
  }

  /** Makes room in front, half as much as there is: what comes in front moves the others seldom. */
  private makeRoom(): void {
    this.head = (this.items.length >> 1) + 16;
    const items = new Array<Item | undefined>(this.head + this.items.length);
    for (let at = 0; at < this.items.length; at++) items[this.head + at] = this.items[at];
    this.items = items;
  }
}
