import { nowMs } from "./clock.js";
import { channelsOf, numberOf, type Order } from "./load.js";
import type { FlowScenario } from "./scenario.js";

/** What a receiver saw of one round. */
export interface Share {
  readonly count: number;
  /** When the last event of the round came, on the machine's clock. */
  readonly lastMs: number;
  /** Where one receiver gets each event: one bit for each number that came here. */
  readonly seen?: Uint8Array;
}

/**
 * Checks every event that a receiver gets: none may be lost, come twice or come out of order.
 *
 * With one channel all numbers must come in a row; with many, those of each channel must. Where the
 * receivers share the events, each number comes to one of them, so each marks what it saw and the
 * union is checked afterwards.
 */
export class Arrivals {
  readonly #scenario: FlowScenario;
  readonly #channels: readonly string[];
  /** The next number of each channel. */
  readonly #next: Float64Array;
  readonly #onComplete: () => void;
  readonly #onFailed: (why: string) => void;
  #roundCount = 0;
  #count = 0;
  #lastMs = 0;
  #stampDue = false;
  #seen: Uint8Array | undefined;

  constructor(
    scenario: FlowScenario,
    heed: { readonly onComplete: () => void; readonly onFailed: (why: string) => void },
  ) {
    this.#scenario = scenario;
    this.#channels = channelsOf(scenario);
    this.#next = new Float64Array(this.#channels.length);
    this.#onComplete = heed.onComplete;
    this.#onFailed = heed.onFailed;
  }

  get count(): number {
    return this.#count;
  }

  /** Begins a round of `count` events, numbered from 0. */
  begin(count: number): void {
    this.#roundCount = count;
    this.#count = 0;
    this.#next.forEach((_, index) => (this.#next[index] = index));
    if (this.#scenario.sharing === "one") this.#seen = new Uint8Array(Math.ceil(count / 8));
  }

  share(): Share {
    const base = { count: this.#count, lastMs: this.#lastMs };
    return this.#seen === undefined ? base : { ...base, seen: this.#seen };
  }

  takeBytes(body: Uint8Array): void {
    if (body.length !== this.#scenario.bodyBytes) {
      this.#onFailed(`a body has ${body.length} bytes instead of ${this.#scenario.bodyBytes}`);
    }
    this.#take(numberOf(body));
  }

  takeObject(body: Order): void {
    this.#take(body.seq);
  }

  /** Takes an event whose channel counts too: it must be the one that its number stands for. */
  takeOn(channel: string, body: Uint8Array): void {
    const number = numberOf(body);
    const expected = this.#channels[number % this.#channels.length];
    if (channel !== expected) this.#onFailed(`event ${number} came on ${channel}: ${expected}`);
    this.#take(number);
  }

  #take(number: number): void {
    if (this.#seen !== undefined) return this.#takeShared(number, this.#seen);
    const turn = number % this.#next.length;
    if (number !== this.#next[turn] || number >= this.#roundCount) {
      this.#onFailed(
        `event ${number} came where ${this.#next[turn]} of ${this.#roundCount} was due`,
      );
      return;
    }
    this.#next[turn] = number + this.#next.length;
    if (++this.#count < this.#roundCount) return;
    this.#lastMs = nowMs();
    this.#onComplete();
  }

  #takeShared(number: number, seen: Uint8Array): void {
    const bit = 1 << (number & 7);
    if (number >= this.#roundCount || (seen[number >> 3]! & bit) !== 0) {
      this.#onFailed(`event ${number} of ${this.#roundCount} came twice`);
      return;
    }
    seen[number >> 3]! |= bit;
    this.#count++;
    // Which event is the last is not known here: the time is taken once after each burst.
    if (this.#stampDue) return;
    this.#stampDue = true;
    setImmediate(() => {
      this.#stampDue = false;
      this.#lastMs = nowMs();
    });
  }
}

/**
 * Checks that the receivers' shares together are exactly the round.
 *
 * @throws {Error} that names the first number that came to none or to two.
 */
export function checkUnion(shares: readonly Share[], count: number): void {
  const union = new Uint8Array(Math.ceil(count / 8));
  let seenCount = 0;
  for (const share of shares) {
    seenCount += share.count;
    share.seen?.forEach((bits, index) => {
      const twice = union[index]! & bits;
      if (twice !== 0) throw new Error(`an event came twice, near number ${index * 8}`);
      union[index]! |= bits;
    });
  }
  if (seenCount !== count) throw new Error(`${seenCount} events came of ${count}`);
}

/** How far the shares are from equal: the largest distance from the mean ÷ the mean. */
export function deviationOf(counts: readonly number[]): number {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return Math.max(...counts.map((count) => Math.abs(count - mean))) / mean;
}
