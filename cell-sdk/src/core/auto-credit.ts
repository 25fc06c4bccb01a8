/** How many ms of work a cell asks for ahead. */
const aheadMs = 20;
/** The most that a cell asks for by itself. */
export const autoCreditMax = 8192;
/** Below so many events or so much time the speed of the handlers is a guess. */
const knownEvents = 64;
const knownMs = 5;
/** What is older than this counts half. */
const memoryMs = 100;

/**
 * Finds the credit of an anycatch: it starts at the concurrency and doubles whenever the cell ran
 * dry although all of it was used, up to what the handlers do in 20 ms.
 *
 * So a slow handler hoards nothing that another cell could begin, and a fast one never waits for
 * the wire.
 */
export class AutoCredit {
  credit: number;
  /** Whether nothing is asked for. */
  isPaused = false;
  /** Deliveries held of another home, which count here: no more than the credit is held of both. */
  elsewhere = 0;
  private told = 0;
  private readonly concurrency: number;
  private readonly isFixed: boolean;
  private isUsedUp = false;
  private held = 0;
  private busySinceMs = 0;
  /** Events settled and time spent, fading. */
  private settledEvents = 0;
  private busyMs = 0;

  constructor(concurrency: number, fixed: number | undefined) {
    this.concurrency = concurrency;
    this.isFixed = fixed !== undefined;
    this.credit = fixed ?? concurrency;
  }

  /** The credit that the transmitter is told of now. */
  tell(): number {
    this.told = this.isPaused ? 0 : Math.max(0, this.credit - this.elsewhere);
    return this.told;
  }

  /** The credit that it should be told of; `undefined` if it knows. */
  due(nowMs: number): number | undefined {
    this.review(nowMs);
    const before = this.told;
    return this.tell() === before ? undefined : this.told;
  }

  /** Deliveries that are held and not settled. */
  get heldCount(): number {
    return this.held;
  }

  /** Deliveries came in. */
  took(count: number, nowMs: number): void {
    if (this.held === 0) this.busySinceMs = nowMs;
    this.held += count;
    if (this.held >= this.credit) this.isUsedUp = true;
  }

  /** Deliveries were settled or taken back. */
  gave(count: number, nowMs: number): void {
    this.held -= count;
    this.settledEvents += count;
    if (this.held === 0) this.passed(nowMs);
  }

  /** Deliveries went away without any work. */
  lost(count: number): void {
    this.held -= count;
  }

  /** Nothing is left to begin while a handler is free. */
  ranDry(nowMs: number): void {
    if (this.isFixed || !this.isUsedUp) return;
    this.isUsedUp = false;
    this.passed(nowMs);
    this.credit = Math.max(this.credit, Math.min(this.credit * 2, this.limit));
  }

  /** Lowers the credit if the handlers have become slow. */
  private review(nowMs: number): void {
    if (this.isFixed || this.credit <= this.concurrency) return;
    this.passed(nowMs);
    const { limit } = this;
    if (this.credit > limit * 2) this.credit = limit;
  }

  /** What the handlers do in 20 ms; while that is not known, no limit. */
  private get limit(): number {
    if (this.settledEvents < knownEvents && this.busyMs < knownMs) return autoCreditMax;
    const ahead = Math.ceil((this.settledEvents / Math.max(this.busyMs, 0.001)) * aheadMs);
    return Math.max(this.concurrency, Math.min(ahead, autoCreditMax));
  }

  private passed(nowMs: number): void {
    this.busyMs += Math.max(0, nowMs - this.busySinceMs);
    this.busySinceMs = nowMs;
    if (this.busyMs > memoryMs) {
      this.busyMs /= 2;
      this.settledEvents /= 2;
    }
  }
}
