import { createConnection } from "node:net";
import { expect } from "chai";

import { eventually } from "../../support/eventually.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import { handledEvents, lostOf, twiceOf } from "./handlings.js";

const channel = "orders.created";

/* How the transmitter itself takes it is told by `mesh/open-files.test.ts`. */
describe("faults: a transmitter that may open no more files", () => {
  afterEach(endMeshes);

  it("serves the cells that it has, and takes others again when strangers have gone", async () => {
    const mesh = await FaultMesh.start({ filesMax: 64 });
    await mesh.seatGroup("billing", 2, { pattern: "orders.*" });
    const sender = await mesh.seatOne("shop");
    const port = Number(mesh.command.split(":")[2]);

    const strangers = Array.from({ length: 100 }, () =>
      createConnection(port, "127.0.0.1").on("error", () => {}),
    );
    const during = await sender.tell("send", { channel, count: 500, perSecond: 500 });
    for (const stranger of strangers) stranger.destroy();
    const after = await eventually(() => mesh.seatOne("shop"), { withinMs: 15_000 });
    await after.tell("send", { channel, count: 1 });

    expect(during.refused).to.deep.equal([]);
    expect(await mesh.violations()).to.deep.equal([]);
    const events = handledEvents(mesh.records());
    expect(events.size).to.equal(501);
    expect(lostOf(events)).to.deep.equal([]);
    // It ends the connections of its cells too, and with them acks that are on their way.
    for (const { begun } of twiceOf(events)) expect(begun[1]?.repeat).to.equal(true);
  });
});
