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
  private readonly peersAt: (address: string) => readonly { readonly isUp: boolean }[];
  /** Until when each is held; infinite for those of peers. */
  private readonly untilMs = new Map<string, number>();

  /** @param peersAt who is known to be reached at an address. */
  constructor(own: string, actions: DialActions, peersAt: Dials["peersAt"]) {
    this.own = own;
    this.actions = actions;
    this.peersAt = peersAt;
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

  /**
   * Connects afresh, so that whoever is there sees the hello once more; but not where somebody
   * answers: another one, that has come to the address of one that is gone.
   */
  redial(address: string): void {
    if (!this.untilMs.has(address) || this.peersAt(address).some(({ isUp }) => isUp)) return;
    this.actions.hangUp(address);
    this.actions.dial(address);
  }

  /** Ends the connection, unless somebody is known to be there. */
  hangUp(address: string): void {
    if (this.peersAt(address).length > 0) return;
    if (this.untilMs.delete(address)) this.actions.hangUp(address);
  }

  tick(nowMs: number): void {
    for (const [address, untilMs] of this.untilMs) if (nowMs >= untilMs) this.hangUp(address);
  }
}
