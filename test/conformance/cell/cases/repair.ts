import { expect } from "chai";

import type { Fields } from "../../transmitter/frames.js";
import type { Cases } from "../rule.js";
import type { ScriptedTransmitter } from "../scripted-transmitter.js";
import { listening, reattach, upTo } from "./multicatch.js";

/** What a cell does about holes in its streams. */
export const repairCases: Cases = (driver, rule) => {
  rule("asks for a hole as soon as it sees it, and hands over in order (§8.5)", async () => {
    const { script, cell } = await listening(driver);
    publish(script, 1);
    script.lose("a", 2);
    publish(script, 4);

    expect(await miss(script)).to.deep.equal({ catch: 1, first: 2, count: 2 });
    repair(script, 2);
    repair(script, 3, { done: true });

    expect((await cell.handled.take(4)).map(({ data }) => data)).to.deep.equal(upTo(4));
    expect(cell.gaps.takeAll()).to.deep.equal([]);
  });

  rule("asks again, when the answer is done, for what is missing still (§5.5, §8.5)", async () => {
    const { script, cell } = await listening(driver);
    publish(script, 1);
    script.lose("a", 3);
    publish(script, 5);
    await miss(script);

    repair(script, 2, { done: true });

    expect(await miss(script)).to.deep.equal({ catch: 1, first: 3, count: 2 });
    repair(script, 3);
    repair(script, 4, { done: true });
    expect((await cell.handled.take(5)).map(({ data }) => data)).to.deep.equal(upTo(5));
  });

  rule("asks again when no answer comes at all (§8.5)", async () => {
    const { script, cell } = await listening(driver);
    script.lose("a", 1);
    publish(script, 2);

    await miss(script);
    expect(await miss(script)).to.deep.equal({ catch: 1, first: 1, count: 1 });
    repair(script, 1, { done: true });

    expect((await cell.handled.take(2)).map(({ data }) => data)).to.deep.equal([1, 2]);
  });

  rule("reports what is gone as a gap with its count, and goes on (§8.5)", async () => {
    const { script, cell } = await listening(driver);
    publish(script, 1);
    script.lose("a", 3);
    publish(script, 5);
    await miss(script);

    script.say("RPAR", { catch: 1, first: 2, count: 2, gone: true, done: false });
    repair(script, 4, { done: true });

    expect((await cell.handled.take(3)).map(({ data }) => data)).to.deep.equal([1, 4, 5]);
    expect(await cell.gaps.next()).to.deep.equal({ pattern: "a", count: 2 });
    expect(cell.gaps.takeAll()).to.deep.equal([]);
  });

  rule("reports a gap without a count where nobody knows it (§18.12)", async () => {
    const { script, cell } = await listening(driver);
    publish(script, 1);
    script.lose("a", 2);
    publish(script, 4);

    const { first } = await miss(script);

    const name = { catch: 1, gone: true };
    script.say("RPAR", { ...name, first, count: 1, uncounted: true, done: false });
    script.say("RPAR", { ...name, first: 3, count: 1, done: true });
    expect((await cell.handled.take(2)).map(({ data }) => data)).to.deep.equal([1, 4]);
    expect(await cell.gaps.next()).to.deep.equal({ pattern: "a", count: undefined });
    expect(await cell.gaps.next()).to.deep.equal({ pattern: "a", count: 1 });
  });

  rule("learns the end of a quiet stream by a beat (§8.5)", async () => {
    const { script, cell } = await listening(driver);
    publish(script, 1);
    script.lose("a", 2);

    // Repeated until the cell's own beat covers it: a first one may only be ahead of the event.
    script.moved = [[1, 3]];

    expect(await miss(script)).to.deep.equal({ catch: 1, first: 2, count: 2 });
    repair(script, 2);
    repair(script, 3, { done: true });
    await cell.handled.take(3);
    script.moved = [];
    await script.beats.next(({ streams }) => JSON.stringify(streams) === "[[1,3]]");
  });

  rule("learns of a hole by a mark (§8.5)", async () => {
    const { script, cell } = await listening(driver);
    publish(script, 1);
    await cell.handled.next();
    script.lose("a", 1);

    script.mark("a");

    expect(await miss(script)).to.deep.equal({ catch: 1, first: 2, count: 1 });
    repair(script, 2, { done: true });
    expect((await cell.handled.next()).data).to.equal(2);
  });

  rule(
    "takes what came while it was away for a hole, if the topic is the same (§8.4)",
    async () => {
      const { script, cell } = await listening(driver);
      publish(script, 1);
      await cell.handled.next();
      script.lose("a", 2);

      reattach(script);

      await script.hellos.next();
      expect(await miss(script)).to.deep.equal({ catch: 1, first: 2, count: 2 });
      repair(script, 2);
      repair(script, 3, { done: true });
      publish(script, 4);
      expect((await cell.handled.take(3)).map(({ data }) => data)).to.deep.equal([2, 3, 4]);
    },
  );

  rule("takes an answer that brings more than it asked for (§5.5, §8.5)", async () => {
    const { script, cell } = await listening(driver);
    publish(script, 1);
    publish(script, 2);
    script.lose("a", 1);
    publish(script, 4);
    await miss(script);

    for (const number of [1, 2]) repair(script, number);
    repair(script, 3, { done: true });

    expect((await cell.handled.take(4)).map(({ data }) => data)).to.deep.equal(upTo(4));
  });
};

function publish(script: ScriptedTransmitter, number: number): void {
  script.publish("a", { channel: "a", data: number, seq: number }, number);
}

function repair(script: ScriptedTransmitter, number: number, { done = false } = {}): void {
  const event = { channel: "a", data: number, seq: number };
  script.sayEvent("RPAR", { catch: 1, first: number, count: 1, done }, event);
}

async function miss(script: ScriptedTransmitter): Promise<Fields> {
  return (await script.command("MISS")).fields;
}
