/**
 * The time in milliseconds on the machine's monotonic clock.
 *
 * Every process of a machine reads the same clock, so times of different processes compare.
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
