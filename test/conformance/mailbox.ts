/** Somebody who waits for an item. */
interface Waiting<Item> {
  readonly test: (item: Item) => boolean;
  readonly take: (item: Item) => void;
}

/** What has come and was not taken yet; a case waits for what it expects, whatever else comes before. */
export class Mailbox<Item> {
  private readonly name: string;
  private readonly items: Item[] = [];
  private readonly waiting = new Set<Waiting<Item>>();

  /** @param name what the items are, for messages. */
  constructor(name: string) {
    this.name = name;
  }

  put(item: Item): void {
    for (const one of this.waiting) {
      if (!one.test(item)) continue;
      this.waiting.delete(one);
      one.take(item);
      return;
    }
    this.items.push(item);
  }

  /** Puts something back in front of all. */
  putBack(item: Item): void {
    this.items.unshift(item);
  }

  /** Takes all that has come so far and passes the test, in order. */
  takeAll(test: (item: Item) => boolean = () => true): Item[] {
    const taken = this.items.filter(test);
    for (const item of taken) this.items.splice(this.items.indexOf(item), 1);
    return taken;
  }

  /** Takes the first that passes the test; rejects with what has come instead. */
  next(
    test: (item: Item) => boolean = () => true,
    { withinMs = 5000 }: { readonly withinMs?: number } = {},
  ): Promise<Item> {
    const at = this.items.findIndex(test);
    if (at >= 0) return Promise.resolve(this.items.splice(at, 1)[0] as Item);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(waiting);
        reject(new Error(`no ${this.name} like this within ${withinMs} ms, but ${this.shown()}`));
      }, withinMs);
      const take = (item: Item): void => {
        clearTimeout(timer);
        resolve(item);
      };
      const waiting = { test, take };
      this.waiting.add(waiting);
    });
  }

  /** Takes this many that pass the test, in the order in which they came. */
  async take(count: number, test?: (item: Item) => boolean): Promise<Item[]> {
    const taken: Item[] = [];
    while (taken.length < count) taken.push(await this.next(test));
    return taken;
  }

  private shown(): string {
    const text = JSON.stringify(this.items, (_key, value: unknown) =>
      typeof value === "string" && value.length > 80 ? `${value.slice(0, 80)}…` : value,
    );
    return text.length > 1500 ? `${text.slice(0, 1500)}…` : text;
  }
}
