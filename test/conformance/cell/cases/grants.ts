import { expect } from "chai";

import type { CellDriver, CellUnderTest } from "../cell-under-test.js";
import type { Heard } from "../../transmitter/frames.js";
import type { Cases } from "../rule.js";
import { ScriptedTransmitter } from "../scripted-transmitter.js";

/** Answers to catches that wait for the mesh, and so come late and in any order. */
export const grantCases: Cases = (driver, rule) => {
  rule("tells by the reference which catch was granted (§5.8)", async () => {
    const { script, cell } = await ungranted(driver);
    const caught = [cell.multicatch("a"), cell.multicatch("b"), cell.anycatch("a")];
    const asked = await script.commands.take(3, ({ command }) => command === "CTCH");

    for (const each of asked.toReversed()) grant(script, each, each.fields["mode"] === "any");
    await Promise.all(caught);
    const [a, b, any] = asked.map((each) => numberOf(asked, each));
    script.publish("b", { channel: "b", data: "to b", seq: 1 });
    script.publish("a", { channel: "a", data: "to a", seq: 2 });
    script.deliver(any as number, { channel: "a", data: "to one", seq: 3 });

    const handled = await cell.handled.take(3);
    const got = handled.map(({ mode, pattern, data }) => `${mode} ${pattern} ${String(data)}`);
    expect(got.sort()).to.deep.equal(["any a to one", "multi a to a", "multi b to b"]);
    expect(new Set([a, b, any]).size).to.equal(3);
  });

  rule("goes on meanwhile: what it sends is confirmed before its catch (§5.8)", async () => {
    const { script, cell } = await ungranted(driver);
    const caught = cell.multicatch("a");
    const asked = await script.command("CTCH");

    expect(await cell.send({ channel: "b" }, "handled")).to.include({ state: "handled" });
    grant(script, asked, false);

    await caught;
  });

  rule("waits 2 s and longer for it (§5.8)", async () => {
    const { script, cell } = await ungranted(driver);
    const caught = cell.anycatch("a");
    const asked = await script.command("CTCH");
    await script.beats.take(10);

    grant(script, asked, true);

    await caught;
    expect(script.commands.takeAll(({ command }) => command === "CTCH")).to.deep.equal([]);
  });
};

async function ungranted(
  driver: CellDriver,
): Promise<{ script: ScriptedTransmitter; cell: CellUnderTest }> {
  const script = (await ScriptedTransmitter.open()).without("CGHT");
  const cell = await driver.begin([script]);
  return { script, cell };
}

/** Grants what was asked for, under the number that it has by its reference. */
function grant(script: ScriptedTransmitter, { fields }: Heard, isAny: boolean): void {
  const { ref, pattern, mode } = fields;
  const topic = isAny ? {} : { topic: script.topicOf(pattern as string), next: 1 };
  script.say("CGHT", { catch: caughtBy(ref), ref, pattern, mode, ...topic });
}

function numberOf(asked: readonly Heard[], { fields }: Heard): number {
  expect(asked.map((each) => each.fields["ref"])).to.include(fields["ref"]);
  return caughtBy(fields["ref"]);
}

/** A number that differs for each reference. */
function caughtBy(ref: unknown): number {
  return 100 + Number(ref);
}
