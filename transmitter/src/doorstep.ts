/** What takes a message that was let in. */
export type Receive = (connection: string, parts: readonly Buffer[]) => void;

/**
 * Keeps a `HELO` waiting for two turns of the event loop, and what the connection sends behind it.
 *
 * Where a transmitter listens on all addresses, the answer names the one that the cell came to.
 * ZeroMQ tells that first, but on another way, so it may be read a moment later.
 */
export class Doorstep {
  private readonly receive: Receive;
  private readonly waiting = new Map<string, (readonly Buffer[])[]>();

  constructor(receive: Receive) {
    this.receive = receive;
  }

  /** Lets a message in, now or later. */
  take(connection: string, parts: readonly Buffer[]): void {
    const behind = this.waiting.get(connection);
    if (behind !== undefined) behind.push(parts);
    else if (isHelo(parts[parts.length - 1])) {
      this.waiting.set(connection, [parts]);
      setImmediate(() => setImmediate(() => this.letIn(connection)));
    } else this.receive(connection, parts);
  }

  private letIn(connection: string): void {
    const messages = this.waiting.get(connection) ?? [];
    this.waiting.delete(connection);
    for (const parts of messages) this.receive(connection, parts);
  }
}

function isHelo(part: Buffer | undefined): boolean {
  return part !== undefined && part.toString("latin1", 2, 6) === "HELO";
}
