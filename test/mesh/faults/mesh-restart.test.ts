import { expect } from "chai";

import { eventually } from "../../support/eventually.js";
import { whole } from "../proofs/views.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import { handledEvents, lostOf, twiceOf, unmarkedOf } from "./handlings.js";

describe("faults: all transmitters are killed at once, and started again", () => {
  afterEach(endMeshes);

  it("under load: nothing that was confirmed as handled is lost, and in the end everything is handled", async function () {
    this.timeout(90_000);
    const mesh = await FaultMesh.start({}, {}, {});
    const addresses = mesh.transmitters.map(({ command }) => command);
    await whole(addresses);
    const options = { concurrency: 8 };
    for (const home of mesh.transmitters) {
      await mesh.seatGroup("billing", 1, { pattern: "orders.*", options, workMs: 5, home });
    }
    const senders = await Promise.all(
      mesh.transmitters.map((home) => mesh.seatOne("shop", { home })),
    );
    const load = { channel: "orders.created", count: 600, perSecond: 200 };
    const sending = senders.map((sender) => sender.tell("send", load));
    await eventually(() => {
      const events = [...handledEvents(mesh.records()).values()];
      expect(events.filter(({ acked }) => acked.length > 0).length).to.be.at.least(300);
    });

    await Promise.all(mesh.transmitters.map((transmitter) => transmitter.kill()));
    await Promise.all(mesh.transmitters.map((transmitter) => mesh.startAgain(transmitter)));
    await whole(addresses);
    const reports = await Promise.all(sending);

    expect(reports.flatMap(({ refused }) => refused)).to.deep.equal([]);
    expect(await mesh.violations()).to.deep.equal([]);
    const events = handledEvents(mesh.records());
    expect([events.size, lostOf(events)]).to.deep.equal([1800, []]);
    const twice = twiceOf(events);
    console.log(`      ${twice.length} of ${events.size} events were handled again, marked`);
    expect(unmarkedOf(events)).to.deep.equal([]);
  });
});
