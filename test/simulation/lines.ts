/**
 * - `dialing`: not connected yet, or not again.
 * - `open`: both ends know each other.
 * - `broken`: the ends learn of it one after the other.
 * - `closed`: whoever dialled has given it up.
 */
export type LineState = "dialing" | "open" | "broken" | "closed";

/** How a connection breaks: what still arrives, and when either end notices. */
export interface Breaking {
  readonly upShare: number;
  readonly downShare: number;
  readonly serverInMs: number;
  readonly clientInMs: number;
}

/** Which way packets go: `up` from who dialled, `down` to it. */
export type Direction = "up" | "down";
export const bothWays: readonly Direction[] = ["up", "down"];
