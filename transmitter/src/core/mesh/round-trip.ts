/** How long a part takes to the other side and its ack back, one part at a time. */
export class RoundTrip {
  /** The last one, in ms; `undefined` before the first. */
  lastMs: number | undefined;
  private number = 0;
  private sinceMs = Number.POSITIVE_INFINITY;

  /** A part goes out now, and nothing waits before it. */
  begin(number: number, nowMs: number): void {
    if (this.sinceMs !== Number.POSITIVE_INFINITY) return;
    this.number = number;
    this.sinceMs = nowMs;
  }

  /** Everything up to this number has come. */
  acked(number: number, nowMs: number): void {
    if (this.sinceMs === Number.POSITIVE_INFINITY || number < this.number) return;
    this.lastMs = nowMs - this.sinceMs;
    this.sinceMs = Number.POSITIVE_INFINITY;
  }

  /** The way was cut: what comes next would tell of that, and not of the way. */
  forget(): void {
    this.sinceMs = Number.POSITIVE_INFINITY;
  }
}
