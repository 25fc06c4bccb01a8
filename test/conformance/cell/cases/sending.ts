import { expect } from "chai";

import { eventually } from "../../../support/eventually.js";
import { eventsOf, type SaidEvent } from "../said.js";
import type { Cases } from "../rule.js";
import { ScriptedTransmitter } from "../scripted-transmitter.js";
import { reattach, upTo } from "./multicatch.js";

/** What a cell does with what it sends. */
export const sendingCases: Cases = (driver, rule) => {
  rule(
    "numbers its events 1, 2, 3, … and says a floor that is not above them (§2.3, §7.4)",
    async () => {
      const script = await ScriptedTransmitter.open();
      const cell = await driver.begin([script]);

      const sent = await Promise.all(upTo(20).map((data) => cell.send({ channel: "a", data })));

      const events = await taken(script, 20);
      expect(events.map(({ seq }) => seq)).to.deep.equal(upTo(20));
      expect(events.map(({ data }) => data)).to.deep.equal(upTo(20));
      expect(sent.map(({ seq }) => seq)).to.deep.equal(upTo(20));
      for (const { seq, floor } of events) expect(floor).to.be.at.most(seq);
    },
  );

  rule("sends headers, key, time to live and idempotency key along (§5.5, §7.1)", async () => {
    const script = await ScriptedTransmitter.open();
    const cell = await driver.begin([script]);
    const extras = { headers: { trace: "4bf9" }, key: "k", ttlMs: 5000, id: "order-1" };

    await cell.send({ channel: "a.b", data: { n: [1, null, "é"] }, ...extras });

    const [event] = await taken(script, 1);
    expect(event).to.deep.include({ channel: "a.b", data: { n: [1, null, "é"] }, ...extras });
  });

  rule("knows accepted from handled (§11.1, §11.2)", async () => {
    const script = (await ScriptedTransmitter.open()).without("CNFM");
    const cell = await driver.begin([script]);
    const [accepted, handled] = [
      cell.send({ channel: "a" }, "accepted"),
      cell.send({ channel: "a" }, "handled"),
    ];
    let done = 0;
    void handled.then(() => done++);
    await taken(script, 2);

    for (const seq of [1, 2]) script.confirm(seq, "accepted");
    expect(await accepted).to.include({ seq: 1, state: "accepted" });
    await script.beats.take(2);
    expect(done).to.equal(0);
    script.confirm(2, "handled");

    expect(await handled).to.include({ seq: 2, state: "handled" });
  });

  rule("sends what is refused with BUSY again, under the same number (§11.4)", async () => {
    const script = (await ScriptedTransmitter.open()).without("CNFM");
    const cell = await driver.begin([script]);
    const sent = cell.send({ channel: "a", data: 1 });
    await taken(script, 1);

    script.confirm(1, "refused", { code: "BUSY", message: "later" });

    const [again] = await taken(script, 1);
    expect(again).to.include({ seq: 1, data: 1 });
    script.confirm(1, "accepted");
    expect(await sent).to.include({ seq: 1, state: "accepted" });
  });

  rule("takes every other refusal as final (§11.4)", async () => {
    const script = (await ScriptedTransmitter.open()).without("CNFM");
    const cell = await driver.begin([script]);
    const sent = cell.send({ channel: "a" });
    await taken(script, 1);

    script.confirm(1, "refused", { code: "GROUP_FULL", message: "full" });

    expect(await sent).to.include({ seq: 1, state: "refused", code: "GROUP_FULL" });
    reattach(script);
    await script.hellos.next(({ fields }) => fields["session"] === 2);
    script.with("CNFM");
    await cell.send({ channel: "b" });
    expect((await taken(script, 1))[0]).to.include({ seq: 2, channel: "b" });
  });

  rule("says nothing but HELO before the welcome, and sends then (§5.3)", async () => {
    const script = await ScriptedTransmitter.open();
    const cell = await driver.begin([script]);
    await script.hellos.next();
    script.without("WLCM");
    reattach(script);
    await script.hellos.next();

    const sent = cell.send({ channel: "a" });
    script.with("WLCM");
    reattach(script);

    expect(await sent).to.include({ seq: 1, state: "accepted" });
    expect(script.order.filter((word) => word !== "GBYE").slice(0, 4)).to.deep.equal([
      "HELO",
      "HELO",
      "HELO",
      "EVNT",
    ]);
  });

  rule(
    "sends what is not handled again after a new attachment: repeats, in order (§7.5, §7.8, §11.3)",
    async () => {
      const script = (await ScriptedTransmitter.open()).without("CNFM");
      const cell = await driver.begin([script]);
      const sent = upTo(4).map((data) => cell.send({ channel: "a", data }, "handled"));
      const before = await taken(script, 4);
      for (const { repeat } of before) expect(repeat).to.equal(false);
      script.confirm(1, "accepted");
      script.confirm(2, "accepted");
      script.confirm(2, "handled");
      await sent[1];

      script.with("CNFM");
      reattach(script);

      await Promise.all(sent);
      await cell.send({ channel: "a" });
      const again = await takenUntil(script, 5);
      expect(again.pop()).to.include({ seq: 5, repeat: false });
      // The handled one (2) may be among them: the origin knows it.
      const seqs = again.map(({ seq }) => seq);
      expect(seqs).to.include.members([1, 3, 4]);
      expect(seqs).to.deep.equal([...seqs].sort((a, b) => a - b));
      for (const { repeat, seq, data } of again) expect([repeat, data]).to.deep.equal([true, seq]);
    },
  );

  rule(
    "sends what was handled a moment ago again to another transmitter, and says so (§7.10, §11.5)",
    async () => {
      const [first, second] = [await ScriptedTransmitter.open(), await ScriptedTransmitter.open()];
      const cell = await driver.begin([first, second]);
      await cell.send({ channel: "a", data: 1 }, "handled");
      await cell.send({ channel: "a", data: 2 }, "handled");

      // It leaves at once where it would first have to find out that the other one is gone.
      first.say("GBYE", { reason: "draining" });

      const again = await taken(second, 2, 2);
      expect(again.map(({ seq }) => seq)).to.deep.equal([1, 2]);
      for (const { repeat, handled } of again)
        expect([repeat, handled]).to.deep.equal([true, true]);
    },
  );

  rule(
    "raises its floor when what it sent is handled and not kept any more, and never lowers it (§7.4)",
    async () => {
      const script = await ScriptedTransmitter.open();
      const cell = await driver.begin([script]);
      const floors: number[] = [];

      await eventually(
        async () => {
          await cell.send({ channel: "a" }, "handled");
          floors.push(...(await taken(script, 1)).map(({ floor }) => floor));
          expect(floors.at(-1)).to.be.greaterThan(5);
        },
        { withinMs: 10_000 },
      );

      expect(floors).to.deep.equal([...floors].sort((a, b) => a - b));
    },
  );
};

/** Takes the events of an attachment up to this number. */
async function takenUntil(script: ScriptedTransmitter, last: number): Promise<SaidEvent[]> {
  const events: SaidEvent[] = [];
  while (events.at(-1)?.seq !== last) events.push(...eventsOf(await script.command("EVNT"), 2));
  return events;
}

/** Takes this many events, from as many EVNT as they come in. */
async function taken(
  script: ScriptedTransmitter,
  count: number,
  session = 1,
): Promise<SaidEvent[]> {
  const events: SaidEvent[] = [];
  while (events.length < count) events.push(...eventsOf(await script.command("EVNT"), session));
  return events;
}
