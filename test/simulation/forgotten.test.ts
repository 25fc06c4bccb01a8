import { expect } from "chai";

import type { TransmitterCore } from "../../transmitter/dist/core/transmitter-core.js";
import { addresses, calmWork } from "./rolling-world.js";
import { World } from "./world.js";

const used = addresses.slice(0, 2);
const forgetMs = 5000;

/*
 * Goal:   whoever starts transmitters again and again, each with an id of its own, does not fill
 *         those that live: what is kept of a dead one goes when the mesh has forgotten it.
 * Method: one of two transmitters, at which a cell multicatches, is killed and started anew.
 * Replay: npm run test:simulation -- --grep "dead for long"
 */
describe("simulation: transmitters that are dead for long", () => {
  it("are no more in the routes of the others, which keep those of the living", () => {
    const world = new World({
      ...{ seed: 1, turnMsMax: 1, limits: { linkForgetMs: forgetMs } },
      network: {
        ...{ delayMinMs: 0.05, delayMaxMs: 2, lateShare: 0 },
        ...{ eventPipeMax: 1024, linkPipeMax: 1024 },
      },
    });
    const [near, far] = used.map((address) => world.startTransmitter(address, used));
    const watch = { ...calmWork, mode: "multi" as const, bufferBytesMax: 1024 };
    world.startCell({ service: "watch", home: 1, catches: [watch], sends: undefined });
    world.run(1000);
    expect(sitesOf(near!.core)).to.deep.equal([far?.terms.id]);

    far?.kill();
    world.run(3000);
    const again = world.startTransmitter(used[1] as string, used);
    world.startCell({ service: "watch", home: 1, catches: [watch], sends: undefined });
    world.run(5000);
    expect(sitesOf(near!.core)).to.have.members([far?.terms.id, again.terms.id]);

    world.run(2500 + forgetMs);
    expect(sitesOf(near!.core)).to.deep.equal([again.terms.id]);
    expect(world.checker.violations).to.deep.equal([]);
  });
});

/** The transmitters to which events go, or for which they are counted. */
function sitesOf(core: TransmitterCore): string[] {
  const { routes } = core as unknown as {
    readonly routes: { resolve(channel: string): { sites: { site: { id: string } }[] } };
  };
  return routes.resolve("orders.created").sites.map(({ site }) => site.id);
}
