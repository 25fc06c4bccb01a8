import type { Row } from "./system.js";

/** The clock of a transmitter, set against that of this machine. */
export interface Clock {
  /** How far it is ahead, in ms. */
  readonly aheadMs: number;
  /** How far that may be off, in ms. */
  readonly errorMs: number;
}

/** One place that an event came by. */
export interface Hop extends Row {
  readonly hop: string;
  /** Since it was sent, in ms. */
  readonly ms: number;
  /** How far `ms` may be off, where it is the time of another clock. */
  readonly errorMs?: number;
  /** The transmitter that says so; where its clock is unknown, `ms` is as that shows it. */
  readonly by?: string;
}

/** How often a clock that shows whole milliseconds may be off by itself. */
const tickMs = 1;

/**
 * Works out the clock of a transmitter from its status, which was written at some moment between
 * the question and its arrival. `undefined` if it does not tell its time.
 */
export function clockOf({ clockMs }: Row, askedMs: number, answeredMs: number): Clock | undefined {
  if (typeof clockMs !== "number") return undefined;
  const errorMs = (answeredMs - askedMs) / 2 + tickMs;
  return { aheadMs: clockMs - (askedMs + answeredMs) / 2, errorMs };
}

/** Places what a transmitter tells of an event on the clock of this machine. */
export function hopOf(data: Row, sentMs: number, clocks: ReadonlyMap<string, Clock>): Hop {
  const { atMs, by, hop, ...more } = data;
  const clock = clocks.get(String(by));
  const at = typeof atMs === "number" ? atMs : Number.NaN;
  const ms = at - (clock?.aheadMs ?? 0) - sentMs;
  const errorMs = clock?.errorMs;
  return {
    hop: String(hop),
    ms: tenths(ms),
    ...(errorMs !== undefined && { errorMs: tenths(errorMs) }),
    by: String(by),
    ...more,
  };
}

/** In the order in which they must have been, whatever the clocks show. */
const order: Readonly<Record<string, number>> = { sent: 0, accepted: 1, handled: 3 };
const between = 2;

/** Orders hops by their times, but for those that must come first or last. */
export function orderHops(hops: readonly Hop[]): Hop[] {
  const rank = ({ hop }: Hop): number => order[hop] ?? between;
  return [...hops].sort((a, b) => rank(a) - rank(b) || a.ms - b.ms);
}

/** Rounds to a tenth of a millisecond. */
export function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
