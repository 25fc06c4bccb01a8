import type { HeldDelivery } from "./delivery.js";

/** Deliveries whose handlers run. Hot path: adding and removing cost a constant. */
export class RunningDeliveries {
  private readonly deliveries: HeldDelivery[] = [];

  get count(): number {
    return this.deliveries.length;
  }

  add(delivery: HeldDelivery): void {
    delivery.slot = this.deliveries.length;
    this.deliveries.push(delivery);
  }

  remove(delivery: HeldDelivery): void {
    const last = this.deliveries.pop();
    if (last === undefined || last === delivery) return;
    last.slot = delivery.slot;
    this.deliveries[last.slot] = last;
  }

  forEach(visit: (delivery: HeldDelivery) => void): void {
    for (const delivery of this.deliveries) visit(delivery);
  }

  /** Takes back those with these numbers. @returns how many that were. */
  takeBack(name: { origin: string; attempt: number }, first: number, last: number): number {
    let taken = 0;
    this.forEach((delivery) => {
      const { origin, number, attempt, state } = delivery;
      if (state !== "held" || origin !== name.origin || attempt !== name.attempt) return;
      if (number < first || number > last) return;
      delivery.takeBack();
      taken++;
    });
    return taken;
  }
}
