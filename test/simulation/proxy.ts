import type { SeededRandom } from "./random.js";

/** Shares of messages, 0 … 1, that a proxy does something to. */
export interface ProxyTerms {
  readonly dropShare: number;
  readonly doubleShare: number;
  /** Of those that it keeps for a while, so that others overtake them. */
  readonly lateShare: number;
}

/** How long a proxy keeps a message at most, in ms. */
const lateMsMax = 60;

/** Something between two transmitters that drops, doubles and reorders what it passes on. */
export class Proxy {
  /** What it did, and how often. */
  readonly done = { dropped: 0, doubled: 0, late: 0 };
  private terms: ProxyTerms | undefined;
  private readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  /** From now on it does so; without terms it passes everything on. */
  set(terms: ProxyTerms | undefined): void {
    this.terms = terms;
  }

  /** After how many ms each copy of a message is passed on; 0 is in its turn. */
  copies(): readonly number[] {
    const { terms, random } = this;
    if (terms === undefined) return inTurn;
    let chance = random.float();
    if (chance < terms.dropShare) {
      this.done.dropped++;
      return [];
    }
    chance -= terms.dropShare;
    if (chance < terms.doubleShare) {
      this.done.doubled++;
      return [0, random.between(0, lateMsMax)];
    }
    if (chance - terms.doubleShare >= terms.lateShare) return inTurn;
    this.done.late++;
    return [random.between(0, lateMsMax)];
  }
}

const inTurn: readonly number[] = [0];
