/** A heartbeat that cannot wait comes no sooner after the last one than this, in ms. */
export const beatMsMin = 50;
/**
 * With this share of its pause left, or less, a heartbeat is said when that of another one comes. A
 * half lets two groups that are out of step meet, since one of the two gaps between them is not
 * longer.
 */
const stepShare = 0.5;
/**
 * The share of each pause that is gathered to be early with, up to what one step takes. Where
 * heartbeats come late there is always one to step with: without a bound all would speak twice as
 * often, and what comes late would come later still.
 */
const gatherShare = 0.1;

/** When a transmitter says its next heartbeat. @see PROTOCOL.md §19.15 */
export class BeatClock {
  private readonly heartbeatMs: number;
  private nextMs: number;
  private saidMs: number;
  /** How early the next one may be. */
  private earlyMs: number;

  /** The first one is due at once. */
  constructor(heartbeatMs: number, nowMs: number) {
    this.heartbeatMs = heartbeatMs;
    this.nextMs = nowMs;
    this.saidMs = nowMs;
    this.earlyMs = heartbeatMs * stepShare;
  }

  /** When the next one is due. */
  get dueMs(): number {
    return this.nextMs;
  }

  /** One is said now. */
  said(nowMs: number): void {
    const earlyMs = Math.max(0, this.saidMs + this.heartbeatMs - nowMs);
    const leftMs = Math.max(0, this.earlyMs - earlyMs) + this.heartbeatMs * gatherShare;
    this.earlyMs = Math.min(leftMs, this.heartbeatMs * stepShare);
    this.saidMs = nowMs;
    this.nextMs = nowMs + this.heartbeatMs;
  }

  /** Something has happened that the others are to know of soon. */
  hurry(nowMs: number): void {
    this.nextMs = Math.min(this.nextMs, Math.max(nowMs, this.saidMs + beatMsMin));
  }

  /**
   * That of another one has come. All fall into step: then one wakes up for the heartbeats of many
   * at once, not for each.
   */
  heard(nowMs: number): void {
    if (this.nextMs - nowMs > this.earlyMs) return;
    this.nextMs = Math.min(this.nextMs, nowMs);
  }
}
