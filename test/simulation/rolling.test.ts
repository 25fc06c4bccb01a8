import { expect } from "chai";

import type { LogRecord } from "./log.js";
import type { CatchPlan, SendPlan } from "./plan.js";
import { drained } from "./rest.js";
import type { TransmitterProcess } from "./transmitter-process.js";
import { World } from "./world.js";

const addresses = ["sim://1", "sim://2", "sim://3"];
/** When the first transmitter drains, and how much later each of the others. */
const [firstMs, everyMs] = [1200, 900];
const endMs = firstMs + addresses.length * everyMs;

const works: CatchPlan = {
  ...{ mode: "any", pattern: "orders.*", concurrency: 64, workMs: 2, grainMs: 1 },
  ...{ credit: undefined, redeliver: true, affinity: false, attemptsMax: 5, ackTimeoutMs: 30_000 },
  ...{ fates: { ack: 1 }, outputChannels: [], bufferBytesMax: 1, dropOldest: false },
};
const sends: SendPlan = {
  ...{ channels: ["orders.created"], isMixed: false, pace: "flood", everyMs: 4, burstMax: 6 },
  ...{ paddingMax: 0, keys: [], keyShare: 0, headersShare: 0, ttlShare: 0, sameShare: 0 },
  ...{ askShare: 0, gatherShare: 0 },
};

/*
 * Goal:   whoever restarts all transmitters, one after the other, loses nothing and repeats nothing.
 * Method: a calm world of three; each drains and is started again while events flow everywhere. A
 *         restart is no excuse here, so begun handlers are counted apart from the checker.
 */
describe("simulation: a rolling restart", () => {
  for (const seed of [1, 2]) {
    it(`loses nothing and repeats nothing (seed ${seed})`, () => {
      const begun = new Map<string, number>();
      const world = new World({
        seed,
        network: {
          ...{ delayMinMs: 0.05, delayMaxMs: 4, lateShare: 0 },
          ...{ eventPipeMax: 1024, linkPipeMax: 1024 },
        },
        turnMsMax: 1,
        limits: {},
        onRecord: ({ action, id }: LogRecord) => {
          if (action === "begun") begun.set(id, (begun.get(id) ?? 0) + 1);
        },
      });
      populate(world);
      addresses.forEach((address, at) => {
        world.agenda.at(firstMs + at * everyMs, () => restart(world, address));
      });
      world.run(endMs);
      let waits: string | undefined = "it begins";
      while (waits !== undefined && world.nowMs < endMs + 10_000) {
        world.run(world.nowMs + 100);
        waits = drained(world);
      }

      expect(waits).to.equal(undefined);
      expect(world.checker.violations).to.deep.equal([]);
      expect(begun.size).to.equal(world.events);
      expect([...begun].filter(([, times]) => times > 1)).to.deep.equal([]);
    }).timeout(120_000);
  }
});

/** Transmitters, two cells that work at each of them, and then one that sends. */
function populate(world: World): void {
  for (const address of addresses) world.startTransmitter(address, othersOf(address));
  const homes = addresses.keys();
  for (const home of [...homes, ...addresses.keys()]) {
    world.startCell({ service: "billing", home, catches: [works], sends: undefined });
  }
  world.run(firstMs / 2);
  for (const home of addresses.keys()) {
    world.startCell({ service: "shop", home, catches: [], sends });
  }
  world.isOver = () => world.nowMs >= endMs;
}

/** It drains, and is started again when that is over. */
function restart(world: World, address: string): void {
  const transmitter = world.transmitters.get(address) as TransmitterProcess;
  transmitter.onStopped = () => {
    world.agenda.in(20, () => {
      transmitter.kill();
      world.agenda.in(100, () => void world.startTransmitter(address, othersOf(address)));
    });
  };
  transmitter.drain();
}

function othersOf(address: string): string[] {
  return addresses.filter((other) => other !== address);
}
