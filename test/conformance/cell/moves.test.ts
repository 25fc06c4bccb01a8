import { expect } from "chai";

import { eventually } from "../../support/eventually.js";
import { upTo } from "./cases/multicatch.js";
import type { CellDriver, CellUnderTest } from "./cell-under-test.js";
import { sdkInProcess, sdkOverSockets } from "./drivers/sdk.js";
import { eventsOf, settlementsOf } from "./said.js";
import { ScriptedTransmitter } from "./scripted-transmitter.js";

const withinMs = 10_000;

interface Move {
  readonly old: ScriptedTransmitter;
  readonly next: ScriptedTransmitter;
  readonly cell: CellUnderTest;
}

/** A cell that catches `a` in both modes at a transmitter which knows another one. */
async function ready(driver: CellDriver): Promise<Move> {
  const [old, next] = [await ScriptedTransmitter.open(), await ScriptedTransmitter.open()];
  old.neighbours = [next.address];
  const cell = await driver.begin([old], { neighbours: [next] });
  await cell.multicatch("a");
  await cell.anycatch("a", { credit: 5, concurrency: 5 }, { outcome: "hold" });
  await old.commands.take(2, ({ command }) => command === "CTCH");
  return { old, next, cell };
}

/** The cells that move before they leave (§9.6): those of the SDK, on whatever transport. */
for (const driver of [sdkOverSockets, sdkInProcess]) {
  describe(`cell conformance: moving before leaving: ${driver.name}`, () => {
    it("is at home elsewhere before it leaves, and leaves when all is settled", async () => {
      const { old, next, cell } = await ready(driver);
      old.deliver(2, { channel: "a", seq: 1 });
      await cell.handled.next();
      old.say("GBYE", { reason: "draining" });

      const { fields } = await next.hellos.next(undefined, { withinMs });
      expect(fields).to.include({ session: 2 });
      const caught = await next.commands.take(2, ({ command }) => command === "CTCH");
      expect(caught.map(({ fields: { credit } }) => credit)).to.have.members([undefined, 4]);
      const { fields: credit } = await old.command("CRED");
      expect(credit).to.deep.equal({ catch: 2, credit: 0 });
      await old.beats.take(2);
      expect(old.order).to.not.include("GBYE");
      await cell.settle("a", 1, { outcome: "ack" });

      const [settlement] = settlementsOf(await old.command("SETL"));
      expect(settlement).to.include({ origin: old.origin, outcome: "ack" });
      await old.command("GBYE");
      expect(next.order).to.not.include("SETL");
    });

    it("misses nothing and gets nothing twice, in order, on two streams", async () => {
      const { old, next, cell } = await ready(driver);
      for (const seq of upTo(3)) old.publish("a", { channel: "a", data: seq, seq });
      next.lose("a", 500);
      next.without("MARK");
      old.say("GBYE", { reason: "draining" });
      await next.subscriptions.next(({ topic }) => topic === `${next.topicOf("a")} `, { withinMs });
      old.publish("a", { channel: "a", data: 4, seq: 4 });
      next.mark("a");
      // The second CTCH at the old home, in answer to which it says how far to read.
      old.without("CGHT");
      const { fields } = await old.command("CTCH");
      for (const seq of [5, 6, 7]) next.publish("a", { channel: "a", data: seq, seq });
      const { ref, pattern, mode } = fields;
      const grant = { catch: 1, ref, pattern, mode, topic: old.topicOf("a"), next: 7 };
      old.say("CGHT", grant);
      for (const seq of [5, 6]) old.publish("a", { channel: "a", data: seq, seq });

      const handled = await cell.handled.take(7);
      expect(handled.map(({ data }) => data)).to.deep.equal(upTo(7));
      await old.command("GBYE");
      next.publish("a", { channel: "a", data: 8, seq: 8 });
      expect((await cell.handled.next()).data).to.equal(8);
      expect(cell.gaps.takeAll()).to.deep.equal([]);
    });

    it("sends on at the new home at once, first what is unconfirmed", async () => {
      const { old, next, cell } = await ready(driver);
      old.without("CNFM");
      old.deliver(2, { channel: "a", seq: 1 });
      await cell.handled.next();
      const sent = [cell.send({ channel: "b", data: 1 }, "handled")];
      await old.command("EVNT");
      old.say("GBYE", { reason: "draining" });
      await next.hellos.next(undefined, { withinMs });
      sent.push(cell.send({ channel: "b", data: 2 }, "handled"));

      await Promise.all(sent);
      const events: [number, boolean][] = [];
      await eventually(() => {
        for (const heard of next.commands.takeAll(({ command }) => command === "EVNT")) {
          events.push(
            ...eventsOf(heard, 2).map(({ seq, repeat }) => [seq, repeat] as [number, boolean]),
          );
        }
        expect(events).to.deep.equal([
          [1, true],
          [2, false],
        ]);
      });
      expect(old.order).to.not.include("GBYE");
    });

    it("claims what it holds of an old home that dies first, at the new one", async () => {
      const { old, next, cell } = await ready(driver);
      old.deliver(2, { channel: "a", seq: 1 });
      await cell.handled.next();
      old.say("GBYE", { reason: "draining" });
      await next.hellos.next(undefined, { withinMs });
      await next.commands.take(2, ({ command }) => command === "CTCH");
      old.close();

      const { fields } = await next.hellos.next(undefined, { withinMs });
      expect(fields).to.include({ session: 2 });
      const [claim] = fields["claims"] as { held: unknown[] }[];
      expect(claim?.held).to.deep.equal([["ab".repeat(20), 1, 1]]);
      expect(next.commands.takeAll(({ command }) => command === "CTCH")).to.deep.equal([]);
      const name = next.deliver(2, { channel: "a", seq: 1 }, { claimed: true, repeat: true });
      await cell.settle("a", 1, { outcome: "ack" });

      expect(settlementsOf(await next.command("SETL"))[0]).to.include({ ...name, outcome: "ack" });
      expect(cell.handled.takeAll()).to.deep.equal([]);
    });
  });
}
