import type { Clock } from "@thynapse/cell-sdk";

interface Alarm {
  readonly dueMs: number;
  readonly order: number;
  readonly act: () => void;
}

/** A day on which nothing happened, in ms since 1970: when a virtual mesh believes to begin. */
const beginMs = Date.UTC(2026, 0, 1);

/** A clock that stands still until it is told to go on, and chance that repeats. */
export class VirtualClock implements Clock {
  private timeMs = 0;
  private order = 0;
  private state: number;
  private touched = false;
  private readonly alarms = new Set<Alarm>();

  constructor(seed: number) {
    this.state = seed | 0;
  }

  nowMs(): number {
    return this.timeMs;
  }

  wallMs(): number {
    return beginMs + this.timeMs;
  }

  after(delayMs: number, act: () => void): () => void {
    const alarm = { dueMs: this.timeMs + delayMs, order: this.order++, act };
    this.alarms.add(alarm);
    return () => void this.alarms.delete(alarm);
  }

  /** A number from 0 up to, not including, 1: mulberry32. */
  random(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Hexadecimal digits for `bits`. Anybody who knows the seed can guess them. */
  hex(bits: number): string {
    let text = "";
    while (text.length < bits / 4) text += Math.floor(this.random() * 16).toString(16);
    return text;
  }

  /**
   * Goes on to the next alarm, and lets it ring.
   *
   * @returns false if there is none until `untilMs`, which is then the time.
   */
  step(untilMs: number): boolean {
    let next: Alarm | undefined;
    for (const alarm of this.alarms) {
      if (next === undefined || isBefore(alarm, next)) next = alarm;
    }
    if (next === undefined || next.dueMs > untilMs) {
      this.timeMs = untilMs;
      return false;
    }
    this.alarms.delete(next);
    this.timeMs = Math.max(this.timeMs, next.dueMs);
    next.act();
    return true;
  }

  /** Something happened. */
  touch(): void {
    this.touched = true;
  }

  /** Tells whether something has happened since the last call. */
  takeTouched(): boolean {
    const { touched } = this;
    this.touched = false;
    return touched;
  }
}

function isBefore(one: Alarm, other: Alarm): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}
