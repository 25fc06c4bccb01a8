import { expect } from "chai";

import { replyOf, type SaidSettlement, settlementsOf } from "../said.js";
import type { AnycatchWish, Behaviour, CellDriver, CellUnderTest } from "../cell-under-test.js";
import type { Cases } from "../rule.js";
import { ScriptedTransmitter } from "../scripted-transmitter.js";
import { upTo } from "./multicatch.js";

/** What a cell does with the deliveries of an anycatch. */
export const deliveryCases: Cases = (driver, rule) => {
  rule("catches with the options that it is given (§5.5)", async () => {
    const options = { concurrency: 3, credit: 7, redeliver: false, affinity: true };
    const wish = { ...options, attemptsMax: 9, ackTimeoutMs: 4000 };
    const script = await ScriptedTransmitter.open();
    const cell = await driver.begin([script]);

    await cell.anycatch("a.**", wish);

    const { fields } = await script.command("CTCH");
    expect(fields).to.include({ pattern: "a.**", mode: "any", ...wish });
  });

  rule("gives the event to the handler, and acks it by its name (§10.3)", async () => {
    const { script, cell } = await working(driver);

    const name = script.deliver(1, {
      channel: "a",
      data: { n: 1 },
      seq: 5,
      headers: { h: "1" },
      key: "k",
    });

    const handled = { channel: "a", data: { n: 1 }, seq: 5, headers: { h: "1" }, key: "k" };
    expect(await cell.handled.next()).to.deep.include({ ...handled, attempt: 1, repeat: false });
    const [settlement] = settlementsOf(await script.command("SETL"));
    expect(settlement).to.deep.include({ ...name, outcome: "ack", ref: 1 });
    expect(settlement).to.not.have.any.keys("reason", "result", "outputs");
  });

  rule("raises the ref of its settlements by 1 (§5.5)", async () => {
    const { script } = await working(driver, { credit: 9 });

    const refs: number[] = [];
    for (const seq of upTo(4)) {
      script.deliver(1, { channel: "a", seq });
      refs.push((await script.command("SETL")).fields["ref"] as number);
    }

    expect(refs).to.deep.equal(upTo(4));
  });

  for (const outcome of ["nack", "reject"] as const) {
    rule(`says ${outcome} with the reason of the handler (§10.4)`, async () => {
      const { script } = await working(driver, {}, { outcome, reason: "boom" });

      script.deliver(1, { channel: "a", seq: 1 });

      const [settlement] = settlementsOf(await script.command("SETL"));
      expect(settlement).to.include({ outcome });
      expect(settlement?.reason).to.contain("boom");
    });
  }

  rule("says release (§10.4)", async () => {
    const { script } = await working(driver, {}, { outcome: "release" });

    script.deliver(1, { channel: "a", seq: 1 });

    expect(settlementsOf(await script.command("SETL"))[0]).to.include({ outcome: "release" });
  });

  rule(
    "begins as many as its concurrency, in order, and the next when one is done (§10.5)",
    async () => {
      const hold: Behaviour = { outcome: "hold" };
      const { script, cell } = await working(driver, { concurrency: 2, credit: 9 }, hold);
      for (const seq of upTo(4)) script.deliver(1, { channel: "a", seq });
      expect((await cell.handled.take(2)).map(({ seq }) => seq)).to.deep.equal([1, 2]);
      await script.beats.take(2);
      expect(cell.handled.takeAll()).to.deep.equal([]);

      await cell.settle("a", 2, { outcome: "ack" });

      expect((await cell.handled.next()).seq).to.equal(3);
      await script.beats.take(2);
      expect(cell.handled.takeAll()).to.deep.equal([]);
    },
  );

  rule("says PROG while its handler says that it works on (§5.5)", async () => {
    const { script, cell } = await working(driver, {}, { outcome: "hold", progressMs: 50 });

    const name = script.deliver(1, { channel: "a", seq: 1 });

    expect((await script.command("PROG")).fields).to.deep.equal(name);
    await script.command("PROG");
    await cell.settle("a", 1, { outcome: "ack" });
    await script.command("SETL");
  });

  rule("answers an ask with its result, and with parts before (§12.2, §12.4)", async () => {
    const behaviour: Behaviour = { outcome: "ack", parts: ["one", 2], result: { sum: 3 } };
    const { script } = await working(driver, {}, behaviour);

    const name = script.deliver(1, { channel: "a", seq: 1, ask: { timeoutMs: 5000, parts: true } });

    const parts = await script.commands.take(2, ({ command }) => command === "RPLY");
    expect(parts.map(replyOf)).to.deep.equal([
      { ...name, index: 0, data: "one" },
      { ...name, index: 1, data: 2 },
    ]);
    const [settlement] = settlementsOf(await script.command("SETL"));
    expect(settlement).to.deep.include({ outcome: "ack", result: { sum: 3 } });
    expect(script.order.slice(-3)).to.deep.equal(["RPLY", "RPLY", "SETL"]);
  });

  rule("sends outputs through the settlement alone (§10.6)", async () => {
    const outputs = [
      { channel: "b", data: 1 },
      { channel: "c", data: { two: 2 } },
    ];
    const { script } = await working(driver, {}, { outcome: "ack", outputs });

    script.deliver(1, { channel: "a", seq: 1 });

    const [settlement] = settlementsOf(await script.command("SETL"));
    expect(settlement?.outputs?.map(({ channel, data }) => ({ channel, data }))).to.deep.equal(
      outputs,
    );
    expect(script.order).to.not.include("EVNT");
  });

  rule("does not settle what was taken back, and does not begin it (§5.5)", async () => {
    const { script, cell } = await working(driver, { credit: 3 }, { outcome: "hold" });
    const [one, two] = upTo(3).map((seq) => script.deliver(1, { channel: "a", seq }));
    await cell.handled.next();

    script.say("BACK", { ...one, count: 1 });
    script.say("BACK", { ...two, count: 1 });
    await script.beats.take(2);
    await cell.settle("a", 1, { outcome: "ack" });

    expect((await cell.handled.next()).seq).to.equal(3);
    await cell.settle("a", 3, { outcome: "ack" });
    const settlements = [...settlementsOf(await script.command("SETL"))];
    expect(settlements.map(({ number }) => number)).to.deep.equal([3]);
  });

  rule(
    "handles an event that it has acked no second time, and settles it again (§11.5)",
    async () => {
      const { script, cell } = await working(driver);
      script.deliver(1, { channel: "a", seq: 1 });
      await script.command("SETL");
      await cell.handled.next();
      await script.beats.take(2);

      const again = script.deliver(1, { channel: "a", seq: 1 }, { attempt: 2, repeat: true });

      expect(settlementsOf(await script.command("SETL"))[0]).to.include({
        ...again,
        outcome: "ack",
      });
      expect(cell.handled.takeAll()).to.deep.equal([]);
    },
  );

  rule("handles an event again that it has nacked (§10.4)", async () => {
    const behaviours: Behaviour[] = [{ outcome: "nack" }, { outcome: "ack" }];
    const { script, cell } = await working(driver, {}, ...behaviours);
    script.deliver(1, { channel: "a", seq: 1 });
    await script.command("SETL");

    script.deliver(1, { channel: "a", seq: 1 }, { attempt: 2, repeat: true });

    const [, second] = await cell.handled.take(2);
    expect(second).to.include({ attempt: 2, repeat: true });
    expect(settlementsOf(await script.command("SETL"))[0]).to.include({
      outcome: "ack",
      attempt: 2,
    });
  });

  rule("goes on after a settlement that came too late (§10.3)", async () => {
    const { script, cell } = await working(driver, { credit: 2 });
    script.without("settled");
    script.deliver(1, { channel: "a", seq: 1 });
    const { ref, ...late } = settlementsOf(await script.command("SETL"))[0] as SaidSettlement;

    const message = "the delivery is not held under this attempt any more";
    const { number, attempt } = late;
    script.say("ERRO", {
      code: "STALE_ATTEMPT",
      message,
      command: "SETL",
      ref,
      catch: 1,
      number,
      attempt,
    });
    script.settled(ref);
    script.deliver(1, { channel: "a", seq: 2 });

    await cell.handled.take(2);
    expect((await script.command("SETL")).fields["ref"]).to.equal(2);
  });

  rule("begins nothing more of a catch that it ends, and says DROP (§10.11)", async () => {
    const { script, cell } = await working(driver, { credit: 3 }, { outcome: "hold" });
    for (const seq of upTo(3)) script.deliver(1, { channel: "a", seq });
    await cell.handled.next();

    const released = cell.release("a", "any");
    await script.beats.take(2);
    await cell.settle("a", 1, { outcome: "ack" }).catch(() => {});
    await released;

    expect((await script.command("DROP")).fields).to.deep.equal({ catch: 1 });
    expect(cell.handled.takeAll()).to.deep.equal([]);
  });
};

/** A cell with an anycatch of `a`, which is its first catch. */
export async function working(
  driver: CellDriver,
  wish: AnycatchWish = {},
  ...behaviours: Behaviour[]
): Promise<{ script: ScriptedTransmitter; cell: CellUnderTest }> {
  const script = await ScriptedTransmitter.open();
  const cell = await driver.begin([script]);
  await cell.anycatch("a", { credit: 1, ...wish }, ...behaviours);
  await script.hellos.next();
  await script.command("CTCH");
  return { script, cell };
}
