import { expect } from "chai";

import { type RollingTerms, runRolling } from "./rolling-world.js";
import type { World } from "./world.js";

/** What a restart is like, and seeds of it. */
const restarts: readonly (readonly [
  what: string,
  terms: RollingTerms,
  seeds: readonly number[],
])[] = [
  ["", {}, [1, 2]],
  [
    " while handlers outlast every drain",
    {
      works: { workMs: 400, concurrency: 200 },
      sends: { everyMs: 10 },
      limits: { drainTimeoutMs: 700 },
    },
    [1],
  ],
  [
    " under more load than a drain has time for",
    { works: { workMs: 40, concurrency: 4 }, limits: { drainTimeoutMs: 600 } },
    [2],
  ],
  [
    " that has no time for drains at all",
    {
      works: { workMs: 40, concurrency: 4 },
      sends: { everyMs: 10 },
      limits: { drainTimeoutMs: 0 },
    },
    [1],
  ],
  [" while what transmitters say to each other comes late", { trouble: stallLinks }, [8]],
];

/*
 * Goal:   whoever restarts all transmitters, one after the other, loses nothing and repeats nothing:
 *         also where a drain runs out of time, as long as nobody dies.
 * Method: a world of three; each drains and is started again while events flow everywhere. A
 *         restart is no excuse here, so begun handlers are counted apart from the checker.
 */
describe("simulation: a rolling restart", () => {
  for (const [what, terms, seeds] of restarts) {
    for (const seed of seeds) {
      it(`loses nothing and repeats nothing${what} (seed ${seed})`, () => {
        const { world, waits, begun } = runRolling(seed, terms);

        expect(waits).to.equal(undefined);
        expect(world.checker.violations).to.deep.equal([]);
        expect(begun.size).to.equal(world.events);
        expect([...begun].filter(([, times]) => times.length > 1)).to.deep.equal([]);
      }).timeout(120_000);
    }
  }
});

/** Soon after a restart has begun, two transmitters hear each other late. */
function stallLinks(world: World): void {
  const random = world.random(`stalls at ${world.nowMs}`);
  world.agenda.in(random.between(0, 800), () => {
    const [one, other] = [random.int(0, 2), random.int(1, 2)];
    const all = [...world.transmitters.values()].map(({ process }) => process);
    const [from, to] = [all[one], all[(one + other) % all.length]];
    if (from !== undefined && to !== undefined) {
      world.network.stallBetween(from, to, random.between(100, 900));
    }
  });
}
