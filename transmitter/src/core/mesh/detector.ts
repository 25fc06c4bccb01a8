/** What a detector takes for normal. */
export interface DetectorLimits {
  /** How often a peer says that it lives, in ms. */
  readonly heartbeatMs: number;
  /** Silence that is nothing to wonder at, on top of the usual one, in ms. */
  readonly acceptablePauseMs: number;
  /** How improbable a silence must be: 8 is one in 10^8. */
  readonly threshold: number;
}

/** Intervals that are remembered. */
const samplesMax = 100;
/** Heartbeats of an idle machine come as regularly as clockwork, those of a busy one do not. */
const deviationMinMs = 50;

/**
 * Tells from the rhythm of a peer's heartbeats how improbable its silence is: the phi-accrual
 * detector, with the normal distribution.
 *
 * @see Hayashibara et al., "The φ accrual failure detector", 2004
 */
export class Detector {
  private readonly limits: DetectorLimits;
  private readonly intervals: number[] = [];
  private next = 0;
  private sum = 0;
  private squares = 0;
  private heardMs: number;

  constructor(limits: DetectorLimits, nowMs: number) {
    this.limits = limits;
    this.heardMs = nowMs;
    // The first guess is wide: nothing is known of the peer yet.
    this.note(limits.heartbeatMs * 0.75);
    this.note(limits.heartbeatMs * 1.25);
  }

  /** When the peer was last heard. */
  get lastMs(): number {
    return this.heardMs;
  }

  /** The peer lives. */
  heard(nowMs: number): void {
    const silentMs = nowMs - this.heardMs;
    this.heardMs = Math.max(this.heardMs, nowMs);
    // A silence that was forgiven says nothing of the usual rhythm.
    if (silentMs >= 0 && silentMs < this.limits.acceptablePauseMs) this.note(silentMs);
  }

  /** So long we were away ourselves: that was not the peer's silence. */
  pardon(awayMs: number): void {
    this.heardMs += awayMs;
  }

  /** −log10 of the probability that a peer that lives is silent for so long. */
  phi(nowMs: number): number {
    const mean = this.sum / this.intervals.length;
    const variance = this.squares / this.intervals.length - mean * mean;
    const deviation = Math.max(Math.sqrt(Math.max(0, variance)), deviationMinMs);
    const lateMs = nowMs - this.heardMs - mean - this.limits.acceptablePauseMs;
    return -Math.log10(tailOf(lateMs / deviation));
  }

  /** Whether so long a silence is one of the dead. */
  isOverdue(nowMs: number): boolean {
    return this.phi(nowMs) >= this.limits.threshold;
  }

  private note(intervalMs: number): void {
    const old = this.intervals[this.next] ?? 0;
    this.intervals[this.next] = intervalMs;
    this.next = (this.next + 1) % samplesMax;
    this.sum += intervalMs - old;
    this.squares += intervalMs * intervalMs - old * old;
  }
}

/**
 * The part of a normal distribution above so many deviations: a logistic curve that is off by less
 * than 0.00014 (Bowling et al., 2009), and falls on steadily where that no longer matters.
 */
function tailOf(deviations: number): number {
  const slope = deviations * (1.5976 + 0.070566 * deviations * deviations);
  return slope > 700 ? Number.MIN_VALUE : 1 / (1 + Math.exp(slope));
}
