import fc from "fast-check";

/** Where a generator takes its chance from. */
export interface Dice {
  /** An integer 0 … `sides` − 1. */
  roll(sides: number): number;
}

/** Dice whose throws follow from the seed: the same ones each time. */
export function seededDice(seed: number): Dice {
  let state = seed >>> 0;
  return {
    // Mulberry32: one multiplication deep, which is all that picking bytes needs.
    roll: (sides) => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
    },
  };
}

/** Dice thrown by fast-check, which then shrinks what was made of them. */
export const shrinkingDice: fc.Arbitrary<Dice> = fc
  .gen()
  .map((gen) => ({ roll: (sides: number) => gen(fc.nat, { max: sides - 1 }) }));

/** One of the items. */
export function pick<Item>(dice: Dice, items: readonly Item[]): Item {
  return items[dice.roll(items.length)] as Item;
}

/** Whether a throw of one in `sides` came. */
export function oneIn(dice: Dice, sides: number): boolean {
  return dice.roll(sides) === 0;
}

/** Bytes of any kind, at most `lengthMax`. */
export function anyBytes(dice: Dice, lengthMax: number): Buffer {
  const bytes = Buffer.allocUnsafe(dice.roll(lengthMax + 1));
  for (let at = 0; at < bytes.length; at++) bytes[at] = dice.roll(256);
  return bytes;
}
