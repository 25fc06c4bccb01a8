import type { Clock } from "@thynapse/cell-sdk";
import { randomToken } from "@thynapse/protocol";
import type { Random } from "./core/effects.js";

/** The clock of this machine. Durations come from `nowMs` alone; the wall clock is only shown. */
export const systemClock: Clock = Object.freeze({
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  random: () => Math.random(),
  after(delayMs: number, act: () => void) {
    const timer = setTimeout(act, delayMs);
    return () => clearTimeout(timer);
  },
});

/** Chance from the system: `hex` is fit for secrets. */
export const systemRandom: Random = Object.freeze({
  float: () => Math.random(),
  hex: (bits: number) => randomToken(bits),
});
