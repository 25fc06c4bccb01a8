import { expect } from "chai";

import { ScriptedTransmitter } from "../scripted-transmitter.js";
import { replyOf } from "../said.js";
import type { Cases } from "../rule.js";
import type { CellDriver, CellUnderTest, Reply } from "../cell-under-test.js";

/** What a cell does with the streams that it catches. */
export const multicatchCases: Cases = (driver, rule) => {
  rule(
    "catches, subscribes to the topic that it is given, and is armed by the mark (§8.4)",
    async () => {
      const script = (await ScriptedTransmitter.open()).without("MARK");
      const cell = await driver.begin([script]);
      const caught = cell.multicatch("a.*");
      expect((await script.command("CTCH")).fields).to.include({ pattern: "a.*", mode: "multi" });
      await script.subscriptions.next(({ topic }) => topic === `${script.topicOf("a.*")} `);
      expect(cell.armed.takeAll()).to.deep.equal([]);

      script.mark("a.*");

      await caught;
      await cell.armed.next();
    },
  );

  rule("is armed by an event as well (§8.4)", async () => {
    const script = (await ScriptedTransmitter.open()).without("MARK");
    const cell = await driver.begin([script]);
    const caught = cell.multicatch("a");
    await script.subscriptions.next(({ topic }) => topic === `${script.topicOf("a")} `);

    script.publish("a", { channel: "a", data: 1, seq: 1 }, 41);

    await caught;
    expect((await cell.handled.next()).data).to.equal(1);
    expect(script.commands.takeAll(({ command }) => command === "MISS")).to.deep.equal([]);
  });

  rule("subscribes again when no mark comes within 500 ms (§8.4)", async () => {
    const script = (await ScriptedTransmitter.open()).without("MARK");
    const cell = await driver.begin([script]);
    const caught = cell.multicatch("a");
    const isTopic = ({ topic }: { topic: string }): boolean => topic === `${script.topicOf("a")} `;

    const changes = await script.subscriptions.take(3, isTopic);
    expect(changes.map(({ isOn }) => isOn)).to.deep.equal([true, false, true]);
    script.mark("a");

    await caught;
  });

  rule("hands events over in their order, each once (§8.2, §8.9)", async () => {
    const { script, cell } = await listening(driver);

    for (let seq = 1; seq <= 50; seq++) script.publish("a", { channel: "a", data: seq, seq });

    const handled = await cell.handled.take(50);
    expect(handled.map(({ data }) => data)).to.deep.equal(upTo(50));
    expect(handled[0]).to.deep.include({
      pattern: "a",
      mode: "multi",
      channel: "a",
      from: { id: "ab".repeat(20), service: "scripted" },
      seq: 1,
    });
  });

  rule("skips a number that it has seen (§8.5)", async () => {
    const { script, cell } = await listening(driver);
    script.publish("a", { channel: "a", data: 1, seq: 1 });
    script.publish("a", { channel: "a", data: 2, seq: 2 });

    script.publish("a", { channel: "a", data: "again", seq: 3 }, 1);
    script.publish("a", { channel: "a", data: 3, seq: 4 });

    expect((await cell.handled.take(3)).map(({ data }) => data)).to.deep.equal([1, 2, 3]);
  });

  rule("filters an event that comes again under another number (§11.5)", async () => {
    const { script, cell } = await listening(driver);
    script.publish("a", { channel: "a", data: 1, seq: 1 });

    script.publish("a", { channel: "a", data: 1, seq: 1 });
    script.publish("a", { channel: "a", data: "other sender", seq: 1, sender: "cd".repeat(20) });
    script.publish("a", { channel: "a", data: 2, seq: 2 });

    expect((await cell.handled.take(3)).map(({ data }) => data)).to.deep.equal([
      1,
      "other sender",
      2,
    ]);
  });

  rule(
    "drops what is older than the first event of its sender, and comes behind it (§8.11)",
    async () => {
      const { script, cell } = await listening(driver);
      script.publish("a", { channel: "a", data: 5, seq: 5 });

      script.publish("a", { channel: "a", data: 3, seq: 3 });
      script.publish("a", { channel: "a", data: "other sender", seq: 3, sender: "cd".repeat(20) });
      script.publish("a", { channel: "a", data: 6, seq: 6 });

      const handled = await cell.handled.take(3);
      expect(handled.map(({ data }) => data)).to.deep.equal([5, "other sender", 6]);
    },
  );

  rule("passes over what it cannot read, and goes on (§6.4, §6.5)", async () => {
    const { script, cell } = await listening(driver);

    script.publish("a", { channel: "a", data: 1, seq: 1 });
    script.publishUnreadable("a", { channel: "a", data: null, seq: 2 });
    script.publish("a", { channel: "a", data: 3, seq: 3 });

    expect((await cell.handled.take(2)).map(({ data }) => data)).to.deep.equal([1, 3]);
    expect(cell.gaps.takeAll()).to.deep.equal([]);
    expect(script.commands.takeAll(({ command }) => command === "MISS")).to.deep.equal([]);
  });

  rule("tells the transmitter in beats how far it has read (§8.5)", async () => {
    const { script, cell } = await listening(driver);
    script.publish("a", { channel: "a", seq: 1 });
    script.publish("a", { channel: "a", seq: 2 });
    await cell.handled.take(2);

    await script.beats.next(({ streams }) => JSON.stringify(streams) === "[[1,2]]");
  });

  rule("says how far it has come more often where it reads much (§8.10)", async () => {
    const { script, cell } = await listening(driver);
    const startMs = performance.now();

    for (const seq of upTo(640)) script.publish("a", { channel: "a", seq });
    await cell.handled.take(640);

    const told: unknown[] = [];
    for (let last = 0; last < 640; ) {
      const { streams } = await script.beats.next((beat) => beat["streams"] !== undefined);
      last = (streams as [number, number][])[0]?.[1] ?? 0;
      told.push(last);
    }
    const heartbeats = Math.ceil((performance.now() - startMs) / 250);
    expect(told.length - heartbeats).to.be.at.least(4);
  });

  rule("ends a catch with DROP, and unsubscribes (§5.5)", async () => {
    const { script, cell } = await listening(driver);
    script.subscriptions.takeAll();

    await cell.release("a", "multi");

    expect((await script.command("DROP")).fields).to.deep.equal({ catch: 1 });
    const gone = { topic: `${script.topicOf("a")} `, isOn: false };
    expect(await script.subscriptions.next()).to.deep.equal(gone);
  });

  rule(
    "begins to count anew with another topic, and keeps the old one of its own (§8.4)",
    async () => {
      const { script, cell } = await listening(driver);
      script.publish("a", { channel: "a", data: 1, seq: 1 });
      await cell.handled.next();
      script.renumber("a");
      script.lose("a", 70);

      reattach(script);
      await cell.armed.next();
      await cell.armed.next();
      script.publish("a", { channel: "a", data: 2, seq: 2 });

      expect((await cell.handled.next()).data).to.equal(2);
      expect(script.commands.takeAll(({ command }) => command === "MISS")).to.deep.equal([]);
    },
  );

  rule("replies to a gather, to its sender and number (§12.5)", async () => {
    const { script } = await listening(driver, { data: { here: true } });
    const ask = { timeoutMs: 5000, gather: true };

    script.publish("a", { channel: "a", seq: 9, ask });

    const reply = replyOf(await script.command("RPLY"));
    const to = { catch: 1, to: "ab".repeat(20), seq: 9 };
    expect(reply).to.deep.include({ ...to, data: { here: true } });
    expect(reply).to.not.have.any.keys("code", "index");
  });

  rule("replies to a gather that its handler failed (§12.5)", async () => {
    const { script, cell } = await listening(driver, { failure: "boom" });

    script.publish("a", { channel: "a", seq: 9, ask: { timeoutMs: 5000, gather: true } });
    script.publish("a", { channel: "a", data: "after", seq: 10 });

    const { code, message } = replyOf(await script.command("RPLY"));
    expect(code).to.equal("HANDLER_FAILED");
    expect(message).to.contain("boom");
    await cell.handled.next(({ data }) => data === "after");
  });
};

/** A cell that is armed for the stream of `a`, which is its first catch. */
export async function listening(
  driver: CellDriver,
  reply?: Reply,
): Promise<{ script: ScriptedTransmitter; cell: CellUnderTest }> {
  const script = await ScriptedTransmitter.open();
  const cell = await driver.begin([script]);
  await cell.multicatch("a", reply);
  await script.hellos.next();
  await script.command("CTCH");
  return { script, cell };
}

/** Makes the cell attach anew to the same transmitter. */
export function reattach(script: ScriptedTransmitter): void {
  script.say("ERRO", { code: "NOT_WELCOME", message: "say HELO first", command: "BEAT" });
}

/** The numbers 1 … last. */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
