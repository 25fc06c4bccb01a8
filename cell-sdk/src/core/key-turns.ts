import type { HeldDelivery } from "./delivery.js";

/** Lets one event of each key run at a time; those of other keys go on. */
export class KeyTurns {
  private readonly running = new Set<string>();
  private readonly waiting = new Map<string, HeldDelivery[]>();
  private readonly due: HeldDelivery[] = [];

  /** A delivery whose key has become free. */
  next(): HeldDelivery | undefined {
    return this.due.shift();
  }

  /** Begins a delivery, or has it wait for its key. @returns whether it begins. */
  begin(delivery: HeldDelivery): boolean {
    const { key } = delivery;
    if (key === undefined) return true;
    const line = this.waiting.get(key);
    if (this.running.has(key)) {
      if (line === undefined) this.waiting.set(key, [delivery]);
      else line.push(delivery);
      return false;
    }
    this.running.add(key);
    return true;
  }

  /** A handler is done: the next one of its key may begin. */
  end({ key }: HeldDelivery): void {
    if (key === undefined) return;
    this.running.delete(key);
    const line = this.waiting.get(key);
    const next = line?.shift();
    if (next !== undefined) this.due.push(next);
    if (line?.length === 0) this.waiting.delete(key);
  }

  /**
   * Takes out waiting deliveries of one origin and attempt with these numbers. @returns how many
   * that were.
   */
  removeNumbers(name: { origin: string; attempt: number }, first: number, last: number): number {
    let removed = 0;
    const stays = (delivery: HeldDelivery): boolean => {
      const { origin, number, attempt } = delivery;
      const isNamed = origin === name.origin && attempt === name.attempt;
      if (!isNamed || number < first || number > last) return true;
      delivery.takeBack();
      removed++;
      return false;
    };
    for (const [key, line] of this.waiting) {
      const rest = line.filter(stays);
      if (rest.length === 0) this.waiting.delete(key);
      else this.waiting.set(key, rest);
    }
    this.due.splice(0, this.due.length, ...this.due.filter(stays));
    return removed;
  }

  /** Calls `visit` for each delivery that waits. */
  forEach(visit: (delivery: HeldDelivery) => void): void {
    this.due.forEach(visit);
    for (const line of this.waiting.values()) line.forEach(visit);
  }

  /** Forgets those that wait, but for those of the attachment `kept`. */
  clear(kept?: number): void {
    const stays = ({ batch }: HeldDelivery): boolean => batch.session === kept;
    for (const [key, line] of this.waiting) {
      const rest = line.filter(stays);
      if (rest.length === 0) this.waiting.delete(key);
      else this.waiting.set(key, rest);
    }
    this.due.splice(0, this.due.length, ...this.due.filter(stays));
  }
}
