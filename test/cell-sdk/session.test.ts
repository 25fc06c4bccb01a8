import { expect } from "chai";

import { CoreRig } from "./core-rig.js";

function attached(rig: CoreRig): string[] {
  return rig.effects.flatMap((effect) => (effect.kind === "attach" ? [effect.address] : []));
}

/** Lets the time go on with a sign of life of the transmitter every 250 ms. */
function live(rig: CoreRig, ms: number): void {
  for (let passed = 0; passed < ms; passed += 250) {
    rig.pass(250);
    rig.hear("BEAT", {});
  }
}

describe("cell: session", () => {
  it("says HELO when the connection stands, and is welcome", () => {
    const rig = new CoreRig();
    rig.core.start(rig.nowMs);
    rig.core.connected(rig.nowMs);
    rig.act(() => undefined);

    expect(attached(rig)).to.deep.equal(["tcp://one:1"]);
    expect(rig.last("HELO").map).to.deep.equal({
      v: 1,
      session: 1,
      id: rig.core.options.id,
      service: "tested",
    });
    rig.attach();
    expect(rig.kinds()).to.deep.equal(["connecting", "welcome"]);
    const { effects } = rig;
    expect(effects.some(({ kind }) => kind === "openEvents")).to.equal(true);
  });

  it("tries the next address when one is refused or silent", () => {
    const rig = new CoreRig();
    rig.core.start(rig.nowMs);
    rig.act((core) => core.disconnected("refused", rig.nowMs));
    rig.pass(30);
    expect(attached(rig)).to.deep.equal(["tcp://one:1", "tcp://two:2"]);

    rig.pass(400);
    expect(attached(rig).at(-1)).to.equal("tcp://one:1");
  });

  it("has as much patience as ever from when the connection is being made, if it had to wait for that", () => {
    const rig = new CoreRig({ transmitters: ["tcp://one:1"], connectTimeoutMs: 60_000 });
    rig.core.start(rig.nowMs);
    rig.pass(900);
    rig.act((core) => core.trying(1, rig.nowMs));
    rig.pass(1900);
    expect(attached(rig)).to.deep.equal(["tcp://one:1"]);

    rig.core.connected(rig.nowMs);
    rig.pass(3900);
    expect(rig.core.session.state.name).to.equal("hello");
    rig.pass(200);
    expect(rig.core.session.state.name).to.not.equal("hello");
  });

  it("says whether an address is the only one", () => {
    const isOnly = (transmitters: readonly string[]): unknown[] => {
      const rig = new CoreRig({ transmitters });
      rig.core.start(rig.nowMs);
      rig.act(() => undefined);
      return rig.effects.flatMap((effect) => (effect.kind === "attach" ? [effect.isOnly] : []));
    };

    expect([isOnly(["tcp://one:1"]), isOnly(["tcp://one:1", "tcp://two:2"])]).to.deep.equal([
      [true],
      [false],
    ]);
  });

  it("gives up after connectTimeoutMs, naming what it tried", () => {
    const rig = new CoreRig({ connectTimeoutMs: 1000 });
    rig.core.start(rig.nowMs);
    rig.pass(1100);

    const last = rig.statuses.at(-1);
    expect(last).to.include({ kind: "closed" });
    const { error } = last as { error: Error & { code: string; hint: string } };
    expect(error.code).to.equal("UNREACHABLE");
    expect(error.hint).to.contain("the command port, not the event port");
    expect(error.message).to.contain("tcp://one:1").and.to.contain("tcp://two:2");
    expect(rig.core.nextDeadlineMs).to.equal(Number.POSITIVE_INFINITY);
  });

  for (const code of ["BAD_VERSION", "BAD_SERVICE", "DENIED", "ID_TAKEN"]) {
    it(`ends when HELO is refused for good: ${code}`, () => {
      const rig = new CoreRig();
      rig.core.start(rig.nowMs);
      rig.core.connected(rig.nowMs);
      rig.hear("ERRO", { code, message: "no", command: "HELO" });

      expect(rig.statuses.at(-1)).to.include({ kind: "closed" });
      expect(rig.core.session.state.name).to.equal("closed");
    });
  }

  for (const code of ["DRAINING", "BUSY", "MUTED"]) {
    it(`tries elsewhere when HELO is refused for now: ${code}`, () => {
      const rig = new CoreRig();
      rig.core.start(rig.nowMs);
      rig.core.connected(rig.nowMs);
      rig.hear("ERRO", { code, message: "no", command: "HELO" });
      rig.pass(50);

      expect(attached(rig).at(-1)).to.equal("tcp://two:2");
    });
  }

  it("tries the same address first after a loss, with the secret", () => {
    const rig = CoreRig.welcome();
    rig.lose();
    expect(attached(rig).slice(-2)).to.deep.equal(["tcp://one:1", "tcp://one:1"]);
    rig.attach();

    expect(rig.last("HELO").map).to.include({ session: 2, secret: "5".repeat(32) });
  });

  it("attaches anew when its connection is muted, later each time (§15)", () => {
    const rig = CoreRig.welcome();
    const mute = (): number => {
      rig.hear("ERRO", { code: "MUTED", message: "too many errors", command: "" });
      expect(rig.effects.filter(({ kind }) => kind === "detach")).to.have.length(pauses.length + 1);
      const beforeMs = rig.nowMs;
      rig.pass(rig.core.nextDeadlineMs - beforeMs);
      expect(attached(rig)).to.have.length(pauses.length + 2);
      const pausedMs = rig.nowMs - beforeMs;
      rig.attach();
      return pausedMs;
    };
    const pauses: number[] = [];
    for (let n = 0; n < 7; n++) pauses.push(mute());
    for (let n = 0; n < 240; n++) {
      rig.hear("BEAT", {});
      rig.pass(250);
    }
    pauses.push(mute());

    expect(pauses).to.deep.equal([510, 1010, 2010, 4010, 8010, 15_010, 15_010, 510]);
    expect(attached(rig).every((address) => address === "tcp://one:1")).to.equal(true);
  });

  it("learns other transmitters from its welcome", () => {
    const rig = CoreRig.welcome({ transmitters: ["tcp://one:1"] }, { transmitters: ["tcp://x:9"] });
    rig.lose();
    rig.act((core) => core.disconnected("refused", rig.nowMs));
    rig.pass(50);

    expect(attached(rig).at(-1)).to.equal("tcp://x:9");
  });

  it("says HELO anew when the transmitter does not know it (§5.3)", () => {
    const rig = CoreRig.welcome();
    rig.hear("ERRO", { code: "NOT_WELCOME", message: "say HELO first", command: "BEAT" });
    rig.pass(50);

    expect(rig.effects.filter(({ kind }) => kind === "detach")).to.have.length(1);
    rig.attach();
    expect(rig.kinds().filter((kind) => kind === "welcome")).to.have.length(2);
  });

  it("ends when somebody else took it over", () => {
    const rig = CoreRig.welcome();
    rig.hear("GBYE", { reason: "fenced" });

    const last = rig.statuses.at(-1) as { error: { code: string } };
    expect(last.error.code).to.equal("ID_TAKEN");
  });
});

describe("cell: liveness (§9)", () => {
  it("answers beats, is suspicious after 1 s of silence and attaches anew after 2 s", () => {
    const rig = CoreRig.welcome();
    live(rig, 1000);
    expect(rig.all("BEAT").length).to.be.within(3, 5);
    expect(rig.kinds()).to.not.include("suspect");

    rig.pass(1100);
    expect(rig.kinds().at(-1)).to.equal("suspect");
    rig.pass(1000);
    expect(rig.kinds()).to.include("reconnecting");
  });

  it("does not take its own pause for the silence of others", () => {
    const rig = CoreRig.welcome();
    live(rig, 500);

    rig.nowMs += 10_000;
    rig.core.tick(rig.nowMs);
    rig.hear("BEAT", {});

    expect(rig.kinds()).to.not.include("reconnecting");
  });
});
