import type { CatchMode } from "@thynapse/protocol";
import type { Catch } from "./catch.js";
import type { Anycatch } from "./core/anycatch.js";
import type { MulticatchSupply } from "./core/multicatch-supply.js";
import type { CellDriver } from "./driver.js";

/** The public face of one catch. */
export class CatchHandle implements Catch {
  protected readonly driver: CellDriver;
  protected readonly supply: MulticatchSupply | Anycatch;
  private released: Promise<void> | undefined;
  private readonly releasing: (() => void)[] = [];

  constructor(driver: CellDriver, supply: MulticatchSupply | Anycatch) {
    this.driver = driver;
    this.supply = supply;
  }

  get pattern(): string {
    return this.supply.pattern;
  }

  get mode(): CatchMode {
    return this.supply.mode;
  }

  pause(): void {
    this.driver.act(() => this.supply.pause());
    this.driver.flush();
  }

  resume(): void {
    if (this.released !== undefined) return;
    this.driver.act(() => this.supply.resume());
    this.driver.flush();
  }

  release(): Promise<void> {
    this.released ??= this.end();
    return this.released;
  }

  /** The catch never stood: nobody has it. */
  refused(): void {
    for (const told of this.releasing.splice(0)) told();
    this.driver.leave(this.supply);
  }

  /** Calls `told` when the catch is being released, or was refused. */
  onReleased(told: () => void): void {
    this.releasing.push(told);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  private async end(): Promise<void> {
    const { driver, supply } = this;
    for (const told of this.releasing.splice(0)) told();
    this.pause();
    if (supply.mode === "any") driver.act(() => supply.releaseWaiting());
    await new Promise<void>((resolve) => supply.whenIdle(resolve));
    driver.leave(supply);
    driver.flush();
    await new Promise<void>((resolve, reject) => {
      const { catches } = driver.core;
      if (supply.mode === "any") {
        driver.act(() => catches.releaseAnycatch(supply, { resolve, reject }));
      } else {
        driver.act(() => catches.releaseMulticatch(supply));
        resolve();
      }
    });
  }
}
