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
 * `bench/micro/receive`.
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
    if (this.isRunning || this.isLater) return;
    this.isRunning = true;
    const { supply, handler } = this;
    const { budget } = this.driver;
    for (let event = supply.take(); event !== undefined; event = supply.take()) {
      try {
        const result = handler(event);
        if (isThenable(result)) this.wait(event, result);
        else this.done(event, result);
      } catch (thrown) {
        this.failed(event, thrown);
      }
      if (budget.isSpent) {
        this.later();
        break;
      }
    }
    this.isRunning = false;
  }

  private later(): void {
    this.isLater = true;
    setImmediate(() => {
      this.isLater = false;
      this.driver.budget.begin();
      this.run();
    });
  }

  private wait(event: CaughtEvent, result: PromiseLike<unknown>): void {
    result.then(
      (value) => {
        this.done(event, value);
        this.run();
      },
      (thrown: unknown) => {
        this.failed(event, thrown);
        this.run();
      },
    );
  }

  private done(event: CaughtEvent, value: unknown): void {
    this.supply.finished();
    if (event.run.extras !== undefined && event.ask?.gather === true) this.reply(event, value);
  }

  private failed(event: CaughtEvent, thrown: unknown): void {
    this.supply.finished();
    const { pattern } = this.supply;
    const message = `the handler failed: ${failureText(thrown)}`;
    this.driver.status.tell({ kind: "warning", message, pattern, cause: thrown });
    if (event.run.extras === undefined || event.ask?.gather !== true) return;
    this.reply(event, new MeshError("HANDLER_FAILED", failureText(thrown)));
  }

  private reply(event: CaughtEvent, outcome: unknown): void {
    this.driver.act(() => this.driver.core.replyToGather(this.supply, event, outcome));
  }
}
