import { expect } from "chai";

import { CoreRig } from "./core-rig.js";

const other = { id: "7b".repeat(20), secret: "6".repeat(32) };
const third = { id: "7c".repeat(20), secret: "7".repeat(32) };

function attached(rig: CoreRig): string[] {
  return rig.effects.flatMap((effect) => (effect.kind === "attach" ? [effect.address] : []));
}

function refuse(rig: CoreRig): void {
  rig.act((core) => core.disconnected("connection refused", rig.nowMs));
  rig.pass(50);
}

describe("cell: failover (§9.8)", () => {
  it("tries the home that it lost once, then another, and needs less than 100 ms for both", () => {
    const rig = CoreRig.welcome();
    const lostMs = rig.nowMs;
    rig.act((core) => core.disconnected("disconnected", rig.nowMs));
    while (attached(rig).length < 2) rig.pass(1);
    rig.act((core) => core.disconnected("connection refused", rig.nowMs));
    while (attached(rig).length < 3) rig.pass(1);

    expect(attached(rig)).to.deep.equal(["tcp://one:1", "tcp://one:1", "tcp://two:2"]);
    expect(rig.nowMs - lostMs).to.be.below(100);
  });

  it("tells the next one how long it has heard the last one (§18.12)", () => {
    const rig = CoreRig.welcome();
    rig.hear("BEAT", { beat: 6 });
    rig.hear("BEAT", { beat: 7 });
    const { id, incarnation } = rig.core.history.home!;
    rig.lose();
    rig.attach(other);

    expect(rig.last("HELO").map["heard"]).to.deep.equal({ id, incarnation, beat: 7 });
  });

  it("goes to another one first after 2 s of silence", () => {
    const rig = CoreRig.welcome();
    rig.pass(2100);

    expect(attached(rig)).to.deep.equal(["tcp://one:1", "tcp://two:2"]);
  });

  it("goes to another one first when a connection ends that had been silent", () => {
    const rig = CoreRig.welcome();
    rig.pass(700);
    rig.act((core) => core.disconnected("heartbeats went unanswered", rig.nowMs));
    rig.pass(50);

    expect(attached(rig).at(-1)).to.equal("tcp://two:2");
  });

  it("goes to another one first when a transmitter ends that drains", () => {
    const rig = CoreRig.welcome({}, { transmitters: ["tcp://x:9"] });
    rig.hear("ERRO", { code: "DRAINING", message: "ends", command: "EVNT" });
    rig.act((core) => core.disconnected("disconnected", rig.nowMs));
    rig.pass(50);

    expect(attached(rig).at(-1)).to.not.equal("tcp://one:1");
  });

  it("goes to a successor that a draining transmitter names, known or not", () => {
    const rig = CoreRig.welcome();
    rig.hear("GBYE", { reason: "draining", transmitters: ["tcp://heir:3"] });
    rig.pass(50);
    expect(attached(rig).at(-1)).to.equal("tcp://heir:3");

    refuse(rig);
    expect(attached(rig).at(-1)).to.equal("tcp://two:2");
  });

  it("does not ask one again that answered DRAINING before it has asked all others", () => {
    const rig = CoreRig.welcome({}, { transmitters: ["tcp://x:9"] });
    rig.lose();
    rig.core.connected(rig.nowMs);
    rig.hear("ERRO", { code: "DRAINING", message: "ends", command: "HELO" });
    rig.pass(50);
    const next = attached(rig).at(-1);
    refuse(rig);

    expect([next, attached(rig).at(-1)].sort()).to.deep.equal(["tcp://two:2", "tcp://x:9"]);
  });

  it("takes the list of the newest welcome for that of all earlier ones", () => {
    const rig = CoreRig.welcome({ transmitters: ["tcp://one:1"] }, { transmitters: ["tcp://x:9"] });
    rig.lose();
    rig.attach({ transmitters: ["tcp://y:9", 7, ""] });
    rig.lose();
    for (let n = 0; n < 4; n++) refuse(rig);

    expect(new Set(attached(rig).slice(-4))).to.deep.equal(new Set(["tcp://one:1", "tcp://y:9"]));
  });

  it("counts attachments over all transmitters, and shows each its own secret (§2.5)", () => {
    const rig = CoreRig.welcome();
    const hellos = (): unknown[] =>
      rig.all("HELO").map(({ map }) => [map["session"], map["secret"]]);
    rig.said.length = 0;
    rig.pass(2100);
    rig.attach(other);
    rig.pass(2100);
    rig.attach(third);

    expect(attached(rig)).to.deep.equal(["tcp://one:1", "tcp://two:2", "tcp://one:1"]);
    expect(hellos()).to.deep.equal([
      [2, "5".repeat(32)],
      [3, "5".repeat(32)],
    ]);
  });

  it("uses no number twice, where a HELO may have been taken and its answer lost", () => {
    const rig = new CoreRig();
    rig.core.start(rig.nowMs);
    rig.core.connected(rig.nowMs);
    rig.pass(2100);
    rig.core.connected(rig.nowMs);
    rig.hear("ERRO", { code: "DRAINING", message: "ends", command: "HELO" });
    rig.pass(50);
    rig.attach();

    expect(rig.all("HELO").map(({ map }) => map["session"])).to.deep.equal([1, 2, 2]);
    expect(rig.statuses.at(-1)).to.include({ kind: "welcome", session: 2 });
  });

  it("gives what it sends first in an attachment that attachment's number, repeats their own", () => {
    const rig = CoreRig.welcome();
    const sessions = (): unknown[] =>
      rig.all("EVNT").map(({ run }) => [run!.header.first, run!.header.session]);
    rig.act(({ outbox }) => outbox.send("a", 1));
    rig.pass(2100);
    rig.core.connected(rig.nowMs);
    rig.pass(2100);
    rig.said.length = 0;
    rig.attach(third);
    rig.act(({ outbox }) => outbox.send("a", 2));

    expect(rig.last("HELO").map).to.include({ session: 3 });
    expect(sessions()).to.deep.equal([
      [1, 1],
      [2, 3],
    ]);
  });

  it("sends a home of long ago, too, all that is not handled, and what is kept (§11.3)", () => {
    const rig = CoreRig.welcome();
    rig.act(({ outbox }) => outbox.send("a", 1));
    rig.pass(2100);
    rig.attach(other);
    rig.act(({ outbox }) => outbox.send("a", 2));
    rig.hear("CNFM", { accepted: [[1, 2, 1, false]], handled: [[2, 2]] });
    rig.act((core) => core.disconnected("cut", rig.nowMs));
    rig.pass(50);
    refuse(rig);
    rig.said.length = 0;
    rig.attach();

    expect(attached(rig).at(-1)).to.equal("tcp://one:1");
    expect(rig.all("EVNT").map(({ run }) => run!.header.first)).to.deep.equal([1, 2]);
    expect(rig.last("EVNT").run!.header.floor).to.equal(1);
  });
});
