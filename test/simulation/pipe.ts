import type { Agenda } from "./agenda.js";

/**
 * One direction of a connection: what is sent arrives in order, later, or not at all once the
 * connection breaks.
 */
export class Pipe<Item> {
  private readonly agenda: Agenda;
  private readonly delayMs: () => number;
  private readonly arrive: (item: Item) => void;
  /** What is on its way, first first. */
  private items: Item[] = [];
  private arrived = 0;
  private lastMs = 0;
  private heldUntilMs = 0;
  /** Items from this one on are lost. */
  private lostFrom = Number.POSITIVE_INFINITY;

  constructor(agenda: Agenda, delayMs: () => number, arrive: (item: Item) => void) {
    this.agenda = agenda;
    this.delayMs = delayMs;
    this.arrive = arrive;
  }

  send(item: Item): void {
    if (this.lostFrom !== Number.POSITIVE_INFINITY) return;
    this.items.push(item);
    const { nowMs } = this.agenda;
    this.lastMs = Math.max(nowMs + this.delayMs(), this.lastMs, this.heldUntilMs);
    this.agenda.at(this.lastMs, this.come);
  }

  /** Nothing arrives before this time: packets are lost and sent again. */
  hold(untilMs: number): void {
    this.heldUntilMs = Math.max(this.heldUntilMs, untilMs);
  }

  /** How long it takes until all that is on its way has arrived, if nothing more befalls it. */
  get restMs(): number {
    const lastMs = this.items.length > 0 ? this.lastMs : 0;
    return Math.max(0, Math.max(lastMs, this.heldUntilMs) - this.agenda.nowMs);
  }

  /**
   * Ends it.
   *
   * @param share of what is on its way that still arrives, from the first on: 0 … 1.
   */
  end(share: number): void {
    const kept = this.arrived + Math.floor(this.items.length * share);
    this.lostFrom = Math.min(this.lostFrom, kept);
  }

  /** One item is due: the first of those on their way, whichever it was planned for. */
  private readonly come = (): void => {
    if (this.heldUntilMs > this.agenda.nowMs) {
      this.agenda.at(this.heldUntilMs, this.come);
      return;
    }
    const item = this.items.shift() as Item;
    if (this.arrived++ < this.lostFrom) this.arrive(item);
  };
}
