import { checkChannel } from "@thynapse/protocol";

/** Checked names that are remembered. */
const namesMax = 10_000;

/** Checks names of channels, each once. Hot path: the name that came last costs a comparison. */
export class CheckedChannels {
  private readonly names = new Set<string>();
  private last = "";

  /** @throws {MeshError} `BAD_CHANNEL`, `DENIED` */
  check(channel: string): void {
    if (channel === this.last) return;
    if (!this.names.has(channel)) {
      checkChannel(channel);
      if (this.names.size >= namesMax) this.names.clear();
      this.names.add(channel);
    }
    this.last = channel;
  }
}
