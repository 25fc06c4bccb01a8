import { MeshError } from "@thynapse/protocol";
import type { CaughtEvent } from "./core/caught-event.js";
import type { MulticatchSupply } from "./core/multicatch-supply.js";
import type { CellDriver, EventTaker } from "./driver.js";
import { failureText, isThenable } from "./handler-failure.js";
import type { MulticatchHandler } from "./handlers.js";

/**
 * Runs the handler of a multicatch: in order, as many at once as the catch allows.
 *
 * Hot path: an event whose handler returns no promise costs no microtask. Guarded by
 * `bench/micro/cell`.
 */
export class MulticatchRunner implements EventTaker {
  private readonly driver: CellDriver;
  private readonly supply: MulticatchSupply;
  private readonly handler: MulticatchHandler;
  private isRunning = false;
  private isLater = false;

  constructor(driver: CellDriver, supply: MulticatchSupply, handler: MulticatchHandler) {
    this.driver = driver;
    this.supply = supply;
    this.handler = handler;
  }

  run(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    while (!this.isLater) {
      const event = this.supply.take();
      if (event === undefined) break;
      void this.work(event);
    }
    this.isRunning = false;
  }

  /** Handles one event after the other: without a pause where the handler makes none. */
  private async work(first: CaughtEvent): Promise<void> {
    const { supply, handler } = this;
    const { budget } = this.driver;
    let event: CaughtEvent | undefined = first;
    while (event !== undefined) {
      try {
        let result = handler(event);
        if (isThenable(result)) result = await result;
        if (event.run.extras !== undefined) this.reply(event, result);
      } catch (thrown) {
        this.failed(event, thrown);
      }
      supply.finished();
      if (budget.isSpent) this.later();
      event = this.isLater ? undefined : supply.take();
    }
  }

  /** Lets everything else have its turn first. */
  private later(): void {
    if (this.isLater) return;
    this.isLater = true;
    setImmediate(() => {
      this.isLater = false;
      this.driver.budget.begin();
      this.run();
    });
  }

  private failed(event: CaughtEvent, thrown: unknown): void {
    const { pattern } = this.supply;
    const text = failureText(thrown);
    const message = `the handler failed: ${text}`;
    this.driver.status.tell({ kind: "warning", message, pattern, cause: thrown });
    if (event.run.extras !== undefined) this.reply(event, new MeshError("HANDLER_FAILED", text));
  }

  /** Replies if the event is a gather. @throws {MeshError} for a reply that cannot be encoded. */
  private reply(event: CaughtEvent, outcome: unknown): void {
    if (event.ask?.gather !== true) return;
    this.driver.act(() => this.driver.core.replyToGather(this.supply, event, outcome));
  }
}
