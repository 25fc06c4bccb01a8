import { randomToken } from "@thynapse/protocol";
import type { Random } from "./core/effects.js";

/** What tells the time. Durations come from `nowMs` alone; the wall clock is only shown. */
export interface Clock {
  /** Monotonic time in ms; begins anywhere and never goes back. */
  nowMs(): number;
  /** Time since 1970 in ms, as the machine believes it. */
  wallMs(): number;
}

/** The clock of this machine. */
export const systemClock: Clock = Object.freeze({
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
});

/** Chance from the system: `hex` is fit for secrets. */
export const systemRandom: Random = Object.freeze({
  float: () => Math.random(),
  hex: (bits: number) => randomToken(bits),
});
