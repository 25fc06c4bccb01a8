import type { Agenda } from "./agenda.js";

/** What the machine can do that all transmitters of a world run on. */
export interface CoresTerms {
  readonly count: number;
  /** What a job of a turn costs of a core, in ms: a message, a subscription, a timer. */
  readonly jobMs: number;
}

/**
 * The cores that processes share. Whose turn it is waits until one is free, first come, first
 * served: so in a crowd that has too much to do everything comes late, the answers first of all.
 */
export class Cores {
  private readonly agenda: Agenda;
  private readonly jobMs: number;
  private readonly waiting: (() => number)[] = [];
  private idle: number;

  constructor(agenda: Agenda, { count, jobMs }: CoresTerms) {
    this.agenda = agenda;
    this.jobMs = jobMs;
    this.idle = count;
  }

  /** Has a turn done when a core is free; it tells how many jobs that were. */
  run(turn: () => number): void {
    this.waiting.push(turn);
    this.next();
  }

  private next(): void {
    if (this.idle === 0) return;
    const turn = this.waiting.shift();
    if (turn === undefined) return;
    this.idle--;
    this.agenda.in(turn() * this.jobMs, () => {
      this.idle++;
      this.next();
    });
  }
}
