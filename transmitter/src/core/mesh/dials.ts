/** Whom a transmitter is connected to with the SUB of its links. */
export interface DialActions {
  /**
   * Connects to an event socket, and again whenever the connection is lost. Of one that is dialled
   * already it is looked up again where its name leads.
   */
  dial(address: string): void;
  hangUp(address: string): void;
}

/** How long a twin is shown that it has one, in ms. */
export const warnMs = 10_000;
/**
 * Addresses that others have named and where nobody has answered, at most. Whoever is there comes
 * by itself, too: as many can be met in 25 s.
 */
const unansweredMax = 256;
/** How long each of them is held before it makes way for the next one, in ms. */
const unansweredMs = 10_000;

/** The event sockets that a transmitter is connected to, each once, and for how long. */
export class Dials {
  private readonly own: string;
  private readonly actions: DialActions;
  private readonly peersAt: (address: string) => readonly { readonly isUp: boolean }[];
  /** Until when each is held; infinite for those of peers. */
  private readonly untilMs = new Map<string, number>();
  /** Since when those are held that others have named, oldest first, until somebody answers. */
  private readonly unanswered = new Map<string, number>();

  /** @param peersAt who is known to be reached at an address. */
  constructor(own: string, actions: DialActions, peersAt: Dials["peersAt"]) {
    this.own = own;
    this.actions = actions;
    this.peersAt = peersAt;
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const untilMs of this.untilMs.values()) nextMs = Math.min(nextMs, untilMs);
    return nextMs;
  }

  /**
   * Connects to the address of somebody whose hello was seen. Also where that is done already: who
   * has started again may be elsewhere by the same name.
   */
  dial(address: string): void {
    this.unanswered.delete(address);
    if (address === this.own) return;
    this.untilMs.set(address, Number.POSITIVE_INFINITY);
    this.actions.dial(address);
  }

  /**
   * Connects to an address that others have named, for good or for a while: who is there will
   * answer. @returns whether there was room.
   */
  tryOut(address: string, nowMs: number, forMs = Number.POSITIVE_INFINITY): boolean {
    if (!this.untilMs.has(address) && address !== this.own) {
      if (!this.makeRoom(nowMs)) return false;
      this.unanswered.set(address, nowMs);
    }
    this.hold(address, nowMs + forMs);
    return true;
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
    this.unanswered.delete(address);
    if (this.untilMs.delete(address)) this.actions.hangUp(address);
  }

  tick(nowMs: number): void {
    for (const [address, untilMs] of this.untilMs) if (nowMs >= untilMs) this.hangUp(address);
  }

  private hold(address: string, untilMs: number): void {
    const heldMs = this.untilMs.get(address);
    if (address === this.own) return;
    if (heldMs === undefined || heldMs < untilMs) this.untilMs.set(address, untilMs);
    if (heldMs === undefined) this.actions.dial(address);
  }

  /** Whether there is room for one more that has not answered; the oldest one makes way. */
  private makeRoom(nowMs: number): boolean {
    if (this.unanswered.size < unansweredMax) return true;
    const [oldest] = this.unanswered;
    if (oldest === undefined || nowMs - oldest[1] < unansweredMs) return false;
    this.unanswered.delete(oldest[0]);
    this.hangUp(oldest[0]);
    return true;
  }
}
