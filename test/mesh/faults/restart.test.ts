import { expect } from "chai";

import { eventually } from "../../support/eventually.js";
import type { Actor } from "./actor.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import { handledEvents, lostOf, twiceOf } from "./handlings.js";

describe("faults: the transmitter is killed and started again on its port", () => {
  afterEach(endMeshes);

  it("under load, twice: nothing is lost, and nothing is handled twice by cells that live", async function () {
    this.timeout(60_000);
    const mesh = await FaultMesh.start();
    const options = { concurrency: 8, credit: 16 };
    const cells = await mesh.seatGroup("billing", 3, { pattern: "orders.*", options, workMs: 5 });
    const [audit] = await mesh.seat("audit", 1);
    await audit!.tell("multicatch", { pattern: "orders.*" });
    const senders = await mesh.seat("shop", 2);
    const load = { channel: "orders.created", count: 750, perSecond: 500 };
    const sending = senders.map((sender) => sender.tell("send", load));

    for (const begunMin of [300, 900]) {
      await eventually(async () => expect(await begunBy(cells)).to.be.at.least(begunMin), {
        withinMs: 20_000,
      });
      await mesh.restart();
    }
    const reports = await Promise.all(sending);

    expect(reports.flatMap(({ refused }) => refused)).to.deep.equal([]);
    expect(await mesh.violations()).to.deep.equal([]);
    const events = handledEvents(mesh.records());
    expect(events.size).to.equal(1500);
    expect(lostOf(events)).to.deep.equal([]);
    expect(twiceOf(events)).to.deep.equal([]);
  });
});

async function begunBy(cells: readonly Actor[]): Promise<number> {
  const tallies = await Promise.all(cells.map((cell) => cell.tell("tally")));
  return tallies.reduce((sum, { begun }) => sum + begun, 0);
}
