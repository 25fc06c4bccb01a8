/** One message to one connection. */
export interface Outgoing {
  readonly connection: string;
  readonly part: Buffer;
}

/** How long, and how often, a connection is asked, in ms. A kill shows after 1 to 7 ms. */
const probeMs = 50;
const everyMs = 2;

/**
 * Repeats a message to a connection that may have died, every 2 ms for at most 50 ms.
 *
 * ZeroMQ says that a connection is gone only when something is sent to it, and what is sent in the
 * first moments after a death is still taken.
 */
export class Prober {
  private readonly attempt: (message: Outgoing) => Promise<boolean>;
  private readonly probes = new Map<string, { part: Buffer; untilMs: number }>();
  private timer: NodeJS.Timeout | undefined;

  /** `attempt` sends once, and resolves with whether the connection may still be there. */
  constructor(attempt: (message: Outgoing) => Promise<boolean>) {
    this.attempt = attempt;
  }

  start({ connection, part }: Outgoing): void {
    this.probes.set(connection, { part, untilMs: performance.now() + probeMs });
    // Asked for in the middle of a turn: what was sent before goes first.
    this.timer ??= setTimeout(() => void this.run(), 0);
  }

  close(): void {
    this.probes.clear();
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    for (const [connection, { part, untilMs }] of this.probes) {
      const there = await this.attempt({ connection, part });
      if (!there || performance.now() >= untilMs) this.probes.delete(connection);
    }
    this.timer = this.probes.size === 0 ? undefined : setTimeout(() => void this.run(), everyMs);
  }
}
