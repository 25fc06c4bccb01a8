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
    if (this.isRunning || this.isLater) return;
    this.isRunning = true;
    const { supply, handler } = this;
    const { budget, core } = this.driver;
    for (let delivery = supply.take(); delivery !== undefined; delivery = supply.take()) {
      // What a handler sends before its first await may use what is kept free in the outbox.
      core.outbox.privileged = true;
      try {
        const result = handler(delivery, delivery);
        if (isThenable(result)) this.wait(delivery, result);
        else this.done(delivery, result);
      } catch (thrown) {
        this.failed(delivery, thrown);
      }
      if (budget.isSpent) {
        this.later();
        break;
      }
    }
    core.outbox.privileged = false;
    this.isRunning = false;
    this.settle();
  }

  private later(): void {
    this.isLater = true;
    setImmediate(() => {
      this.isLater = false;
      this.driver.budget.begin();
      this.driver.core.nowMs = performance.now();
      this.run();
    });
  }

  private wait(delivery: HeldDelivery, result: PromiseLike<unknown>): void {
    result.then(
      (value) => {
        this.done(delivery, value);
        this.run();
      },
      (thrown: unknown) => {
        this.failed(delivery, thrown);
        this.run();
      },
    );
  }

  private done(delivery: HeldDelivery, value: unknown): void {
    if (value !== undefined && isAsyncIterable(value)) {
      this.wait(delivery, replyParts(delivery, value));
      return;
    }
    try {
      delivery.ack(value);
      this.supply.finished(delivery);
    } catch (thrown) {
      // The result cannot be encoded.
      this.failed(delivery, thrown);
    }
  }

  private failed(delivery: HeldDelivery, thrown: unknown): void {
    const { pattern } = this.supply;
    const text = failureText(thrown);
    delivery.nack(text);
    this.supply.finished(delivery);
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
