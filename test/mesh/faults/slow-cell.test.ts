import { expect } from "chai";

import { eventually } from "../../support/eventually.js";
import { rssMb } from "../../support/process-figures.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import { handledEvents, lostOf, twiceOf } from "./handlings.js";
import { Observer } from "./observer.js";

const pattern = "orders.*";
const channel = "orders.created";
const credit = 4;
const perSecond = 3000;
const seconds = 2;

/** What the heap of a transmitter may grow by between two collections. */
const growthMb = 32;

describe("faults: a slow cell among fast ones", () => {
  afterEach(endMeshes);

  it("holds at most its credit, and slows neither the others nor the sender", async () => {
    const mesh = await FaultMesh.start();
    const slow = (
      await mesh.seatGroup("billing", 1, { pattern, options: { credit }, workMs: 100 })
    )[0]!;
    await mesh.seatGroup("billing", 2, { pattern });
    const sender = await mesh.seatOne("shop");
    await using observer = await Observer.of(mesh);
    await sender.tell("send", { channel, count: perSecond, perSecond });
    const beforeMb = memoryOf(mesh);

    const beganMs = performance.now();
    const sending = sender.tell("send", { channel, count: perSecond * seconds, perSecond });
    let isSent = false;
    const sent = sending.then(() => (isSent = true));
    const helds: number[] = [];
    await eventually(
      async () => {
        helds.push(
          ...(await observer.cells()).filter((it) => it.id === slow.id).map((it) => it.held),
        );
        expect(isSent).to.equal(true);
      },
      { withinMs: 20_000 },
    );
    await sent;
    const tookMs = performance.now() - beganMs;

    const report = await sending;
    expect(report.waits).to.equal(0);
    expect(report.refused).to.deep.equal([]);
    expect(Math.max(...helds)).to.be.within(1, credit);
    const { begun, heldMax } = await slow.tell("tally");
    expect(heldMax).to.equal(1);
    // All but what the slow one has in hand is done as fast as it is sent.
    expect(tookMs).to.be.below(seconds * 1000 + credit * 100 + 1500);
    expect(begun).to.be.below(((seconds + 1) * 1000 + 3000) / 100);
    expect(memoryOf(mesh) - beforeMb).to.be.below(growthMb);
    expect(await mesh.violations()).to.deep.equal([]);
    const events = handledEvents(mesh.records());
    expect(events.size).to.equal(perSecond * (seconds + 1));
    expect(lostOf(events)).to.deep.equal([]);
    expect(twiceOf(events)).to.deep.equal([]);
  });
});

/** Resident memory of the transmitter, in MB; always the same where no file tells it. */
function memoryOf({ pid }: FaultMesh): number {
  return process.platform === "linux" ? rssMb(pid) : 0;
}
