import { expect } from "chai";

import { CoreRig, transmitterId } from "./core-rig.js";

const body = Buffer.alloc(100, 1);
const other = { id: "7b".repeat(20), incarnation: 9 };

function sendRuns(rig: CoreRig, count: number): void {
  for (let n = 0; n < count; n++) rig.act(({ outbox }) => outbox.send("a.b", body));
}

function runs(rig: CoreRig): { first: number; last: number; session: number; floor: number }[] {
  return rig.all("EVNT").map(({ run }) => {
    const { first, session, floor } = run!.header;
    return { first, last: run!.last, session, floor };
  });
}

/** Its transmitter lives, and beats. */
function hearFor(rig: CoreRig, ms: number): void {
  for (let leftMs = ms; leftMs > 0; leftMs -= 100) {
    rig.pass(100);
    rig.hear("BEAT", {});
  }
}

describe("cell: sending again", () => {
  it("begins with what is not handled, ascending, then what is new (§11.3)", () => {
    const rig = CoreRig.welcome();
    sendRuns(rig, 3);
    rig.hear("CNFM", { accepted: [[1, 3, 1, false]], handled: [[2, 2]] });
    rig.lose();
    rig.act(({ outbox }) => outbox.send("a.b", body));
    rig.said.length = 0;

    rig.attach();

    expect(runs(rig).map(({ first }) => first)).to.deep.equal([1, 3, 4]);
  });

  it("keeps the session of the first sending, by which a repeat is known (§7.8)", () => {
    const rig = CoreRig.welcome();
    sendRuns(rig, 1);
    rig.lose();
    rig.act(({ outbox }) => outbox.send("a.b", body));
    rig.said.length = 0;

    rig.attach(other);

    expect(rig.last("HELO").map).to.include({ session: 2, secret: "5".repeat(32) });
    expect(runs(rig).map(({ first, session }) => [first, session])).to.deep.equal([
      [1, 1],
      [2, 2],
    ]);
  });

  it("gives a run that was closed before the loss, but never sent, the new session", () => {
    const rig = CoreRig.welcome({}, { windowBytes: 1000 });
    for (let n = 0; n < 2; n++) {
      rig.act(({ outbox }) => {
        for (let each = 0; each < 600; each++) outbox.send("a.b", body);
      });
    }
    const sentBefore = runs(rig).map(({ first }) => first);
    expect(sentBefore).to.deep.equal([1]);
    rig.lose();
    rig.said.length = 0;

    rig.attach(other);

    const sessions = runs(rig).map(({ session }) => session);
    expect(sessions[0]).to.equal(1);
    expect(new Set(sessions.slice(1))).to.deep.equal(new Set([2]));
  });

  it("repeats what is handled but kept only to another transmitter (§11.5)", () => {
    for (const [fields, expected] of [
      [{}, []],
      [{ incarnation: 2 }, [1]],
      [other, [1]],
    ] as const) {
      const rig = CoreRig.welcome();
      sendRuns(rig, 1);
      rig.hear("CNFM", { accepted: [[1, 1, 1, false]], handled: [[1, 1]] });
      rig.lose();
      rig.said.length = 0;

      rig.attach({ id: transmitterId, ...fields });

      expect(runs(rig).map(({ first }) => first)).to.deep.equal(expected);
    }
  });

  it("repeats what was handled shortly before a silence, however long that lasts (§11.5)", () => {
    const rig = CoreRig.welcome();
    sendRuns(rig, 1);
    rig.hear("CNFM", { accepted: [[1, 1, 1, false]], handled: [[1, 1]] });
    rig.nowMs += 60_000;
    // Frozen, it reads late what the transmitter had said before it died.
    for (let n = 0; n < 3; n++) rig.hear("BEAT", {});
    rig.lose();
    rig.said.length = 0;

    rig.attach(other);

    expect(runs(rig).map(({ first }) => first)).to.deep.equal([1]);
  });

  it("says which of those that it repeats are handled (§7.10)", () => {
    const rig = CoreRig.welcome();
    rig.act(({ outbox }) => {
      for (let n = 0; n < 5; n++) outbox.send("a.b", body);
    });
    sendRuns(rig, 1);
    rig.hear("CNFM", {
      accepted: [[1, 6, 1, false]],
      handled: [
        [1, 2],
        [4, 4],
      ],
    });
    rig.lose();
    rig.said.length = 0;

    rig.attach(other);

    const ranges = rig.all("EVNT").map(({ run }) => run!.header.handled?.ranges().join(" "));
    expect(ranges).to.deep.equal(["1,2 4,4", undefined]);
  });

  it("keeps what is handled for 2 s and 8 MiB, and raises the floor behind it (§7.4)", () => {
    const rig = CoreRig.welcome();
    sendRuns(rig, 2);
    rig.hear("CNFM", { accepted: [[1, 2, 1, false]], handled: [[1, 2]] });
    expect(rig.core.outbox.floor).to.equal(1);
    hearFor(rig, 1900);
    expect(rig.core.outbox.floor).to.equal(1);

    hearFor(rig, 200);
    expect(rig.core.outbox.floor).to.equal(3);

    const large = Buffer.alloc(1024 * 1024);
    for (let n = 0; n < 12; n++) {
      rig.act(({ outbox }) => outbox.send("a.b", large));
      rig.hear("CNFM", { accepted: [[3 + n, 3 + n, 1, false]], handled: [[3 + n, 3 + n]] });
    }
    expect(rig.core.outbox.floor).to.equal(8);
  });

  it("holds the floor at the lowest event that is not handled", () => {
    const rig = CoreRig.welcome();
    sendRuns(rig, 5);
    rig.hear("CNFM", {
      accepted: [[1, 5, 1, false]],
      handled: [
        [3, 5],
        [1, 1],
      ],
    });
    hearFor(rig, 2000);

    sendRuns(rig, 1);
    expect(runs(rig).at(-1)).to.include({ first: 6, floor: 2 });
  });

  it("sends a run again with the floor of now, which never falls", () => {
    const rig = CoreRig.welcome();
    sendRuns(rig, 2);
    rig.hear("CNFM", { accepted: [[1, 2, 1, false]], handled: [[1, 1]] });
    hearFor(rig, 2000);
    rig.lose();
    rig.said.length = 0;

    rig.attach(other);
    expect(runs(rig)).to.deep.equal([{ first: 2, last: 2, session: 1, floor: 2 }]);
  });

  it("leaves out what is refused, and duplicates that are handled (§11.3, §11.5)", () => {
    const rig = CoreRig.welcome();
    rig.act(({ outbox }) => {
      for (let n = 0; n < 5; n++) outbox.send("a.b", body);
    });
    sendRuns(rig, 2);
    rig.hear("CNFM", {
      accepted: [
        [1, 1, 1, false],
        [2, 3, 0, true],
        [4, 5, 1, false],
        [6, 6, 0, true],
      ],
      handled: [
        [1, 2],
        [4, 6],
      ],
      refused: [[7, 7, "GROUP_FULL", "the backlog is full"]],
    });
    rig.lose();
    rig.said.length = 0;

    rig.attach(other);
    const seqs = (): number[] =>
      rig.all("EVNT").flatMap(({ run }) => {
        return Array.from({ length: run!.count }, (_, index) => run!.seqAt(index));
      });
    // Event 3 is a duplicate of one that nobody has handled yet.
    expect(seqs()).to.deep.equal([1, 3, 4, 5]);

    rig.hear("CNFM", {
      accepted: [
        [1, 1, 1, true],
        [3, 3, 1, false],
        [4, 5, 1, true],
      ],
    });
    expect(rig.core.outbox.isQuiet).to.equal(true);
    rig.hear("CNFM", {
      handled: [
        [1, 1],
        [3, 5],
      ],
    });
    rig.lose();
    rig.said.length = 0;

    rig.attach({ ...other, incarnation: 10 });
    // It was new at the second transmitter, so it may be needed again.
    expect(seqs()).to.deep.equal([1, 3, 4, 5]);
  });
});
