import { expect } from "chai";

import type { HeldDelivery } from "../../cell-sdk/src/core/delivery.js";
import { CoreRig } from "./core-rig.js";
import { ack, attached, beat, drain, grantAnew, live, next, work, working } from "./moving-rig.js";

describe("cell: moving from a transmitter that drains (§9.6)", () => {
  it("says HELO elsewhere while it stays, and leaves with a farewell", () => {
    const rig = CoreRig.welcome();
    drain(rig);

    expect(attached(rig)).to.deep.equal(["0 tcp://one:1", "1 tcp://two:2"]);
    expect(rig.effects.filter(({ kind }) => kind === "detach")).to.deep.equal([]);
    rig.attach(next);
    expect(rig.last("HELO", 1).map).to.include({ session: 2, secret: "5".repeat(32) });
    expect(rig.all("GBYE", 0)).to.have.length(1);

    rig.hear("GBYE", { reason: "farewell" }, undefined, 0);
    expect(rig.effects.filter(({ kind }) => kind === "detach")).to.deep.equal([
      { kind: "detach", line: 0 },
    ]);
    expect(rig.kinds().filter((kind) => kind !== "connecting")).to.deep.equal([
      "welcome",
      "draining",
      "welcome",
    ]);
  });

  it("sends nothing more at the old home, and at the new one first what is unconfirmed", () => {
    const rig = CoreRig.welcome();
    rig.act(({ outbox }) => outbox.send("a", 1));
    drain(rig);
    rig.act(({ outbox }) => outbox.send("a", 2));
    expect(rig.all("EVNT")).to.have.length(1);
    rig.attach(next);

    const sent = rig.all("EVNT", 1).map(({ run }) => [run!.header.first, run!.header.session]);
    expect(sent).to.deep.equal([
      [1, 1],
      [2, 2],
    ]);
  });

  it("hears what the old home confirms until the new one has been told", () => {
    const rig = CoreRig.welcome();
    rig.act(({ outbox }) => {
      outbox.send("a", 1);
    });
    rig.act(({ outbox }) => outbox.send("a", 2));
    drain(rig);
    rig.hear("CNFM", { accepted: [[1, 1, 1, false]], handled: [[1, 1]] }, undefined, 0);
    expect(rig.core.outbox.pendingEvents).to.equal(1);

    rig.attach(next);
    rig.hear("CNFM", { accepted: [[2, 2, 1, false]], handled: [[2, 2]] }, undefined, 0);
    expect(rig.core.outbox.pendingEvents).to.equal(1);
    rig.hear("CNFM", { accepted: [[1, 2, 1, true]], handled: [[1, 2]] });
    expect(rig.core.outbox.pendingEvents).to.equal(0);
    expect(rig.core.outbox.isQuiet).to.equal(true);
  });

  it("stays where it is while there is no other transmitter", () => {
    const rig = CoreRig.welcome({ transmitters: ["tcp://one:1"] });
    drain(rig);
    live(rig, 6000);

    expect(attached(rig)).to.have.length(1);
  });

  it("goes on trying while others cannot be reached, and is at home all that time", () => {
    const { rig, supply } = working();
    drain(rig);
    for (let n = 0; n < 5; n++) {
      rig.core.disconnected("connection refused", rig.nowMs, 1);
      live(rig, 250);
    }
    rig.hear("DLVR", work, { bodies: ["x"] }, 0);
    ack(rig, supply, supply.take() as HeldDelivery);

    expect(rig.all("SETL", 0)).to.have.length(1);
    expect(attached(rig).length).to.be.greaterThan(4);
    rig.core.connected(rig.nowMs);
    rig.attach(next);
    expect(rig.core.session.isWelcome).to.equal(true);
  });

  it("is at the new home alone when the old one dies before it was reached", () => {
    const rig = CoreRig.welcome();
    drain(rig);
    rig.act((core) => core.disconnected("disconnected", rig.nowMs, 0));
    rig.attach(next);
    live(rig, 1000);

    expect(rig.core.moving.former).to.equal(undefined);
    expect(rig.core.session.state.name).to.equal("welcome");
    expect(attached(rig)).to.have.length(2);
  });

  it("can move again, and again: each time to the line that is free", () => {
    const rig = CoreRig.welcome();
    for (const line of [1, 0, 1] as const) {
      drain(rig);
      rig.attach({ ...next, id: `${line}c`.repeat(20) });
      expect(rig.core.home.line).to.equal(line);
      rig.hear("GBYE", { reason: "farewell" }, undefined, line === 1 ? 0 : 1);
      expect(rig.core.moving.former).to.equal(undefined);
    }
  });

  it("waits with a second move until the first is done", () => {
    const { rig, supply } = working();
    rig.hear("DLVR", work, { bodies: ["x"] });
    const held = supply.take() as HeldDelivery;
    drain(rig);
    rig.attach(next);
    grantAnew(rig);
    rig.hear("GBYE", { reason: "draining" });
    beat(rig);
    expect(attached(rig)).to.have.length(2);

    ack(rig, supply, held);
    rig.hear("CNFM", { settled: [[1, 1]] }, undefined, 0);
    rig.hear("GBYE", { reason: "farewell" }, undefined, 0);
    rig.pass(50);
    expect(attached(rig)).to.have.length(3);
    expect(attached(rig).at(-1)).to.match(/^0 /);
  });

  it("says farewell to both when it closes meanwhile", () => {
    const { rig, supply } = working();
    rig.hear("DLVR", work, { bodies: ["x"] });
    const held = supply.take() as HeldDelivery;
    drain(rig);
    rig.attach(next);
    grantAnew(rig);
    rig.act((core) => core.close(rig.nowMs, 1000));
    expect(rig.all("GBYE")).to.have.length(0);

    ack(rig, supply, held);
    rig.hear("CNFM", { settled: [[1, 1]] }, undefined, 0);
    expect(
      rig
        .all("GBYE")
        .map(({ line }) => line)
        .sort(),
    ).to.deep.equal([0, 1]);
    rig.hear("GBYE", { reason: "farewell" }, undefined, 1);

    expect(rig.statuses.at(-1)).to.deep.equal({ kind: "closed", unconfirmed: 0 });
    const detached = rig.effects.filter(({ kind }) => kind === "detach");
    expect(detached).to.have.length(2);
  });
});
