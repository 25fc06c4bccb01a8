import { expect } from "chai";

import type { ConfirmStage } from "../../cell-sdk/src/core/run-record.js";
import { refusalOf } from "../protocol/refusal.js";
import { CoreRig, NotedWaiter } from "./core-rig.js";

const body = Buffer.alloc(100, 1);

/** Sends and notes what becomes of it. */
function send(rig: CoreRig, until: ConfirmStage = "accepted", channel = "a.b"): { state: unknown } {
  const { outbox } = rig.core;
  const noted: { state: unknown } = { state: "waiting" };
  const destination = outbox.send(channel, body);
  destination.watch(outbox.lastIndex, {
    until,
    confirmed: ({ seq, matched, repeat }) => (noted.state = { seq, matched, repeat }),
    refused: ({ code }) => (noted.state = code),
  });
  return noted;
}

function runs(rig: CoreRig): number[][] {
  return rig.all("EVNT").map(({ run }) => [run!.header.first, run!.last]);
}

describe("cell: sending", () => {
  it("puts what is sent in one turn into one run", () => {
    const rig = CoreRig.welcome();

    rig.act(() => Array.from({ length: 10 }, () => send(rig)));

    expect(runs(rig)).to.deep.equal([[1, 10]]);
    const { header } = rig.last("EVNT").run!;
    expect(header).to.include({ service: "tested", session: 1, floor: 1, count: 10 });
  });

  it("sends a full run at once, inside a synchronous loop", () => {
    const rig = CoreRig.welcome();

    for (let n = 0; n < 4000; n++) send(rig);

    const before = rig.core.takeEffects().filter(({ kind }) => kind === "command");
    expect(before).to.have.length(1);
    expect(rig.core.outbox.flushDue).to.equal(true);
  });

  it("sends at once while it is idle, and fills runs while 16 are on the wire", () => {
    const rig = CoreRig.welcome();

    for (let n = 0; n < 20; n++) rig.act(() => send(rig));
    expect(runs(rig)).to.have.length(16);

    rig.hear("CNFM", { accepted: [[1, 1, 0, false]] });
    expect(runs(rig).at(-1)).to.deep.equal([17, 20]);
  });

  it("has at most a window full of bytes unaccepted on the wire", () => {
    const rig = CoreRig.welcome({}, { windowBytes: 800_000 });

    rig.act(() => Array.from({ length: 40_000 }, () => send(rig)));
    const bytes = rig.all("EVNT").reduce((sum, { run }) => sum + run!.bytes.length, 0);
    expect(bytes).to.be.within(400_000, 800_000);
    expect(rig.core.outbox.hasRoom).to.equal(false);

    const room = new NotedWaiter();
    rig.core.outbox.whenRoom(room);
    const sent = runs(rig).length;
    rig.hear("CNFM", { accepted: [[1, runs(rig)[0]![1]!, 1, false]] });
    expect(runs(rig).length).to.equal(sent + 1);
    expect(room.state).to.equal("waiting");
  });

  it("sends nothing into a full pipe, and goes on when it drains", () => {
    const rig = CoreRig.welcome();
    rig.core.pipe(false, rig.nowMs);

    rig.act(() => send(rig));
    expect(runs(rig)).to.deep.equal([]);

    rig.act((core) => core.pipe(true, rig.nowMs));
    expect(runs(rig)).to.deep.equal([[1, 1]]);
  });

  it("keeps an event without a channel of the grammar out of every run", () => {
    const rig = CoreRig.welcome();

    expect(refusalOf(() => rig.core.outbox.send("a..b", body)).code).to.equal("BAD_CHANNEL");
    expect(refusalOf(() => rig.core.outbox.send("$mesh.x", body)).code).to.equal("DENIED");
    const large = Buffer.alloc(1024 * 1024 + 1);
    expect(refusalOf(() => rig.core.outbox.send("a", large)).code).to.equal("TOO_LARGE");
    expect(refusalOf(() => rig.core.outbox.send("a", () => 1)).code).to.equal("BAD_PAYLOAD");

    rig.act(() => send(rig));
    expect(runs(rig)).to.deep.equal([[1, 1]]);
  });
});

