import type { Agenda } from "./agenda.js";

/** One direction of a connection: what is sent arrives in order, later, or not at all once the connection breaks. */
export class Pipe<Item> {
  private readonly agenda: Agenda;
  private readonly delayMs: () => number;
  private readonly arrive: (item: Item) => void;
  private sent = 0;
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
    const number = this.sent++;
    if (number >= this.lostFrom) return;
    const { nowMs } = this.agenda;
    this.lastMs = Math.max(nowMs + this.delayMs(), this.lastMs, this.heldUntilMs);
    this.agenda.at(this.lastMs, () => this.come(number, item));
  }

  /** Nothing arrives before this time: packets are lost and sent again. */
  hold(untilMs: number): void {
    this.heldUntilMs = Math.max(this.heldUntilMs, untilMs);
  }

  /**
   * Ends it.
   *
   * @param share of what is on its way that still arrives, from the first on: 0 … 1.
   */
  end(share: number): void {
    const onTheWay = this.sent - this.arrived;
    this.lostFrom = Math.min(this.lostFrom, this.arrived + Math.floor(onTheWay * share));
  }

  private come(number: number, item: Item): void {
    if (this.heldUntilMs > this.agenda.nowMs && number < this.lostFrom) {
      this.agenda.at(this.heldUntilMs, () => this.come(number, item));
      return;
    }
    this.arrived = number + 1;
    if (number < this.lostFrom) this.arrive(item);
  }
}
