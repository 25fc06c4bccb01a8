import { beatMsMin } from "./beat-clock.js";

/** How much sooner after each other heartbeats may come than they were said, in ms. */
const lateMsMax = 2000;

/**
 * How many heartbeats of one start of a transmitter there can have been: of more than one in 50 ms
 * nothing is believed, whoever tells of them.
 *
 * @see PROTOCOL.md §19.16
 */
export class BeatPace {
  /** Up to when there was time for those that were believed. */
  private paidMs: number;

  constructor(nowMs: number) {
    this.paidMs = nowMs - lateMsMax;
  }

  /** Whether there was time for so many more; they count then. */
  admits(beats: number, nowMs: number): boolean {
    const paidMs = this.paidMs + beats * beatMsMin;
    if (paidMs > nowMs) return false;
    this.paidMs = Math.max(paidMs, nowMs - lateMsMax);
    return true;
  }
}
