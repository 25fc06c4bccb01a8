import { randomThid } from "@thynapse/protocol";
import { expect } from "chai";

import { closeAll, dealerTo, heard } from "../hand-cell.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import { handledEvents, lostOf, twiceOf } from "./handlings.js";

const pattern = "orders.*";
const channel = "orders.created";

/** From before the bytes have left the process to after they are confirmed. */
const livesMs = [0, 0.05, 0.1, 0.2, 0.4, 0.8, 2, 8];

describe("faults: a sender", () => {
  afterEach(endMeshes);
  afterEach(closeAll);

  it("that is killed after a send and before its confirm has its events handled once or never", async () => {
    const mesh = await FaultMesh.start();
    await mesh.seatGroup("billing", 2, { pattern });
    const senders = await mesh.seat("shop", livesMs.length);

    for (const [at, dieAfterMs] of livesMs.entries()) {
      void senders[at]!.tell("send", { channel, count: 20, perSecond: 500, dieAfterMs });
    }
    await Promise.all(senders.map(({ ended }) => ended));
    // Deliveries go out in the order of arrival: behind this one there is none of theirs.
    await (await mesh.seatOne("shop")).tell("send", { channel, count: 1 });

    expect(await mesh.violations()).to.deep.equal([]);
    const events = handledEvents(mesh.records());
    expect(events.size).to.equal(20 * livesMs.length + 1);
    expect(twiceOf(events)).to.deep.equal([]);
    const handled = events.size - lostOf(events).length;
    console.log(
      `      killed senders: ${handled - 1} of ${events.size - 1} events were handled, once`,
    );
    expect(handled).to.be.greaterThan(0);
  });

  it("that sends one idempotency key 100 times is handled once, and told of 99 repeats", async () => {
    const mesh = await FaultMesh.start();
    await mesh.seatGroup("billing", 2, { pattern });
    const sender = await mesh.seatOne("shop");

    const report = await sender.tell("send", { channel, count: 100, options: { id: "order-7" } });

    expect(report.repeats).to.equal(99);
    expect(report.refused).to.deep.equal([]);
    expect(await mesh.violations()).to.deep.equal([]);
    const acked = [...handledEvents(mesh.records()).values()].filter((it) => it.acked.length > 0);
    expect(acked.map(({ acked: all }) => all.length)).to.deep.equal([1]);
  });

  it("that sends one number 100 times is handled once, and told of 99 repeats", async () => {
    const mesh = await FaultMesh.start();
    const [cell] = await mesh.seatGroup("billing", 1, { pattern });
    const dealer = dealerTo(mesh.command);
    await dealer.send(`J HELO {"id":"${randomThid()}","service":"shop"}`);
    await heard(dealer, /^J WLCM /);

    for (let time = 0; time < 100; time++) {
      await dealer.send(`J EVNT {"channel":"${channel}","seq":1,"data":{}}`);
    }
    const confirms = [];
    while (confirms.length < 100) {
      confirms.push(await heard(dealer, /^J CNFM .*"state":"accepted"/));
    }

    expect(confirms.filter((text) => text.includes('"repeat":true'))).to.have.length(99);
    expect(await cell!.leave()).to.equal(0);
    expect(
      [...handledEvents(mesh.records()).values()].map(({ acked }) => acked.length),
    ).to.deep.equal([1]);
  });
});
