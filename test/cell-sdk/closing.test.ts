import { expect } from "chai";

import { wish as listened } from "./catching.js";
import { CoreRig, NotedWaiter } from "./core-rig.js";
import { live } from "./moving-rig.js";
import { deliver, take, wish, working } from "./working.js";

describe("cell: closing", () => {
  it("says farewell when nothing is left to wait for", () => {
    const rig = CoreRig.welcome();
    rig.act((core) => core.close(rig.nowMs, 1000));
    expect(rig.said.map(({ command }) => command)).to.deep.equal(["GBYE"]);

    rig.hear("GBYE", { reason: "farewell" });

    expect(rig.statuses.slice(-2)).to.deep.equal([
      { kind: "draining", by: "cell" },
      { kind: "closed", unconfirmed: 0 },
    ]);
    expect(rig.effects.at(-2)).to.deep.equal({ kind: "detach", line: 0 });
  });

  it("waits for what it sent to be handled, then says how much is not", () => {
    const rig = CoreRig.welcome();
    rig.act(({ outbox }) => {
      for (let n = 0; n < 3; n++) outbox.send("a", n);
    });
    rig.act((core) => core.close(rig.nowMs, 1000));
    rig.hear("CNFM", { accepted: [[1, 3, 1, false]], handled: [[1, 1]] });
    expect(rig.all("GBYE")).to.have.length(0);

    live(rig, 1000);
    rig.hear("GBYE", { reason: "farewell" });

    expect(rig.statuses.at(-1)).to.deep.equal({ kind: "closed", unconfirmed: 2 });
  });

  it("does not need a transmitter that is gone", () => {
    const rig = CoreRig.welcome();
    rig.act((core) => core.disconnected("cut", rig.nowMs));
    rig.act((core) => core.close(rig.nowMs, 1000));

    expect(rig.statuses.at(-1)).to.deep.equal({ kind: "closed", unconfirmed: 0 });
    expect(rig.core.nextDeadlineMs).to.equal(Number.POSITIVE_INFINITY);
  });

  it("ends without an answer to its farewell", () => {
    const rig = CoreRig.welcome();
    rig.act((core) => core.close(rig.nowMs, 1000));
    rig.pass(600);

    expect(rig.statuses.at(-1)).to.include({ kind: "closed" });
  });

  it("tells everybody who waits", () => {
    const rig = CoreRig.welcome();
    const waiters = [new NotedWaiter(), new NotedWaiter()];
    rig.act((core) => {
      core.outbox.send("a", 1);
      core.outbox.whenFlushed(waiters[0]!);
      core.multicatch(
        {
          pattern: "a",
          concurrency: 1,
          echo: true,
          bufferBytesMax: 1000,
          dropOldest: false,
        },
        waiters[1]!,
      );
      core.close(rig.nowMs, 0);
    });
    rig.pass(600);

    expect(waiters.map(({ state }) => state)).to.deep.equal(["CLOSED", "CLOSED"]);
  });

  for (const reason of ["fenced", "farewell"]) {
    it(`lets nobody wait for the end of a catch, whichever home was told of it (${reason})`, () => {
      const { rig, supply } = working();
      const other = rig.act((core) => core.anycatch({ ...wish, pattern: "b" }, new NotedWaiter()));
      rig.grant();
      const waiters = Array.from({ length: 3 }, () => new NotedWaiter());
      rig.act(({ catches }) => catches.releaseAnycatch(other, waiters[0]!));
      rig.hear("GBYE", { reason: "draining" });
      rig.pass(50);
      rig.attach({ id: "7b".repeat(20) });
      const late = rig.act((core) => core.anycatch({ ...wish, pattern: "c" }, new NotedWaiter()));
      rig.grant();
      rig.act(({ catches }) => catches.releaseAnycatch(late, waiters[1]!));
      expect(waiters.map(({ state }) => state)).to.deep.equal(["waiting", "waiting", "waiting"]);

      if (reason === "farewell") rig.act((core) => core.close(rig.nowMs, 0));
      rig.hear("GBYE", { reason });
      expect(rig.kinds().at(-1)).to.equal("closed");
      const states = waiters.map(({ state }) => state);
      expect(states).to.deep.equal(["resolved", "resolved", "waiting"]);
      rig.act(({ catches }) => catches.releaseAnycatch(supply, waiters[2]!));

      expect(waiters[2]?.state).to.equal("resolved");
    });
  }

  it("begins nothing more, however it ends", () => {
    const { rig, supply } = working({ concurrency: 2 });
    const listening = rig.act((core) => core.multicatch(listened, new NotedWaiter()));
    rig.grant();
    rig.mark("s-1", 1);
    deliver(rig, {}, { bodies: [1, 2] });
    rig.stream("s-1", 1, { bodies: [1, 2] });
    take(supply);
    listening.take();
    rig.hear("GBYE", { reason: "fenced" });
    expect(rig.kinds().at(-1)).to.equal("closed");

    listening.finished();
    expect(supply.take()).to.equal(undefined);
    expect(listening.take()).to.equal(undefined);
  });
});
