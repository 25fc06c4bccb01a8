const suspectMs = 1000;
const silenceMs = 2000;
/**
 * Heartbeats that a cell waits for one of the transmitter, to answer it, before it says its own.
 */
const beatPatience = 1.5;
/**
 * A tick that comes later than this was held up by this process itself: its own silence says
 * nothing of others.
 */
const pauseMs = 500;
/**
 * A transmitter that was heard so lately when its connection ended has ended itself, or this cell's
 * connection was cut: the same address says at once which. Longer than two heartbeats.
 */
const lateMs = 600;

/** What a look at the transmitter shows; `suspect` is said once for each silence. */
export type PulseSign = "well" | "suspect" | "gone";

/** The signs of life between a cell and its transmitter. @see PROTOCOL.md §9.1, §9.4 */
export class Pulse {
  private heardMs = 0;
  private beatMs = 0;
  private beatDueMs = 0;
  private tickedMs = 0;
  private isSuspect = false;

  /** When a look, or a beat, is due. */
  get deadlineMs(): number {
    return Math.min(this.beatDueMs, this.heardMs + (this.isSuspect ? silenceMs : suspectMs));
  }

  /** The transmitter welcomed the cell, and beats every `heartbeatMs`. */
  begin(heartbeatMs: number, nowMs: number): void {
    this.beatMs = heartbeatMs;
    this.beaten(nowMs);
  }

  /** Something came from the transmitter. */
  heard(nowMs: number): void {
    this.heardMs = nowMs;
    this.isSuspect = false;
  }

  silentMs(nowMs: number): number {
    return nowMs - this.heardMs;
  }

  /** Whether it was silent for so long that its end explains nothing. */
  isLate(nowMs: number): boolean {
    return this.silentMs(nowMs) >= lateMs;
  }

  /** Time has passed; what this process slept of it counts for nobody's silence. */
  pass(nowMs: number, deadlineMs: number): void {
    const pausedMs = nowMs - this.tickedMs;
    this.tickedMs = nowMs;
    if (pausedMs > pauseMs && deadlineMs < nowMs - pauseMs) {
      this.heardMs = Math.min(nowMs, this.heardMs + pausedMs);
    }
  }

  look(nowMs: number): PulseSign {
    const silentMs = this.silentMs(nowMs);
    if (silentMs >= silenceMs) return "gone";
    if (silentMs < suspectMs || this.isSuspect) return "well";
    this.isSuspect = true;
    return "suspect";
  }

  /** Whether the cell should beat by itself: it was not asked to for too long. */
  isBeatDue(nowMs: number): boolean {
    return nowMs >= this.beatDueMs;
  }

  /** Whether a beat of the transmitter should be answered: not so soon after the last one. */
  isAnswerDue(nowMs: number): boolean {
    const saidMs = this.beatDueMs - this.beatMs * beatPatience;
    return nowMs - saidMs >= this.beatMs / 2;
  }

  /** The cell has said a beat. */
  beaten(nowMs: number): void {
    this.beatDueMs = nowMs + this.beatMs * beatPatience;
  }
}
