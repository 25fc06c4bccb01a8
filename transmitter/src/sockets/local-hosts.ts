/** Handshakes that are remembered: those of connections that have not spoken yet. */
const hostsMax = 4096;

/**
 * Remembers by which of our addresses connections came, for a socket that is bound to all of them.
 *
 * ZeroMQ tells that of a handshake, but not whose handshake it was. It gives routing ids in the
 * order of the handshakes, rising by one, so the distance between two connections is the same in
 * both. Where all came by one address, which is nearly always, there is nothing to find out.
 */
export class LocalHosts {
  private readonly hosts: string[] = [];
  private readonly counts = new Map<string, number>();
  /** How many hosts were forgotten, from the front. */
  private forgotten = 0;
  private anchor: { readonly number: number; readonly index: number } | undefined;

  /** A connection that came to `host` has finished its handshake. */
  shook(host: string): void {
    this.hosts.push(host);
    this.counts.set(host, (this.counts.get(host) ?? 0) + 1);
    if (this.hosts.length <= hostsMax) return;
    const first = this.hosts.shift() ?? "";
    this.forgotten++;
    const left = (this.counts.get(first) ?? 1) - 1;
    if (left === 0) this.counts.delete(first);
    else this.counts.set(first, left);
  }

  /** The address of ours to which the connection came; undefined if no handshake was told yet. */
  hostOf(connection: string): string | undefined {
    const last = this.forgotten + this.hosts.length - 1;
    if (this.counts.size <= 1) return this.hosts[this.hosts.length - 1];
    const number = Buffer.from(connection, "latin1").readUInt32BE(1);
    const { anchor } = this;
    const index = anchor === undefined ? last : anchor.index + ((number - anchor.number) | 0);
    const known = Math.min(Math.max(index, this.forgotten), last);
    this.anchor = { number, index: known };
    return this.hosts[known - this.forgotten];
  }
}