describe("cell: confirms", () => {
  it("resolve accepted and handled apart, each with what matched", () => {
    const rig = CoreRig.welcome();
    const [one, two] = rig.act(() => [send(rig), send(rig, "handled")]);

    rig.hear("CNFM", { accepted: [[1, 2, 3, false]] });
    expect([one!.state, two!.state]).to.deep.equal([
      { seq: 1, matched: 3, repeat: false },
      "waiting",
    ]);

    rig.hear("CNFM", { handled: [[1, 2]] });
    expect(two!.state).to.deep.equal({ seq: 2, matched: 3, repeat: false });
  });

  it("come in ranges that cut across runs, in any order", () => {
    const rig = CoreRig.welcome();
    const sent = Array.from({ length: 6 }, () => rig.act(() => send(rig)));

    rig.hear("CNFM", {
      accepted: [
        [4, 6, 0, true],
        [2, 3, 1, false],
      ],
    });

    expect(sent.map(({ state }) => (state as { matched?: number }).matched)).to.deep.equal([
      undefined,
      1,
      1,
      0,
      0,
      0,
    ]);
  });

  it("answer who asks only later, also after the run was dropped", () => {
    const rig = CoreRig.welcome();
    const { outbox } = rig.core;
    const destination = rig.act(() => outbox.send("a", body));
    rig.hear("CNFM", { accepted: [[1, 1, 2, false]], handled: [[1, 1]] });
    rig.pass(3000);

    let matched = -1;
    destination.watch(0, {
      until: "handled",
      confirmed: (acceptance) => (matched = acceptance.matched),
      refused: () => undefined,
    });
    expect(matched).to.equal(2);
  });

  it("reject who waits for a refused event, and tell the status if nobody does", () => {
    const rig = CoreRig.welcome();
    const heard = rig.act(() => {
      rig.core.outbox.send("a", body);
      return send(rig);
    });

    rig.hear("CNFM", {
      refused: [
        [1, 1, "GROUP_FULL", "full"],
        [2, 2, "GROUP_FULL", "full elsewhere"],
      ],
    });

    expect(heard.state).to.equal("GROUP_FULL");
    const told = rig.statuses.filter(({ kind }) => kind === "refused");
    expect(told).to.have.length(1);
    expect(told[0]).to.include({ first: 1, last: 1, code: "GROUP_FULL" });
    expect(rig.core.outbox.pendingEvents).to.equal(0);
  });

  it("send a busy event again under its number, after a pause, and nothing new before", () => {
    const rig = CoreRig.welcome();
    const sent = rig.act(() => send(rig));
    rig.hear("CNFM", { refused: [[1, 1, "BUSY", "sheds load"]] });
    rig.act(() => send(rig));
    expect(runs(rig)).to.deep.equal([[1, 1]]);

    rig.pass(25);
    expect(runs(rig).slice(0, 2)).to.deep.equal([
      [1, 1],
      [1, 1],
    ]);
    rig.hear("CNFM", { accepted: [[1, 1, 1, false]] });
    expect(sent.state).to.include({ seq: 1, matched: 1 });
    expect(runs(rig).at(-1)).to.deep.equal([2, 2]);
  });

  it("send one full run first after a transmitter was busy, and more with each answer", () => {
    const rig = CoreRig.welcome();
    const big = new Uint8Array(60_000);
    for (let n = 0; n < 9; n++) rig.act(({ outbox }) => void outbox.send("a", big));
    const all = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(runs(rig).map(([first]) => first)).to.deep.equal(all);
    rig.hear("CNFM", { refused: [[1, 9, "BUSY", "half the backlog is full"]] });

    rig.pass(25);
    expect(runs(rig).map(([first]) => first)).to.deep.equal([...all, 1]);
    rig.hear("CNFM", { accepted: [[1, 1, 1, false]] });
    expect(runs(rig).map(([first]) => first)).to.deep.equal([...all, 1, 2, 3]);
  });

  it("wait longer each time while a transmitter stays busy", () => {
    const rig = CoreRig.welcome();
    rig.act(() => send(rig));
    for (const waitMs of [20, 40, 80]) {
      rig.hear("CNFM", { refused: [[1, 1, "BUSY", "half the backlog is full"]] });
      const before = runs(rig).length;
      rig.pass(waitMs - 1);
      expect(runs(rig)).to.have.length(before);
      rig.pass(1);
      expect(runs(rig)).to.have.length(before + 1);
    }
  });

  it("go out after a busy time, too, when what was refused is not sent again", () => {
    const rig = CoreRig.welcome();
    rig.act(() => send(rig));
    rig.hear("CNFM", { handled: [[1, 1]] });
    // It is repeated, and refused, until it is kept no longer: that ends in the last pause.
    for (const waitMs of [20, 40, 80, 160, 320, 640, 1000]) {
      rig.hear("CNFM", { refused: [[1, 1, "BUSY", "half the backlog is full"]] });
      if (waitMs === 1000) rig.act(() => send(rig));
      rig.pass(waitMs);
    }

    expect(runs(rig).at(-1)).to.deep.equal([2, 2]);
  });

  it("let flush resolve with the last accept, and reject with a refusal that nobody heard", () => {
    const rig = CoreRig.welcome();
    const [flushed, failed] = [new NotedWaiter(), new NotedWaiter()];
    rig.act((core) => {
      core.outbox.send("a", body);
      core.outbox.send("a", body);
      core.outbox.whenFlushed(flushed);
    });

    rig.hear("CNFM", { accepted: [[1, 1, 0, false]] });
    expect(flushed.state).to.equal("waiting");
    rig.hear("CNFM", { accepted: [[2, 2, 0, false]] });
    expect(flushed.state).to.equal("resolved");

    rig.act((core) => {
      core.outbox.send("a", body);
      core.outbox.whenFlushed(failed);
    });
    rig.hear("CNFM", { refused: [[3, 3, "GROUP_FULL", "full"]] });
    expect(failed.state).to.equal("GROUP_FULL");
  });

  it("take a run that was refused whole as the oldest that is not answered (§5.8)", () => {
    const rig = CoreRig.welcome();
    const [one, two] = [rig.act(() => send(rig)), rig.act(() => send(rig))];
    rig.hear("CNFM", { accepted: [[1, 1, 0, false]] });

    rig.hear("ERRO", { code: "BAD_RUN", message: "BAD_RUN: no", command: "EVNT" });

    expect(one.state).to.include({ seq: 1 });
    expect(two.state).to.equal("BAD_RUN");
  });

  it("are not refused by being muted, which is said of no command (§15), but sent again", () => {
    const rig = CoreRig.welcome();
    const sent = rig.act(() => send(rig));

    rig.hear("ERRO", { code: "MUTED", message: "too many errors", command: "" });
    rig.pass(600);
    rig.attach();
    expect(rig.all("EVNT")).to.have.length(2);
    rig.hear("CNFM", { accepted: [[1, 1, 0, false]] });

    expect(sent.state).to.include({ seq: 1 });
  });
});
