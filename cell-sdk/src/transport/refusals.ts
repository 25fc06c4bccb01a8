/** How often an address is tried at which the last connection was refused, in ms. */
const everyMs = 50;
/** Addresses that are remembered. */
const addressesMax = 1024;

/**
 * Addresses at which nobody takes connections: there one cell of the process tries for all.
 *
 * A thousand cells that lost one transmitter would all try it, each with sockets of its own, again
 * and again until it is there: more work than to attach is, just when a transmitter has to start.
 */
export class Refusals {
  private readonly triedMs = new Map<string, number>();

  /** A connection was refused at an address. */
  note(address: string, nowMs: number): void {
    if (this.triedMs.has(address)) return;
    if (this.triedMs.size >= addressesMax) this.triedMs.clear();
    this.triedMs.set(address, nowMs);
  }

  /** A connection stands. */
  forget(address: string): void {
    this.triedMs.delete(address);
  }

  /** Whether to try now; if not, it counts as refused. */
  mayTry(address: string, nowMs: number): boolean {
    const triedMs = this.triedMs.get(address);
    if (triedMs === undefined) return true;
    if (nowMs - triedMs < everyMs) return false;
    this.triedMs.set(address, nowMs);
    return true;
  }
}
