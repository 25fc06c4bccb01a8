import { expect } from "chai";

import type { World } from "./world.js";
import { runSuccession, type SuccessionTerms } from "./succession-world.js";

/** What a drain is like, and seeds of it. */
const drains: readonly (readonly [
  what: string,
  terms: SuccessionTerms,
  seeds: readonly number[],
])[] = [
  [
    "with a slow group elsewhere",
    { workersAt: [1, 2], works: slow(), areSendersGone: true },
    [1, 2, 3],
  ],
  [
    "with a slow group whose cells are here, too",
    { workersAt: [0, 0, 1], works: slow(), areSendersGone: true },
    [1, 2, 3],
  ],
  [
    "with a slow group of which all cells are here",
    { workersAt: [0, 0], works: slow(), areSendersGone: true },
    [1, 2, 3],
  ],
  [
    "with a slow group, while senders go on elsewhere",
    { workersAt: [0, 1], works: slow(), areSendersGone: false },
    [1, 2, 3],
  ],
  [
    "with a group that has no cells",
    { workersAt: [0, 1], isDeserted: true, areSendersGone: true },
    [1, 2, 3],
  ],
  [
    "with a slow group that gets nothing twice",
    { workersAt: [0, 1, 2], works: { ...slow(), redeliver: false }, areSendersGone: true },
    [1, 2],
  ],
  [
    "with a slow group whose cells own keys",
    {
      ...{ workersAt: [0, 1, 2], works: { ...slow(), affinity: true } },
      ...{ sends: { keys: ["a", "b", "c"], keyShare: 0.7 }, areSendersGone: true },
    },
    [1, 2],
  ],
  [
    "while transmitters hear each other late",
    { workersAt: [0, 1, 2], works: slow(), areSendersGone: true, trouble: stallLinks },
    [1, 2],
  ],
  [
    "while the successors drain, too",
    { workersAt: [0, 1, 2], works: slow(), areSendersGone: true, drains: 3 },
    [1, 2, 3],
  ],
  [
    "with outputs for a slow group",
    {
      ...{ workersAt: [0, 1], works: { fates: { output: 1 }, outputChannels: ["later.x"] } },
      ...{ also: { ...slow(), pattern: "later.*" }, areSendersGone: true },
    },
    [1, 2, 3],
  ],
];

/*
 * Goal:   what a transmitter accepted that drains, and whose time is over, is handled by another one,
 *         once: also where the sender is gone, and where the transmitter has numbered it itself.
 * Method: a world of three; the first drains with less time than its events need. The checker demands
 *         an outcome of each accepted event; who began twice is counted apart.
 */
describe("simulation: a drain that runs out of time", () => {
  for (const [what, terms, seeds] of drains) {
    for (const seed of seeds) {
      it(`loses nothing and repeats nothing ${what} (seed ${seed})`, () => {
        const { world, waits, begun, accepted, inherited } = runSuccession(seed, terms);

        expect(waits).to.equal(undefined);
        expect(world.checker.violations).to.deep.equal([]);
        expect([...begun].filter(([, times]) => times > 1)).to.deep.equal([]);
        const handled = new Set([...begun.keys()].map((name) => name.split(" ")[0]));
        expect([...accepted].filter((id) => !handled.has(id))).to.deep.equal([]);
        // Who lives repeats elsewhere what is unconfirmed: nobody else need do so.
        expect(inherited > 0).to.equal(terms.areSendersGone);
      }).timeout(120_000);
    }
  }
});

/** The one that drains is heard late by one, and hears another one late. */
function stallLinks({ transmitters, network }: World): void {
  const [first, second, third] = [...transmitters.values()].map(({ process }) => process);
  if (first === undefined || second === undefined || third === undefined) return;
  network.stallBetween(first, second, 600);
  network.stallBetween(third, first, 900);
}

function slow(): NonNullable<SuccessionTerms["works"]> {
  return { workMs: 60, concurrency: 2 };
}
