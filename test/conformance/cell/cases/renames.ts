import { expect } from "chai";

import type { Fields } from "../../transmitter/frames.js";
import { settlementsOf } from "../said.js";
import type { Cases } from "../rule.js";
import type { ScriptedTransmitter } from "../scripted-transmitter.js";
import { working } from "./deliveries.js";

const event = { channel: "a", seq: 1 };
const hold = { outcome: "hold" } as const;

/** New names of deliveries, in an attachment that stands: their origin has died, not the home of the cell. */
export const renameCases: Cases = (driver, rule) => {
  rule("settles what it works on by the new name (§10.12)", async () => {
    const { script, cell } = await working(driver, {}, hold);
    script.deliver(1, event);
    await cell.handled.next();

    const name = rename(script);
    await script.beats.take(2);
    expect(cell.handled.takeAll()).to.deep.equal([]);
    await cell.settle("a", 1, { outcome: "ack" });

    expect(settlementsOf(await script.command("SETL"))[0]).to.include({ ...name, outcome: "ack" });
  });

  for (const outcome of ["ack", "reject"] as const) {
    rule(
      `settles again, by the new name, what it has settled by the old one: ${outcome} (§10.12)`,
      async () => {
        const { script, cell } = await working(driver, {}, { outcome });
        script.without("settled");
        script.deliver(1, event);
        await script.command("SETL");
        await cell.handled.next();

        const name = rename(script);

        expect(settlementsOf(await script.command("SETL"))[0]).to.include({ ...name, outcome });
        expect(cell.handled.takeAll()).to.deep.equal([]);
      },
    );
  }

  rule(
    "keeps a settlement with outputs until the new name is confirmed (§10.6, §10.12)",
    async () => {
      const outputs = [{ channel: "b", data: 7 }];
      const { script, cell } = await working(driver, {}, { outcome: "ack", outputs });
      script.without("settled");
      script.deliver(1, event);
      const [first] = settlementsOf(await script.command("SETL"));
      rename(script);
      const [second] = settlementsOf(await script.command("SETL"));

      const stale = { code: "STALE_ATTEMPT", message: "old", command: "SETL" };
      script.say("ERRO", { ...stale, ref: first?.ref });
      script.settled(first?.ref);
      const third = rename(script, "third.1");

      expect(second?.outputs).to.deep.equal(outputs);
      const [last] = settlementsOf(await script.command("SETL"));
      expect(last).to.deep.include({ ...third, outcome: "ack", outputs });
      await cell.handled.next();
    },
  );

  rule(
    "gives back what it is said to have and has not, and begins it when it comes again (§10.12)",
    async () => {
      const { script, cell } = await working(driver);

      const name = rename(script);
      expect(settlementsOf(await script.command("SETL"))[0]).to.include({
        ...name,
        outcome: "release",
      });
      expect(cell.handled.takeAll()).to.deep.equal([]);
      script.deliver(1, event, { attempt: 2, repeat: true });

      expect(await cell.handled.next()).to.include({ seq: 1, repeat: true });
    },
  );
};

/** Says that a delivery of the event has another name from now on. */
function rename(script: ScriptedTransmitter, origin = "other.1"): Fields {
  return script.deliver(1, event, { origin, repeat: true, claimed: true });
}
