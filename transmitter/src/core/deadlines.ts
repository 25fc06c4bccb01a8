/** Things to do later: a heap by time, so that the shell needs one timer for all of them. */
export class Deadlines {
  private readonly heap: Deadline[] = [];
  private order = 0;

  /** When the next one is due; `Infinity` if nothing is planned. */
  get nextMs(): number {
    return this.heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** Plans `act`. What it refers to may be gone by then: `act` checks. */
  at(dueMs: number, act: (nowMs: number) => void): void {
    this.heap.push({ dueMs, order: this.order++, act });
    this.rise(this.heap.length - 1);
  }

  /**
   * Does everything that is due, earliest first, those of one moment in the order of their
   * planning.
   */
  run(nowMs: number): void {
    for (let next = this.heap[0]; next !== undefined && next.dueMs <= nowMs; next = this.heap[0]) {
      this.removeFirst();
      next.act(nowMs);
    }
  }

  private removeFirst(): void {
    const last = this.heap.pop() as Deadline;
    if (this.heap.length === 0) return;
    this.heap[0] = last;
    this.sink(0);
  }

  private rise(index: number): void {
    let at = index;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.before(at, parent)) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  private sink(index: number): void {
    let at = index;
    for (;;) {
      const left = at * 2 + 1;
      let least = at;
      if (left < this.heap.length && this.before(left, least)) least = left;
      if (left + 1 < this.heap.length && this.before(left + 1, least)) least = left + 1;
      if (least === at) return;
      this.swap(at, least);
      at = least;
    }
  }

  private before(a: number, b: number): boolean {
    const one = this.heap[a] as Deadline;
    const other = this.heap[b] as Deadline;
    return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
  }

  private swap(a: number, b: number): void {
    const one = this.heap[a] as Deadline;
    this.heap[a] = this.heap[b] as Deadline;
    this.heap[b] = one;
  }
}

interface Deadline {
  readonly dueMs: number;
  readonly order: number;
  readonly act: (nowMs: number) => void;
}
