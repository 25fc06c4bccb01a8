/** The first pause after a failure; doubles with each further one. */
const delayMinMs = 20;
/**
 * Well below the time that a transmitter which has just started waits for claims: a cell that tried
 * in vain meanwhile must still come in time.
 */
const delayMaxMs = 400;
/** Addresses that are remembered. */
const addressesMax = 100;

/**
 * Which transmitter to try next, and when.
 *
 * After the loss of an attachment the same address is tried once more, because resuming there is
 * cheapest; then the next one. Each pause is drawn from half to one and a half of its length, so
 * that a thousand cells do not come at once.
 */
export class Reconnect {
  /** Every address that was tried since the last success. */
  readonly tried = new Set<string>();
  private readonly random: () => number;
  private addresses: string[];
  private at = 0;
  private delay = delayMinMs;
  private failures = 0;

  /** @param addresses at least one. */
  constructor(addresses: readonly string[], random: () => number) {
    this.addresses = [...new Set(addresses)];
    this.random = random;
  }

  /** Whether there is another address than the present one. */
  get hasOther(): boolean {
    return this.addresses.length > 1;
  }

  /** The address to try now. */
  get address(): string {
    const address = this.addresses[this.at] as string;
    this.tried.add(address);
    return address;
  }

  /** Adds the transmitters that a welcome names, behind those that were given. */
  learn(addresses: readonly string[]): void {
    this.addresses = [...new Set([...this.addresses, ...addresses])].slice(0, addressesMax);
  }

  succeeded(): void {
    this.tried.clear();
    this.delay = delayMinMs;
    this.failures = 0;
  }

  /** An attachment was lost that had been good. @returns how long to wait, in ms. */
  lost(): number {
    this.failures = 0;
    this.delay = delayMinMs;
    return this.delay * this.random();
  }

  /** An attempt failed: the next address is due. @returns how long to wait, in ms. */
  failed(): number {
    this.failures++;
    this.rotate();
    // Another address may be good at once: the pause grows with each round, not with each address.
    if (this.failures % this.addresses.length !== 0) return delayMinMs * this.random();
    const delay = this.delay * (0.5 + this.random());
    this.delay = Math.min(this.delay * 2, delayMaxMs);
    return Math.min(delay, delayMaxMs);
  }

  /** Turns to the next address. */
  rotate(): void {
    this.at = (this.at + 1) % this.addresses.length;
  }
}
