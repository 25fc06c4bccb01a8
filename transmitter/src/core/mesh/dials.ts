/** Whom a transmitter is connected to with the SUB of its links. */
export interface DialActions {
  /** Connects to an event socket, and again whenever the connection is lost. */
  dial(address: string): void;
  hangUp(address: string): void;
}

/** The event sockets that a transmitter is connected to, each once, and for how long. */
export class Dials {
  private readonly own: string;
  private readonly actions: DialActions;
  /** Until when each is held; infinite for those of peers. */
  private readonly untilMs = new Map<string, number>();

  constructor(own: string, actions: DialActions) {
    this.own = own;
    this.actions = actions;
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    return Math.min(...this.untilMs.values(), Number.POSITIVE_INFINITY);
  }

  /** Connects to an address, unless that is done already. */
  dial(address: string, untilMs = Number.POSITIVE_INFINITY): void {
    const heldMs = this.untilMs.get(address);
    if (address === this.own) return;
    if (heldMs === undefined || heldMs < untilMs) this.untilMs.set(address, untilMs);
    if (heldMs === undefined) this.actions.dial(address);
  }

  /** Connects afresh, so that whoever is there sees the hello once more. */
  redial(address: string): void {
    if (!this.untilMs.has(address)) return;
    this.actions.hangUp(address);
    this.actions.dial(address);
  }

  hangUp(address: string): void {
    if (this.untilMs.delete(address)) this.actions.hangUp(address);
  }

  tick(nowMs: number): void {
    for (const [address, untilMs] of this.untilMs) if (nowMs >= untilMs) this.hangUp(address);
  }
}
