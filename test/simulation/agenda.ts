interface Plan {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

/**
 * The virtual clock and what is to happen: time passes only from one plan to the next. Plans of one
 * moment are carried out in the order in which they were made, so a run has exactly one course.
 */
export class Agenda {
  nowMs = 0;
  private readonly heap: Plan[] = [];
  private order = 0;

  get nextMs(): number {
    return this.heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Plans `act`; a time that has passed means now, after what is planned for now. */
  at(atMs: number, act: () => void): void {
    this.heap.push({ atMs: Math.max(atMs, this.nowMs), order: this.order++, act });
    this.rise(this.heap.length - 1);
  }

  in(delayMs: number, act: () => void): void {
    this.at(this.nowMs + delayMs, act);
  }

  /**
   * Carries out the next plan. @returns false if there is none before `untilMs`, which is then the
   * time.
   */
  step(untilMs: number): boolean {
    const next = this.heap[0];
    if (next === undefined || next.atMs > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs);
      return false;
    }
    const last = this.heap.pop() as Plan;
    if (this.heap.length > 0) {
      this.heap[0] = last;
      this.sink();
    }
    this.nowMs = next.atMs;
    next.act();
    return true;
  }

  private rise(from: number): void {
    const { heap } = this;
    const plan = heap[from] as Plan;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(plan, heap[parent] as Plan)) break;
      heap[at] = heap[parent] as Plan;
      at = parent;
    }
    heap[at] = plan;
  }

  private sink(): void {
    const { heap } = this;
    const plan = heap[0] as Plan;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as Plan, heap[child] as Plan)) child = right;
      if (!isBefore(heap[child] as Plan, plan)) break;
      heap[at] = heap[child] as Plan;
      at = child;
    }
    heap[at] = plan;
  }
}

function isBefore(a: Plan, b: Plan): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
