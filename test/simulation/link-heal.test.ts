import { expect } from "chai";

import { SeededRandom } from "./random.js";
import { addresses } from "./rolling-world.js";
import type { TransmitterProcess } from "./transmitter-process.js";
import { World } from "./world.js";

const used = addresses.slice(0, 3);
const [cutAtMs, healMsMax, seeds] = [2000, 2000, 60];

/*
 * Goal:   two transmitters are linked again 2 s after the way between them has healed, at most,
 *         whatever the cut took away, and for however long.
 * Method: three transmitters on the virtual network, whose connections end as those of Linux and
 *         ZeroMQ do: the SUB of a link learns of it late. No cells.
 * Replay: npm run test:simulation -- --grep "a link that heals"
 */
describe("simulation: a link that heals", () => {
  for (const ways of ["both ways", "one way"] as const) {
    it(`is up within ${healMsMax} ms after a cut of ${ways}`, () => {
      const slow: string[] = [];
      for (let seed = 1; seed <= seeds; seed++) {
        const durationMs = SeededRandom.forked(seed, "heal").between(1300, 9000);
        const healMs = healing(seed, durationMs, ways === "both ways");
        if (healMs > healMsMax) slow.push(`seed ${seed}: ${healMs} ms after ${durationMs}`);
      }
      expect(slow).to.deep.equal([]);
    });
  }
});

/** How long two of three transmitters take to be linked again after a cut, in ms. */
function healing(seed: number, durationMs: number, isBothWays: boolean): number {
  const network = { delayMinMs: 0.05, delayMaxMs: 2, lateShare: 0 };
  const pipes = { eventPipeMax: 1024, linkPipeMax: 1024 };
  const world = new World({ seed, network: { ...network, ...pipes }, turnMsMax: 1, limits: {} });
  const [one, other] = used.map((address) => world.startTransmitter(address, used)) as [
    TransmitterProcess,
    TransmitterProcess,
  ];
  const areLinked = (): boolean => isLinked(one, other) && isLinked(other, one);
  world.run(cutAtMs);
  expect(areLinked(), `linked before the cut of seed ${seed}`).to.equal(true);
  world.network.cutBetween(one.process, other.process, durationMs);
  if (isBothWays) world.network.cutBetween(other.process, one.process, durationMs);
  const healedMs = cutAtMs + durationMs;
  world.run(healedMs);
  while (!areLinked() && world.nowMs < healedMs + 60_000) world.run(world.nowMs + 10);
  return Math.round(world.nowMs - healedMs);
}

function isLinked({ core }: TransmitterProcess, { terms }: TransmitterProcess): boolean {
  return core.seat.mesh?.peering.isUp(terms.id as never) === true;
}
