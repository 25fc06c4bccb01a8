/** Addresses whose secrets are remembered; the oldest go first. */
const addressesMax = 256;

/**
 * The resume secrets that transmitters gave this cell. One that comes back to a transmitter which
 * knows it from long ago, and has not noticed that it left, must show that one's secret.
 *
 * @see PROTOCOL.md §2.5
 */
export class Secrets {
  private readonly byAddress = new Map<string, string>();
  private newest: string | undefined;

  learn(address: string, secret: string): void {
    this.newest = secret;
    this.byAddress.delete(address);
    this.byAddress.set(address, secret);
    if (this.byAddress.size <= addressesMax) return;
    for (const oldest of this.byAddress.keys()) {
      this.byAddress.delete(oldest);
      break;
    }
  }

  /** What to show at an address: its own secret, else the newest one of any. */
  of(address: string): string | undefined {
    return this.byAddress.get(address) ?? this.newest;
  }

  /** The same, as `HELO` has it. */
  proofFor(address: string): { readonly secret?: string } {
    const secret = this.of(address);
    return secret === undefined ? {} : { secret };
  }
}
