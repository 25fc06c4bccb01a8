import { expect } from "chai";

import type { LogRecord } from "../../simulation/log.js";
import { eventually } from "../../support/eventually.js";
import { sharedClockMs } from "../../support/run-log.js";
import { whole } from "../proofs/views.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import type { FaultTransmitter } from "./fault-transmitter.js";
import { handledEvents, lostOf, twiceOf, unmarkedOf } from "./handlings.js";

const frozenMs = 5000;
/** How long it may take until what a frozen transmitter had is elsewhere. */
const movedMs = 2500;

describe("faults: one of three transmitters is frozen for 5 s", () => {
  afterEach(endMeshes);

  it("its cells are elsewhere within 2.5 s, the others go on, and it comes back without doing harm", async function () {
    this.timeout(90_000);
    const mesh = await FaultMesh.start({}, {}, {});
    const [first, victim] = mesh.transmitters as [FaultTransmitter, FaultTransmitter];
    const addresses = mesh.transmitters.map(({ command }) => command);
    await whole(addresses);
    const options = { concurrency: 8 };
    for (const home of mesh.transmitters) {
      await mesh.seatGroup("billing", 1, { pattern: "orders.*", options, workMs: 20, home });
    }
    const near = await mesh.seatOne("shop", { home: victim });
    const far = await mesh.seatOne("shop", { home: first });
    const load = { channel: "orders.created", count: 500, perSecond: 50 };
    const sending = [near, far].map((sender) => sender.tell("send", load));
    await eventually(() => {
      const events = [...handledEvents(mesh.records()).values()];
      expect(events.filter(({ acked }) => acked.length > 0).length).to.be.at.least(20);
    });

    const beganMs = sharedClockMs();
    await victim.freeze(frozenMs);
    const reports = await Promise.all(sending);
    await whole(addresses);

    expect(reports.flatMap(({ refused }) => refused)).to.deep.equal([]);
    expect(await mesh.violations()).to.deep.equal([]);
    const records = [...mesh.records()];
    const events = handledEvents(records);
    expect([events.size, lostOf(events)]).to.deep.equal([1000, []]);
    expect(unmarkedOf(events)).to.deep.equal([]);
    const [welcome, handled] = [firstWelcomesMs(records, beganMs), slowestMs(records, far.id)];
    console.log(
      `      its cells welcome elsewhere after ${welcome.map((ms) => ms.toFixed(0)).join(", ")} ms; ` +
        `events of others took ${handled.toFixed(0)} ms at most; ${twiceOf(events).length} came twice`,
    );
    expect(welcome).to.have.length(2);
    expect(Math.max(...welcome)).to.be.at.most(movedMs * crowded);
    expect(handled).to.be.at.most(movedMs * crowded);
  });
});

/** A machine on which others are at work takes longer. */
const crowded = 1.5;

/** When cells were welcomed first after that time, in ms since then. */
function firstWelcomesMs(records: readonly LogRecord[], sinceMs: number): number[] {
  const first = new Map<string, number>();
  for (const { action, cell, timeMs } of records) {
    if (action !== "attached" || timeMs < sinceMs || timeMs > sinceMs + frozenMs) continue;
    if (!first.has(cell)) first.set(cell, timeMs - sinceMs);
  }
  return [...first.values()];
}

/** The longest time from a send of that sender until a handler has begun. */
function slowestMs(records: readonly LogRecord[], sender: string): number {
  const sentMs = new Map<string, number>();
  const tookMs = new Map<string, number>();
  for (const { action, id, timeMs } of records) {
    if (!id.startsWith(sender)) continue;
    if (action === "sent") sentMs.set(id, timeMs);
    if (action === "begun") tookMs.set(id, timeMs - sentMs.get(id)!);
  }
  return Math.max(...tookMs.values());
}
