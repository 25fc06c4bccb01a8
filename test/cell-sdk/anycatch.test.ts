import { encodeMessagePack } from "@thynapse/protocol";
import { expect } from "chai";

import { refusalOf } from "../protocol/refusal.js";
import { CoreRig, NotedWaiter, senderId } from "./core-rig.js";
import { ack, deliver, settled, take, wish, working } from "./working.js";

describe("cell: deliveries", () => {
  it("are begun in order, as many at once as the catch allows", () => {
    const { rig, supply } = working({ concurrency: 2 });
    deliver(rig, {}, { bodies: ["a", "b", "c"] });

    const [one, two] = [take(supply), take(supply)];
    expect([one.data, two.data, supply.take()]).to.deep.equal(["a", "b", undefined]);
    two.ack();
    supply.finished(two);
    expect(take(supply).data).to.equal("c");
  });

  it("tell attempt and repeat, and who sent them", () => {
    const { rig, supply } = working();
    deliver(rig, { attempt: 3, repeat: true }, { first: 7, bodies: [1] });

    const { attempt, repeat, seq, from, channel } = take(supply);
    expect({ attempt, repeat, seq, channel }).to.deep.equal({
      attempt: 3,
      repeat: true,
      seq: 7,
      channel: "a.b",
    });
    expect(from).to.deep.equal({ id: senderId, service: "sending" });
  });

  it("of one key run one at a time, while other keys go on", () => {
    const { rig, supply } = working({ concurrency: 10, affinity: true });
    deliver(rig, { number: 1 }, { first: 1, bodies: ["k1", "k2"], extras: { key: "k" } });
    deliver(rig, { number: 3 }, { first: 3, bodies: ["l1"], extras: { key: "l" } });

    const [one, other] = [take(supply), take(supply)];
    expect([one.data, other.data, supply.take()]).to.deep.equal(["k1", "l1", undefined]);
    one.ack();
    supply.finished(one);
    expect(take(supply).data).to.equal("k2");
  });

  it("that cannot be decoded are rejected before a handler sees them (§6.5)", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [Buffer.from([0xc1]), "good"], tag: 2 });

    expect(take(supply).data).to.equal("good");
    rig.act(() => undefined);
    const [row] = settled(rig) as [unknown[]];
    expect(row.slice(0, 4)).to.deep.equal([3, 1, 1, 1]);
    expect((row[4] as { reason: string }).reason).to.contain("BAD_PAYLOAD");
    expect(supply.badEvents).to.equal(1);
    expect(rig.statuses.at(-1)).to.include({ kind: "warning", pattern: "work.*" });
  });

  it("taken back abort the signal, and what the handler says then changes nothing", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1, 2, 3] });
    const running = take(supply);
    const { signal } = running;

    rig.hear("BACK", { catch: 1, origin: "o1", number: 1, count: 2, attempt: 1 });

    expect(signal.aborted).to.equal(true);
    running.ack();
    supply.finished(running);
    expect(ack(supply).data).to.equal(3);
    rig.act(() => undefined);
    expect(settled(rig)).to.deep.equal([[0, 3, 1, 1]]);
  });

  it("of another attempt are not taken back", () => {
    const { rig, supply } = working();
    deliver(rig, { attempt: 2 }, { bodies: [1] });
    const running = take(supply);

    rig.hear("BACK", { catch: 1, origin: "o1", number: 1, count: 1, attempt: 1 });

    expect(running.signal.aborted).to.equal(false);
  });

  it("say progress and parts under their name", () => {
    const { rig, supply } = working();
    deliver(rig, { number: 9 }, { bodies: [1], extras: { ask: { timeoutMs: 5, parts: true } } });
    const running = take(supply);
    rig.act(() => {
      running.progress();
      running.reply("x");
      running.reply("y");
    });

    const name = { catch: 1, origin: "o1", number: 9, attempt: 1 };
    expect(rig.last("PROG").map).to.deep.equal(name);
    expect(rig.all("RPLY").map(({ map }) => map["index"])).to.deep.equal([0, 1]);
    expect(rig.last("RPLY").map).to.deep.include({ ...name, body: [2, encodeMessagePack("y")] });
  });
});

describe("cell: anycatches", () => {
  it("refuse a second one of the same pattern in one cell", () => {
    const { rig } = working();
    const again = (): unknown => rig.core.anycatch(wish, new NotedWaiter());

    expect(refusalOf(again).code).to.equal("CATCH_EXISTS");
  });

  it("say which options differ in the group, as a warning", () => {
    const rig = CoreRig.welcome();
    rig.act((core) => core.anycatch({ ...wish, attemptsMax: 3 }, new NotedWaiter()));
    expect(rig.last("CTCH").map).to.deep.include({ attemptsMax: 3, concurrency: 1, credit: 100 });
    expect(rig.last("CTCH").map).to.not.have.property("redeliver");

    rig.grant({ warnings: ["attemptsMax is 3 here, 2 is in force"] });

    expect(rig.statuses.at(-1)).to.include({ kind: "warning", pattern: "work.*" });
  });

  it("give back what was not begun when they are paused, and what crosses that (§10.4)", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1, 2, 3] });
    const running = take(supply);
    rig.act(() => supply.pause());
    expect(settled(rig)).to.deep.equal([[2, 2, 2, 1]]);

    deliver(rig, { number: 4 }, { first: 4, bodies: [4] });
    rig.act(() => supply.finished(running));
    expect(settled(rig)).to.deep.equal([
      [2, 2, 2, 1],
      [2, 4, 1, 1],
    ]);
    expect(supply.heldCount).to.equal(1);

    rig.act(() => supply.resume());
    deliver(rig, { number: 5 }, { first: 4, bodies: [4] });
    expect(take(supply).data).to.equal(4);
  });

  it("keep while paused what is not delivered twice: given back it would be dead (§10.7)", () => {
    const { rig, supply } = working({ redeliver: false });
    deliver(rig, {}, { bodies: [1] });
    rig.act(() => supply.pause());
    deliver(rig, { number: 2 }, { first: 2, bodies: [2] });
    rig.act(() => supply.resume());

    expect([ack(supply).data, ack(supply).data]).to.deep.equal([1, 2]);
  });

  it("give back what was not begun when they are released, then end", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1, 2, 3] });
    const running = take(supply);
    rig.act(() => {
      supply.pause();
      supply.releaseWaiting();
    });
    expect(settled(rig)).to.deep.equal([[2, 2, 2, 1]]);

    const dropped = new NotedWaiter();
    rig.act((core) => {
      running.ack();
      supply.finished(running);
      core.flush(rig.nowMs);
      core.catches.releaseAnycatch(supply, dropped);
    });
    expect(rig.said.slice(-2).map(({ command }) => command)).to.deep.equal(["SETL", "DROP"]);
    rig.hear("DRPD", { catch: 1 });
    expect(dropped.state).to.equal("resolved");
  });
});
