import { expect } from "chai";

import { CoreRig, NotedWaiter } from "./core-rig.js";

const body = Buffer.alloc(100, 1);

describe("cell: a full outbox", () => {
  const bounds = { outboxEventsMax: 100 };

  it("lets sends wait, admits them in order as events are handled, and numbers them then", () => {
    const rig = CoreRig.welcome(bounds);
    const destinations = rig.act(({ outbox }) =>
      Array.from({ length: 95 }, () => outbox.send("a.b", body)),
    );
    expect(destinations.map((each) => each.seqAt(0)).filter((seq) => seq === 0)).to.have.length(5);
    const flushed = new NotedWaiter();
    rig.core.outbox.whenFlushed(flushed);

    rig.hear("CNFM", { accepted: [[1, 90, 1, false]], handled: [[1, 50]] });
    expect(destinations.slice(90).map((each) => each.seqAt(0))).to.deep.equal([91, 92, 93, 94, 95]);
    expect(flushed.state).to.equal("waiting");
    rig.hear("CNFM", { accepted: [[91, 95, 1, false]] });
    expect(flushed.state).to.equal("resolved");
  });

  it("keeps a tenth free for handlers", () => {
    const rig = CoreRig.welcome(bounds);
    rig.act(({ outbox }) => Array.from({ length: 90 }, () => outbox.send("a.b", body)));
    rig.core.outbox.privileged = true;

    expect(rig.core.outbox.send("a.b", body).seqAt(rig.core.outbox.lastIndex)).to.equal(91);
  });

  it("lets what a handler sends pass those that wait, but none of its own channel (§8.9)", () => {
    const rig = CoreRig.welcome(bounds);
    const send = (channel: string): (() => number) => {
      const { outbox } = rig.core;
      const destination = outbox.send(channel, body);
      const index = outbox.lastIndex;
      return () => destination.seqAt(index);
    };
    rig.act(() => Array.from({ length: 90 }, () => send("a.b")));
    const [first, second] = [send("a.b"), send("c.d")];
    rig.core.outbox.privileged = true;
    const [passing, behind] = [send("audit"), send("c.d")];
    rig.core.outbox.privileged = false;
    const plain = send("audit");
    const seqs = (): number[] => [first, second, passing, behind, plain].map((seq) => seq());
    expect(seqs()).to.deep.equal([0, 0, 91, 0, 0]);

    rig.hear("CNFM", { accepted: [[1, 90, 1, false]], handled: [[1, 90]] });
    expect(seqs()).to.deep.equal([92, 93, 91, 94, 95]);
    rig.act(() => Array.from({ length: 90 }, () => send("e")));
    rig.core.outbox.privileged = true;
    expect(send("c.d")()).to.be.greaterThan(0);
  });

  it("refuses a send when 65 536 wait, and takes bytes that the caller changes later", () => {
    const rig = new CoreRig(bounds);
    const { outbox } = rig.core;
    const mine = Buffer.alloc(4, 1);
    for (let n = 0; n < 90; n++) outbox.send("a.b", mine);
    const waiting = outbox.send("a.b", mine);
    mine.fill(2);
    for (let n = 1; n < 65_536; n++) outbox.send("a.b", mine);

    let code = "";
    outbox.send("a.b", mine).watch(0, {
      until: "accepted",
      confirmed: () => undefined,
      refused: (error) => (code = error.code),
    });
    expect(code).to.equal("OUTBOX_FULL");

    rig.core.start(rig.nowMs);
    rig.attach();
    rig.hear("CNFM", { accepted: [[1, 90, 1, false]], handled: [[1, 90]] });
    const { run } = rig.all("EVNT").at(-1)!;
    expect(waiting.seqAt(0)).to.equal(91);
    expect([...run!.bodyAt(0)]).to.deep.equal([1, 1, 1, 1]);
    expect([...run!.bodyAt(1)]).to.deep.equal([2, 2, 2, 2]);
  });

  it("refuses a send when as many bytes wait as the outbox may hold, until they are admitted", () => {
    const rig = CoreRig.welcome({ outboxEventsMax: 10, outboxBytesMax: 1024 * 1024 });
    const { outbox } = rig.core;
    const large = Buffer.alloc(256 * 1024);
    const codes: string[] = [];
    const send = (): void =>
      outbox.send("a.b", large).watch(outbox.lastIndex, {
        until: "accepted",
        confirmed: () => undefined,
        refused: ({ code }) => codes.push(code),
      });
    rig.act(() => Array.from({ length: 9 }, () => outbox.send("a.b", 1)));
    for (let n = 0; n < 4; n++) send();
    expect(codes).to.deep.equal([]);
    send();
    expect(codes).to.deep.equal(["OUTBOX_FULL"]);

    rig.hear("CNFM", { accepted: [[1, 9, 1, false]], handled: [[1, 1]] });
    send();
    expect(codes).to.deep.equal(["OUTBOX_FULL"]);
    send();
    expect(codes).to.deep.equal(["OUTBOX_FULL", "OUTBOX_FULL"]);
  });

  it("says that there is room below three quarters", () => {
    const rig = CoreRig.welcome(bounds);
    rig.act(({ outbox }) => Array.from({ length: 75 }, () => outbox.send("a.b", body)));
    expect(rig.core.outbox.hasRoom).to.equal(false);
    const room = new NotedWaiter();
    rig.core.outbox.whenRoom(room);

    rig.hear("CNFM", { accepted: [[1, 75, 1, false]], handled: [[1, 10]] });

    expect(room.state).to.equal("resolved");
    expect(rig.core.outbox.hasRoom).to.equal(true);
  });
});
