import { type Run, readRun, sliceRun } from "@thynapse/protocol";
import type { Counters } from "../counters.js";

/** An event that a group has given up. */
export interface DeadLetter {
  readonly letter: number;
  readonly service: string;
  readonly pattern: string;
  readonly reason: string;
  readonly attempts: number;
  /** Wall clock, ms since 1970. */
  readonly atMs: number;
  /** A run of this one event. */
  readonly run: Run;
}

const noPrefix = new Uint8Array(0);

/**
 * The dead letters of a transmitter, bounded in number and bytes: at the bound the oldest go,
 * counted.
 */
export class DeadLetters {
  bytes = 0;
  private readonly byNumber = new Map<number, DeadLetter>();
  private nextLetter = 1;
  /** None that is kept has a lower number. */
  private oldest = 1;
  private readonly countMax: number;
  private readonly bytesMax: number;
  private readonly counters: Counters;

  constructor(
    bounds: { readonly countMax: number; readonly bytesMax: number },
    counters: Counters,
  ) {
    this.countMax = bounds.countMax;
    this.bytesMax = bounds.bytesMax;
    this.counters = counters;
  }

  get count(): number {
    return this.byNumber.size;
  }

  /** Keeps event `index` of `run`, copied out of it. */
  add(run: Run, index: number, fate: Omit<DeadLetter, "letter" | "run">): DeadLetter {
    const copy = readRun(sliceRun(run, [index], noPrefix), 0).kept();
    const letter = { ...fate, letter: this.nextLetter++, run: copy };
    this.byNumber.set(letter.letter, letter);
    this.bytes += copy.bytes.length;
    this.counters.add("deadLetters");
    while (this.byNumber.size > this.countMax || this.bytes > this.bytesMax) {
      if (this.remove(this.oldest++) !== undefined) this.counters.add("deadLettersEvicted");
    }
    return letter;
  }

  get(letter: number): DeadLetter | undefined {
    return this.byNumber.get(letter);
  }

  remove(letter: number): DeadLetter | undefined {
    const removed = this.byNumber.get(letter);
    if (removed === undefined) return undefined;
    this.byNumber.delete(letter);
    this.bytes -= removed.run.bytes.length;
    return removed;
  }

  /** The letters of a service, or of all, oldest first. */
  list(service: string | undefined): DeadLetter[] {
    const letters = [...this.byNumber.values()];
    return service === undefined ? letters : letters.filter((it) => it.service === service);
  }
}
