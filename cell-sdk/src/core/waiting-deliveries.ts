import type { Run } from "@thynapse/protocol";
import type { DeliveryBatch, HeldDelivery } from "./delivery.js";
import { DeliveryQueue } from "./delivery-queue.js";
import { KeyTurns } from "./key-turns.js";

/** Makes the delivery of an event; `undefined` if it cannot be begun. */
export type MakeDelivery = (
  run: Run,
  index: number,
  batch: DeliveryBatch,
) => HeldDelivery | undefined;

/**
 * Deliveries that were not begun: those in line, those whose key is busy, and the orphans.
 *
 * An orphan came over a connection that is lost. It is claimed and not begun: if it still belongs
 * to this cell it comes again under a new name, and if it does not, beginning it would handle it
 * twice.
 */
export class WaitingDeliveries {
  private readonly queue = new DeliveryQueue();
  private readonly orphans = new DeliveryQueue();
  private readonly keys: KeyTurns | undefined;
  private readonly make: MakeDelivery;

  constructor(hasAffinity: boolean, make: MakeDelivery) {
    this.keys = hasAffinity ? new KeyTurns() : undefined;
    this.make = make;
  }

  /** Deliveries in line, without those whose key is busy. */
  get count(): number {
    return this.queue.count;
  }

  get orphanCount(): number {
    return this.orphans.count;
  }

  /** @param skips indexes of the run that are no deliveries. */
  push(run: Run, batch: DeliveryBatch, skips?: Set<number>): void {
    this.queue.push(run, batch, skips);
  }

  /** Takes the next one that may begin. */
  take(): HeldDelivery | undefined {
    const { queue, keys } = this;
    if (keys !== undefined) {
      const due = keys.next();
      if (due !== undefined && keys.begin(due)) return due;
    }
    while (queue.next()) {
      const delivery = this.make(queue.run as Run, queue.index, queue.batch as DeliveryBatch);
      if (delivery !== undefined && (keys === undefined || keys.begin(delivery))) return delivery;
    }
    return undefined;
  }

  /** The handler of a delivery is done. */
  finished(delivery: HeldDelivery): void {
    this.keys?.end(delivery);
  }

  /** Takes out those with these numbers. @returns how many that were. */
  removeNumbers(name: { origin: string; attempt: number }, first: number, last: number): number {
    const inLine = this.queue.removeNumbers(name, first, last);
    return inLine + (this.keys?.removeNumbers(name, first, last) ?? 0);
  }

  /** Takes events of this run out of the line. @see DeliveryQueue.remover */
  remover(run: Run): (seq: number) => boolean {
    return this.queue.remover(run);
  }

  /** Takes orphans out that come again in this run. @see DeliveryQueue.remover */
  adopter(run: Run): (seq: number) => boolean {
    return this.orphans.remover(run);
  }

  /** Calls `visit` for each delivery whose key is busy. */
  forEachMade(visit: (delivery: HeldDelivery) => void): void {
    this.keys?.forEach(visit);
  }

  /**
   * The connection is lost. @param kept the attachment of another connection, which stands.
   *
   * @returns how many became orphans.
   */
  orphan(kept?: number): number {
    const before = this.orphans.count;
    const busy = new Map<DeliveryBatch, { readonly run: Run; readonly skips: Set<number> }>();
    this.keys?.forEach(({ run, index, batch }) => {
      if (batch.session === kept) return;
      if (!busy.has(batch)) busy.set(batch, { run, skips: allOf(run) });
      busy.get(batch)?.skips.delete(index);
    });
    for (const [batch, { run, skips }] of busy) this.orphans.push(run, batch, skips);
    this.keys?.clear(kept);
    this.queue.moveTo(this.orphans, ({ session }) => session !== kept);
    return this.orphans.count - before;
  }

  dropOrphans(): void {
    this.orphans.clear();
  }

  /** Calls `visit` for each event, orphans included. */
  forEach(visit: (run: Run, index: number, batch: DeliveryBatch) => void): void {
    this.orphans.forEach(visit);
    this.keys?.forEach(({ run, index, batch }) => visit(run, index, batch));
    this.queue.forEach(visit);
  }

  /** Takes out all that is in line or whose key is busy. */
  takeAll(): HeldDelivery[] {
    const all: HeldDelivery[] = [];
    this.keys?.forEach((delivery) => all.push(delivery));
    this.keys?.clear();
    this.queue.forEach((run, index, batch) => {
      const delivery = this.make(run, index, batch);
      if (delivery !== undefined) all.push(delivery);
    });
    this.queue.clear();
    return all;
  }
}

function allOf(run: Run): Set<number> {
  return new Set(Array.from({ length: run.count }, (_, index) => index));
}
