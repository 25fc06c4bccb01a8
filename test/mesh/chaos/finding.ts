import { percentileOf } from "../../bench/statistics.js";

/** One figure, and what it must be. */
export interface Finding {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The most it may be; none where it is shown only. */
  readonly limit?: number;
  /** How many values it was taken from. */
  readonly count?: number;
  readonly isKept: boolean;
  /** A few of what broke it. */
  readonly examples?: readonly string[];
}

/** A count of what must never be, or seldom. */
export function countOf(name: string, value: number, limit: number, unit = "events"): Finding {
  return { name, value, unit, limit, isKept: value <= limit };
}

/** A list of what must never be. */
export function noneOf(name: string, broken: readonly string[], unit = "events"): Finding {
  const finding = { name, value: broken.length, unit, limit: 0, isKept: broken.length === 0 };
  return broken.length === 0 ? finding : { ...finding, examples: broken.slice(0, 10) };
}

/** What a value is that nobody asks anything of. */
export function shown(name: string, value: number, unit: string): Finding {
  return { name, value, unit, isKept: true };
}

/**
 * A percentile of latencies. On a machine that is slow the limit is as many times higher as that is slower than a quiet
 * one. Nothing that was measured breaks nothing; the count says so.
 */
export function latencyOf(
  name: string,
  values: readonly number[],
  { fraction, limit, slack }: { fraction: number; limit: number; slack: number },
): Finding {
  const sorted = Float64Array.from(values).sort();
  const value = percentileOf(sorted, fraction);
  const most = Math.round(limit * slack);
  const isKept = values.length === 0 || value <= most;
  return { name, value, unit: "ms", limit: most, count: values.length, isKept };
}
