import { expect } from "chai";

import { formulaBytes, pingBytesPerSecond } from "../mesh/proofs/formula.js";
import { World } from "./world.js";

const count = 20;
/** With this, what so many do at rest takes half of two cores. */
const jobMs = 1000 / (4 * count * (count - 1));
const metMs = 10_000;
const watchedMs = 2000;

/*
 * Goal:   many transmitters that start at once on a machine that is hardly fast enough for them come
 *         to rest: what comes late must not make more come late.
 * Method: a calm world whose transmitters share two cores. At rest they need half of them; what they
 *         have to do until all have met is more than there is time for.
 */
describe("simulation: a crowd of transmitters", () => {
  it("that start at once on two cores see each other soon, and then say what the formula says", () => {
    const world = crowd();

    world.run(metMs);
    const meshes = [...world.transmitters.values()].map(({ core }) => core.seat.mesh);
    const all = meshes.map(() => count - 1);
    expect(meshes.map((mesh) => mesh?.liveMembers().length)).to.deep.equal(all);
    expect(meshes.map((mesh) => mesh?.linkedPeers().length)).to.deep.equal(all);

    const before = world.network.linkBytes;
    world.run(metMs + watchedMs);
    const bytesPerSecond = (world.network.linkBytes - before) / (watchedMs / 1000);
    const saidPerSecond = formulaBytes(count) - count * (count - 1) * pingBytesPerSecond;
    expect(bytesPerSecond / saidPerSecond).to.be.within(0.8, 1.2);
  }).timeout(60_000);
});

/** One is there, and then all others are at once; each is told of the first one only. */
function crowd(): World {
  const world = new World({
    seed: 1,
    network: {
      ...{ delayMinMs: 0.05, delayMaxMs: 4, lateShare: 0 },
      ...{ eventPipeMax: 1024, linkPipeMax: 1024 },
    },
    turnMsMax: 1,
    cores: { count: 2, jobMs },
    limits: {},
  });
  const first = "sim://0";
  world.startTransmitter(first);
  world.run(200);
  for (let at = 1; at < count; at++) world.startTransmitter(`sim://${at}`, [first]);
  return world;
}
