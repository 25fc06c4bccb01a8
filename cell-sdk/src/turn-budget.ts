/** How long handlers may go on before everything else has its turn. */
const budgetMs = 2;
/** Handlers between two looks at the clock. */
const clockEvents = 32;

/**
 * Says when handlers have gone on for long enough, so that timers, heartbeats and sockets never
 * starve behind them.
 */
export class TurnBudget {
  private readonly nowMs: () => number;
  private events = 0;
  private turnMs = 0;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** A new turn of the event loop. */
  begin(): void {
    this.turnMs = this.nowMs();
    this.events = 0;
  }

  /** Call it after each event. */
  get isSpent(): boolean {
    if (++this.events < clockEvents) return false;
    this.events = 0;
    return this.nowMs() - this.turnMs > budgetMs;
  }
}
