/** A heartbeat that cannot wait comes no sooner after the last one than this, in ms. */
const beatMsMin = 50;
/**
 * With this share of its pause left, or less, a heartbeat is said when that of another one comes. A
 * half lets two groups that are out of step meet, since one of the two gaps between them is not
 * longer.
 */
const stepShare = 0.5;

/** When a transmitter says its next heartbeat. @see PROTOCOL.md §19.15 */
export class BeatClock {
  private readonly heartbeatMs: number;
  private nextMs: number;
  private saidMs: number;

  /** The first one is due at once. */
  constructor(heartbeatMs: number, nowMs: number) {
    this.heartbeatMs = heartbeatMs;
    this.nextMs = nowMs;
    this.saidMs = nowMs;
  }

  /** When the next one is due. */
  get dueMs(): number {
    return this.nextMs;
  }

  /** One is said now. */
  said(nowMs: number): void {
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
    if (this.nextMs - nowMs > this.heartbeatMs * stepShare) return;
    this.nextMs = Math.min(this.nextMs, nowMs);
  }
}
