import { expect } from "chai";

import { Faults } from "./faults.js";
import { addresses } from "./rolling-world.js";
import type { TransmitterProcess } from "./transmitter-process.js";
import { differentViews } from "./views.js";
import { World } from "./world.js";

const [one, other, copy] = addresses as [string, string, string];

/** With what the one that was copied is started again, with which seed it is, and who ends then. */
const rows = [
  ["its id", 2, [one]],
  ["another id", 1, []],
] as const;

/*
 * Goal:   a transmitter with the id of another one ends when they meet; and where it has run for
 *         longer, since the other one died before, whoever starts that one again ends it (§19.4).
 * Method: one of two transmitters lives on, or is killed at once, when a copy of it is started that
 *         knows its address alone; what died is started again 3 s later.
 * Replay: npm run test:simulation -- --grep "the id of another one"
 */
describe("simulation: a transmitter with the id of another one", () => {
  it("ends when it meets that one", () => {
    const { world, ended } = start(1);
    world.run(6000);

    expect(ended).to.deep.equal([copy]);
    expectMesh(world);
  });

  for (const [what, seed, stops] of rows) {
    it(`is ended where it met nobody, when that one is started with ${what}`, () => {
      const { world, original, faults, ended } = start(seed);
      original.kill();
      world.run(6000);
      faults.heal();
      world.run(90_000);

      expect(world.transmitters.get(one)?.terms.id === original.terms.id).to.equal(
        what === "its id",
      );
      expect(ended).to.deep.equal(stops);
      expectMesh(world);
    });
  }
});

interface Start {
  readonly world: World;
  readonly original: TransmitterProcess;
  readonly faults: Faults;
  /** Addresses of those that ended because of a twin. */
  readonly ended: readonly string[];
}

function start(seed: number): Start {
  const world = new World({
    ...{ seed, turnMsMax: 1, limits: {} },
    network: {
      ...{ delayMinMs: 0.05, delayMaxMs: 2, lateShare: 0 },
      ...{ eventPipeMax: 1024, linkPipeMax: 1024 },
    },
  });
  const faults = new Faults(world);
  const ended: string[] = [];
  const { onTwin } = world;
  world.onTwin = (transmitter) => {
    ended.push(transmitter.terms.address);
    onTwin(transmitter);
  };
  const original = world.startTransmitter(one, [other]);
  world.startTransmitter(other, [one]);
  world.run(3000);
  world.startTwin(copy, [one], original.terms.id);
  return { world, original, faults, ended };
}

function expectMesh(world: World): void {
  expect(differentViews(world)).to.equal(undefined);
  expect(world.checker.violations).to.deep.equal([]);
}
