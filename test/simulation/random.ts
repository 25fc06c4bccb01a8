/**
 * Draws everything that a simulation leaves to chance, from one seed: the same seed gives the same
 * draws for ever.
 *
 * The generator is sfc32: small, fast, and more than good enough to choose faults with. `fork`
 * makes an independent one, so that a change in what one part of a scenario draws does not shift
 * what the others do.
 */
export class SeededRandom {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number, label = "") {
    let hash = 2166136261 ^ seed;
    for (let at = 0; at < label.length; at++) {
      hash = Math.imul(hash ^ label.charCodeAt(at), 16777619);
    }
    this.a = hash | 0;
    this.b = seed | 0;
    this.c = Math.imul(seed, 0x9e3779b1) | 0;
    for (let round = 0; round < 15; round++) this.bits();
  }

  /** A generator of its own, named: it draws the same whatever this one has drawn before. */
  static forked(seed: number, label: string): SeededRandom {
    return new SeededRandom(seed, label);
  }

  /** A number 0 … 1, 1 excluded. */
  float(): number {
    return this.bits() / 0x1_0000_0000;
  }

  /** A number `min` … `max`. */
  between(min: number, max: number): number {
    return min + this.float() * (max - min);
  }

  /** A whole number `min` … `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.float() * (max - min + 1));
  }

  /** True in `share` of all draws. */
  chance(share: number): boolean {
    return this.float() < share;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.float() * items.length)] as Item;
  }

  /** Picks by weight: what has none is never picked. */
  weighted<Name extends string>(weights: Readonly<Partial<Record<Name, number>>>): Name {
    const { rows, total } = scaleOf(weights);
    let at = this.float() * total;
    for (const [name, weight] of rows) {
      at -= weight;
      if (at < 0) return name as Name;
    }
    return (rows[0] as Row)[0] as Name;
  }

  /** A waiting time with this mean: many short ones, few long ones. */
  waitMs(meanMs: number): number {
    return -Math.log(1 - this.float()) * meanMs;
  }

  /** Hexadecimal digits. */
  hex(bits: number): string {
    let digits = "";
    while (digits.length * 4 < bits) digits += this.bits().toString(16).padStart(8, "0");
    return digits.slice(0, bits / 4);
  }

  private bits(): number {
    const sum = (this.a + this.b + this.counter++) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    return sum >>> 0;
  }
}

type Row = readonly [name: string, weight: number];

interface Scale {
  readonly rows: readonly Row[];
  readonly total: number;
}

const scales = new WeakMap<object, Scale>();

function scaleOf(weights: Readonly<Record<string, number | undefined>>): Scale {
  let scale = scales.get(weights);
  if (scale === undefined) {
    const rows = Object.entries(weights) as [string, number][];
    scale = { rows, total: rows.reduce((sum, [, weight]) => sum + weight, 0) };
    scales.set(weights, scale);
  }
  return scale;
}
