import { randomThid } from "@thynapse/protocol";
import { expect } from "chai";

import { aliveAt, whole } from "../proofs/views.js";
import { eventually } from "../../support/eventually.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import { FaultTransmitter } from "./fault-transmitter.js";
import { handledEvents, lostOf, twiceOf } from "./handlings.js";

/** How long a second one may take to find out, from its start. */
const knownMs = 2000;

describe("faults: two transmitters with one id", () => {
  afterEach(endMeshes);

  it("the one that has run for less time ends with code 5, and the first loses nothing", async () => {
    const flags = ["--id", randomThid()];
    const mesh = await FaultMesh.start({ flags }, {}, {});
    const [first, other] = mesh.transmitters as [FaultTransmitter, FaultTransmitter];
    await whole(mesh.transmitters.map(({ command }) => command));
    await mesh.seatGroup("billing", 2, { pattern: "orders.*" });
    const sender = await mesh.seatOne("shop");
    const load = { channel: "orders.created", count: 600, perSecond: 200 };
    const sending = sender.tell("send", load);

    const twin = new FaultTransmitter({ flags }, () => {});
    const beganMs = performance.now();
    // It may end before it is ready.
    await twin.start([other.command]).catch(() => {});
    const exit = await twin.ended();
    // What any of them takes until it is ready is no time in which it could know.
    const startMs = Math.max(...mesh.transmitters.map(({ readyMs }) => readyMs));
    const tookMs = performance.now() - beganMs - startMs;

    expect(exit).to.equal(5);
    expect(tookMs).to.be.below(knownMs);
    expect((await sending).refused).to.deep.equal([]);
    await eventually(async () => expect(await aliveAt(other.command)).to.include(first.id));
    expect(await mesh.violations()).to.deep.equal([]);
    const events = handledEvents(mesh.records());
    expect([events.size, lostOf(events), twiceOf(events)]).to.deep.equal([600, [], []]);
  });
});
