import { expect } from "chai";

import type { HeldDelivery } from "../../cell-sdk/src/core/delivery.js";
import { ack, attached, drain, grantAnew, live, next, work, working } from "./moving-rig.js";

describe("cell: moving with deliveries in hand (§9.6)", () => {
  it("settles at the old home what it holds of it, and leaves when that is confirmed", () => {
    const { rig, supply } = working();
    rig.hear("DLVR", work, { bodies: ["x", "y"] });
    const [x, y] = [supply.take() as HeldDelivery, supply.take() as HeldDelivery];
    drain(rig);
    rig.attach(next);
    expect(rig.last("HELO", 1).map).to.not.have.property("claims");
    grantAnew(rig);
    expect(rig.last("CRED", 0).map).to.deep.equal({ catch: 1, credit: 0 });

    ack(rig, supply, x);
    ack(rig, supply, y);
    expect(rig.all("SETL", 0).map(({ map }) => map["settled"])).to.deep.equal([
      [[0, 1, 1, 1]],
      [[0, 2, 1, 1]],
    ]);
    expect(rig.all("SETL", 1)).to.deep.equal([]);
    expect(rig.all("GBYE")).to.deep.equal([]);
    rig.hear("CNFM", { settled: [[1, 2]] }, undefined, 0);
    expect(rig.all("GBYE", 0).map(({ map }) => map)).to.deep.equal([{ idle: true }]);
  });

  it("does not say that it is idle when a handler outlasts its close (§9.5)", () => {
    const { rig, supply } = working();
    rig.hear("DLVR", work, { bodies: ["x"] });
    supply.take();
    rig.act((core) => core.close(rig.nowMs, 1000));
    live(rig, 1000);

    expect(rig.all("GBYE").map(({ map }) => map)).to.deep.equal([{}]);
  });

  it("does not begin what crosses its farewell, and stays at the new home (§9.5)", () => {
    const { rig, supply } = working();
    drain(rig);
    rig.attach(next);
    grantAnew(rig);
    expect(rig.all("GBYE", 0)).to.have.length(1);

    rig.hear("DLVR", work, { bodies: ["x"] }, 0);
    expect(supply.take()).to.equal(undefined);
    rig.hear("GBYE", { reason: "farewell" }, undefined, 0);
    expect(rig.core.session.isWelcome).to.equal(true);
    expect(attached(rig)).to.have.length(2);
  });

  it("claims at the new home what it has settled", () => {
    const { rig, supply } = working();
    rig.hear("DLVR", work, { bodies: ["x", "y"] });
    ack(rig, supply, supply.take() as HeldDelivery);
    supply.take();
    drain(rig);
    rig.attach(next);

    const [claim] = rig.last("HELO", 1).map["claims"] as {
      held: unknown[];
      settled: unknown[][];
    }[];
    expect(claim?.held).to.deep.equal([]);
    expect(claim?.settled.map(([, first, last]) => [first, last])).to.deep.equal([[1, 1]]);
  });

  it("takes on no more of both than its credit", () => {
    const { rig, supply } = working();
    rig.hear("DLVR", work, { bodies: [1, 2, 3, 4] });
    const running = [supply.take() as HeldDelivery, supply.take() as HeldDelivery];
    drain(rig);
    rig.attach(next);
    expect(rig.last("CTCH", 1).map).to.include({ credit: 5 });
    grantAnew(rig);

    for (const delivery of running) ack(rig, supply, delivery);
    expect(rig.last("CRED", 1).map).to.include({ credit: 7 });
  });

  it("settles what the new home delivers there, at the same time", () => {
    const { rig, supply } = working();
    rig.hear("DLVR", work, { bodies: ["x"] });
    const old = supply.take() as HeldDelivery;
    drain(rig);
    rig.attach(next);
    grantAnew(rig, 8);
    rig.hear("DLVR", { ...work, catch: 8, origin: "o9" }, { first: 7, bodies: ["new"] });
    ack(rig, supply, supply.take() as HeldDelivery);
    ack(rig, supply, old);

    expect(rig.last("SETL", 1).map).to.include({ catch: 8, origin: "o9" });
    expect(rig.last("SETL", 0).map).to.include({ catch: 1, origin: "o1" });
  });

  it("does not leave before its catches stand at the new home: groups outlive it (§10.8)", () => {
    const { rig } = working();
    drain(rig);
    rig.attach(next);
    live(rig, 1000);
    expect(rig.all("GBYE")).to.deep.equal([]);

    grantAnew(rig);
    expect(rig.all("GBYE", 0)).to.have.length(1);
  });

  it("claims what it held of an old home that dies, and keeps what the new one gave it", () => {
    const { rig, supply } = working();
    rig.hear("DLVR", work, { bodies: ["x"] });
    const held = supply.take() as HeldDelivery;
    drain(rig);
    rig.attach(next);
    grantAnew(rig);
    rig.hear("DLVR", { ...work, origin: "o2" }, { first: 7, bodies: ["y"] });
    rig.act((core) => core.disconnected("disconnected", rig.nowMs, 0));
    rig.pass(50);
    expect(attached(rig)).to.have.length(2);
    expect(rig.core.session.isWelcome).to.equal(true);

    const { session, claims } = rig.last("HELO", 1).map as {
      session: number;
      claims: { held: unknown[][] }[];
    };
    expect(session).to.equal(2);
    expect(claims[0]?.held.map(([, first]) => first)).to.deep.equal([1]);
    const renamed = { ...work, origin: "o9", claimed: true, repeat: true };
    rig.hear("DLVR", renamed, { bodies: ["x"] });
    ack(rig, supply, held);
    expect(rig.last("SETL", 1).map).to.include({ catch: 1, origin: "o9" });
    ack(rig, supply, supply.take() as HeldDelivery);
    expect(rig.last("SETL", 1).map).to.include({ catch: 1, origin: "o2" });
  });

  it("begins what it had not begun of an old home that dies only by its new name", () => {
    const { rig, supply } = working();
    rig.hear("DLVR", work, { bodies: ["x", "y", "z"] });
    drain(rig);
    rig.attach(next);
    grantAnew(rig);
    rig.act((core) => core.disconnected("disconnected", rig.nowMs, 0));
    expect(supply.take()).to.equal(undefined);

    const renamed = { ...work, number: 5, origin: "o9", claimed: true, repeat: true };
    rig.hear("DLVR", renamed, { first: 2, bodies: ["y"] });
    expect((supply.take() as HeldDelivery).data).to.equal("y");
    expect(supply.take()).to.equal(undefined);
    live(rig, 6000);
    expect(supply.heldCount).to.equal(1);
  });

  it("claims as soon as it is welcome what it held of an old home that dies before that", () => {
    const { rig, supply } = working();
    rig.hear("DLVR", work, { bodies: ["x"] });
    supply.take();
    drain(rig);
    rig.act((core) => core.connected(rig.nowMs, 1));
    rig.act((core) => core.disconnected("disconnected", rig.nowMs, 0));

    const hellos = rig
      .all("HELO", 1)
      .map(({ map }) => [map["session"], map["claims"] !== undefined]);
    expect(hellos).to.deep.equal([
      [2, false],
      [2, true],
    ]);
  });

  it("settles by a new name that the new home gives what the old one delivered", () => {
    const { rig, supply } = working();
    rig.hear("DLVR", work, { bodies: ["x"] });
    const held = supply.take() as HeldDelivery;
    drain(rig);
    rig.attach(next);
    grantAnew(rig, 4);
    const renamed = { ...work, catch: 4, origin: "o9", claimed: true, repeat: true };
    rig.hear("DLVR", renamed, { bodies: ["x"] });
    ack(rig, supply, held);

    expect(rig.last("SETL").line).to.equal(1);
    expect(rig.all("GBYE", 0)).to.have.length(1);
  });

  it("keeps what it holds of the old home when the new one dies", () => {
    const { rig, supply } = working();
    rig.hear("DLVR", work, { bodies: [1, 2, 3] });
    const held = supply.take() as HeldDelivery;
    drain(rig);
    rig.attach(next);
    grantAnew(rig);
    rig.act((core) => core.disconnected("disconnected", rig.nowMs, 1));
    rig.pass(50);
    ack(rig, supply, held);
    expect(rig.last("SETL").line).to.equal(0);
    expect((supply.take() as HeldDelivery).data).to.equal(2);
    rig.attach(next);

    expect(rig.last("HELO", 1).map).to.include({ session: 3 });
    expect(rig.core.moving.former?.catches.heldCount).to.equal(2);
  });
});
