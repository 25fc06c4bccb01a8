import { expect } from "chai";

import { eventually } from "../../support/eventually.js";
import { rssMb } from "../../support/process-figures.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import { handledEvents, lostOf, twiceOf } from "./handlings.js";
import { Observer } from "./observer.js";

const pattern = "orders.*";
const channel = "orders.created";
const credit = 4;
const workMs = 100;
const perSecond = 2000;
const seconds = 2;

/** What the heap of a transmitter may grow by between two collections. */
const growthMb = 32;

describe("faults: a slow cell among fast ones", () => {
  afterEach(endMeshes);

  it("holds at most its credit, and slows neither the others nor the sender", async () => {
    const mesh = await FaultMesh.start();
    const terms = { pattern, options: { credit }, workMs };
    const [slow] = await mesh.seatGroup("billing", 1, terms);
    await mesh.seatGroup("billing", 2, { pattern });
    const sender = await mesh.seatOne("shop");
    await using observer = await Observer.of(mesh);
    const beganMs = performance.now();
    await sender.tell("send", { channel, count: perSecond, perSecond });
    const beforeMb = memoryOf(mesh);

    let isSent = false;
    const sending = sender
      .tell("send", { channel, count: perSecond * seconds, perSecond })
      .finally(() => (isSent = true));
    const helds: number[] = [];
    const look = async (): Promise<void> => {
      const cells = await observer.cells();
      helds.push(cells.find(({ id }) => id === slow!.id)!.held);
      expect(isSent).to.equal(true);
    };
    await eventually(look, { withinMs: 20_000 });

    const { waits, refused, p50Ms } = await sending;
    const { begun, heldMax } = await slow!.tell("tally");
    expect(waits).to.equal(0);
    expect(refused).to.deep.equal([]);
    // Whoever got a fast cell did not wait for the slow one.
    expect(p50Ms).to.be.below(workMs);
    // Once the fast ones ask for more than it does it gets nothing new: it may hold nothing.
    expect(Math.max(...helds)).to.be.at.most(credit);
    expect(heldMax).to.equal(1);
    expect(begun).to.be.within(1, (performance.now() - beganMs) / workMs + 1);
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
