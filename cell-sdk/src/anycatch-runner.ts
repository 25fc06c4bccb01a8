import type { Anycatch } from "./core/anycatch.js";
import type { HeldDelivery } from "./core/delivery.js";
import type { CellDriver, EventTaker } from "./driver.js";
import { failureText, isAsyncIterable, isThenable } from "./handler-failure.js";
import type { AnycatchHandler } from "./handlers.js";

/**
 * Runs the handler of an anycatch: in order, as many at once as the catch allows, and settles each
 * delivery by how its handler ends.
 *
 * Hot path: a delivery whose handler returns no promise costs no microtask.
 */
export class AnycatchRunner implements EventTaker {
  private readonly driver: CellDriver;
  private readonly supply: Anycatch;
  private readonly handler: AnycatchHandler;
  private isRunning = false;
  private isLater = false;

  constructor(driver: CellDriver, supply: Anycatch, handler: AnycatchHandler) {
    this.driver = driver;
    this.supply = supply;
    this.handler = handler;
  }

  run(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    while (!this.isLater) {
      const delivery = this.supply.take();
      if (delivery === undefined) break;
      void this.work(delivery);
    }
    this.isRunning = false;
    this.settle();
  }

  /** Handles one delivery after the other: without a pause where the handler makes none. */
  private async work(first: HeldDelivery): Promise<void> {
    const { supply, handler } = this;
    const { budget, core } = this.driver;
    let delivery: HeldDelivery | undefined = first;
    while (delivery !== undefined) {
      // What a handler sends before its first await may use what is kept free in the outbox.
      core.outbox.privileged = true;
      try {
        let result = handler(delivery, delivery);
        core.outbox.privileged = false;
        if (isThenable(result)) result = await result;
        if (isAsyncIterable(result)) result = await replyParts(delivery, result);
        delivery.ack(result);
      } catch (thrown) {
        core.outbox.privileged = false;
        this.failed(delivery, thrown);
      }
      supply.finished(delivery);
      if (budget.isSpent) this.later();
      delivery = this.isLater ? undefined : supply.take();
    }
    if (!this.isRunning) this.settle();
  }

  /** Lets everything else have its turn first. */
  private later(): void {
    if (this.isLater) return;
    this.isLater = true;
    setImmediate(() => {
      this.isLater = false;
      this.driver.budget.begin();
      this.driver.core.nowMs = this.driver.clock.nowMs();
      this.run();
    });
  }

  private failed(delivery: HeldDelivery, thrown: unknown): void {
    const { pattern } = this.supply;
    const text = failureText(thrown);
    delivery.nack(text);
    const message = `the handler failed: ${text}`;
    this.driver.status.tell({ kind: "warning", message, pattern, cause: thrown });
  }

  /** At once if nothing is left to handle; else with what else this turn settles. */
  private settle(): void {
    const { core } = this.driver;
    if (this.supply.heldCount === 0 && core.settlements.flushDue) this.driver.flush();
  }
}

async function replyParts(delivery: HeldDelivery, parts: AsyncIterable<unknown>): Promise<void> {
  for await (const part of parts) {
    if (delivery.state !== "held") return;
    delivery.reply(part);
  }
}
