import { keptMs } from "@thynapse/protocol";

/**
 * Up to which heartbeat a start of a transmitter had us among the living, for sure: what it has
 * confirmed until then came here, or it has told us that it did not.
 */
export class Contact {
  /** Heartbeats in which its senders repeat whatever it confirms. */
  private readonly beatsMax: number;
  private soundBeat: number;
  private isTold = false;

  constructor(beat: number, heartbeatMs: number) {
    this.beatsMax = keptMs / heartbeatMs;
    this.soundBeat = beat;
  }

  /** That heartbeat found both of us alive. */
  sound(beat: number): void {
    this.soundBeat = beat;
    this.isTold = false;
  }

  /**
   * Whether one that is gone, and was alive with that heartbeat, may have confirmed without us what
   * nobody repeats. True once.
   */
  hasLivedOn(beat: number): boolean {
    if (this.isTold || beat - this.soundBeat < this.beatsMax) return false;
    this.isTold = true;
    return true;
  }
}
