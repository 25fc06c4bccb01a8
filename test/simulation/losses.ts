import type { Agenda } from "./agenda.js";
import type { Process } from "./process.js";

/** Who sends or would get packets; `undefined` is everybody. */
export type Party = Process | undefined;

/** Between whom packets are lost, and until when. */
export class Losses {
  private readonly agenda: Agenda;
  /** By who sends and who would get them; `undefined` is everybody. */
  private readonly untilMs = new Map<Party, Map<Party, number>>();

  constructor(agenda: Agenda) {
    this.agenda = agenda;
  }

  /** Packets are lost for a while; `undefined` is everybody. */
  add(from: Party, to: Party, durationMs: number): void {
    const losses = this.untilMs.get(from) ?? new Map<Party, number>();
    const untilMs = this.agenda.nowMs + durationMs;
    this.untilMs.set(from, losses.set(to, Math.max(untilMs, losses.get(to) ?? 0)));
  }

  /** Whether packets from one process to another are lost at present. */
  isLossy(from: Process, to: Process): boolean {
    return [from, undefined].some((sender) => {
      const losses = this.untilMs.get(sender);
      const untilMs = Math.max(losses?.get(to) ?? 0, losses?.get(undefined) ?? 0);
      return untilMs > this.agenda.nowMs;
    });
  }
}
