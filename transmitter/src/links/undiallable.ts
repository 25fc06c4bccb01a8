import type { Logger } from "pino";

/** How often one is logged, in ms. */
const everyMs = 60_000;

/**
 * Counts how often others have named an address that cannot be connected to, and logs one at most a
 * minute: strangers can cause them at will.
 */
export class Undiallable {
  private readonly log: Logger;
  private saidMs = Number.NEGATIVE_INFINITY;
  private named = 0;

  constructor(log: Logger) {
    this.log = log;
  }

  /** How often such an address was to be connected to. */
  get count(): number {
    return this.named;
  }

  add(address: string): void {
    this.named++;
    const nowMs = performance.now();
    if (nowMs - this.saidMs < everyMs) return;
    this.saidMs = nowMs;
    this.log.warn({ address }, "a transmitter names an address that cannot be connected to");
  }
}
