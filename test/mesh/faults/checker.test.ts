import { expect } from "chai";

import { check } from "../../simulation/checker.js";
import type { LogRecord } from "../../simulation/log.js";
import { eventually } from "../../support/eventually.js";
import { changedPlaces, comingTwice, losing, nth } from "./damage.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import { handledEvents, lostOf, twiceOf } from "./handlings.js";

/*
 * Goal:   what finds nothing in the runs with faults would find something if there were something.
 * Method: the log of a real run without faults is damaged in one place, and must be found guilty of just that.
 */
describe("faults: the checker", () => {
  let records: readonly LogRecord[] = [];

  before(async () => {
    const mesh = await FaultMesh.start();
    await mesh.seatGroup("billing", 2, { pattern: "orders.*" });
    const [audit] = await mesh.seat("audit", 1);
    await audit!.tell("multicatch", { pattern: "orders.*" });
    const sender = await mesh.seatOne("shop");
    await sender.tell("send", { channel: "orders.created", count: 100 });
    await eventually(() => expect(check(mesh.records())).to.deep.equal([]));
    records = [...mesh.records()];
    await endMeshes();
  });

  it("finds nothing in the log of a calm run", () => {
    expect(guiltOf(records)).to.deep.equal({ rules: [], lost: 0, twice: 0 });
  });

  it("finds one lost event", () => {
    const damaged = losing(records, 50);

    expect(guiltOf(damaged)).to.deep.equal({ rules: ["early", "lost"], lost: 1, twice: 0 });
  });

  it("finds one event of a multicatch lost in silence", () => {
    const lost = nth(records, "caught", 50);

    expect(guiltOf(records.filter((it) => it !== lost)).rules).to.deep.equal(["silent"]);
  });

  it("finds one event that was handled twice", () => {
    expect(guiltOf(comingTwice(records, 50))).to.deep.equal({
      ...{ rules: ["twice"], lost: 0, twice: 1 },
    });
  });

  it("finds two events that changed places", () => {
    expect(guiltOf(changedPlaces(records, 50)).rules).to.deep.equal(["order"]);
  });
});

function guiltOf(log: readonly LogRecord[]) {
  const events = handledEvents(log);
  return {
    rules: [...new Set(check(log).map(({ rule }) => rule))].sort(),
    lost: lostOf(events).length,
    twice: twiceOf(events).length,
  };
}
