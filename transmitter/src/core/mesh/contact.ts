import { keptMs } from "@thynapse/protocol";
import { beatMsMin } from "./beat-clock.js";

/**
 * Up to which heartbeat a start of a transmitter had us among the living, for sure: what it has
 * confirmed until then came here, or it has told us that it did not.
 *
 * @see PROTOCOL.md §18.12
 */
export class Contact {
  /** The last heartbeat that anybody is known to have heard. */
  lastBeat: number;
  /** Heartbeats in which its senders repeat whatever it confirms. */
  private readonly beatsMax: number;
  private soundBeat: number;
  private soundMs: number;
  private isTold = false;

  constructor(beat: number, heartbeatMs: number, nowMs: number) {
    this.beatsMax = keptMs / heartbeatMs;
    this.lastBeat = beat;
    this.soundBeat = beat;
    this.soundMs = nowMs;
  }

  /** That heartbeat found both of us alive. */
  sound(beat: number, nowMs: number): void {
    this.lastBeat = beat;
    this.soundBeat = beat;
    this.soundMs = nowMs;
    this.isTold = false;
  }

  /**
   * Whether one that is gone, and was alive with that heartbeat, may have confirmed without us what
   * nobody repeats. True once; of more heartbeats than there was time for nothing is believed.
   */
  hasLivedOn(beat: number, nowMs: number): boolean {
    const beats = beat - this.soundBeat;
    if (beats * beatMsMin > nowMs - this.soundMs) return false;
    this.lastBeat = Math.max(this.lastBeat, beat);
    if (this.isTold || beats < this.beatsMax) return false;
    this.isTold = true;
    return true;
  }
}
