import { expect } from "chai";

import type { CellDriver, CellUnderTest } from "../cell-under-test.js";
import { eventsOf } from "../said.js";
import type { Cases } from "../rule.js";
import { ScriptedTransmitter } from "../scripted-transmitter.js";
import { upTo } from "./multicatch.js";

const withinMs = 10_000;
const secretOf = { one: "a1".repeat(16), two: "b2".repeat(16) };

/** How a cell goes from one transmitter to another. */
export const failoverCases: Cases = (driver, rule) => {
  rule(
    "goes to another one as soon as its own dies, and catches there what it did (§9.8)",
    async () => {
      const { one, two, cell } = await pair(driver);
      await cell.anycatch("a", { credit: 3 });
      await cell.multicatch("b");
      const startMs = performance.now();

      one.close();

      const { fields } = await two.hellos.next(undefined, { withinMs });
      expect(performance.now() - startMs).to.be.below(3000);
      expect(fields).to.include({ id: cell.id, session: 2 });
      const again = await two.commands.take(2, ({ command }) => command === "CTCH");
      expect(again.map(({ fields: { pattern } }) => pattern).sort()).to.deep.equal(["a", "b"]);
    },
  );

  rule("goes to another one first when its own is silent (§9.4, §9.8)", async () => {
    const { one, two } = await pair(driver);

    one.without("BEAT");

    await two.hellos.next(undefined, { withinMs });
    expect(one.hellos.takeAll()).to.deep.equal([]);
  });

  rule("knows those that its newest welcome names (§9.8)", async () => {
    const { one, two, three, cell } = await pair(driver);
    two.neighbours = [three.address];
    one.close();
    await two.hellos.next(undefined, { withinMs });
    await cell.welcomes.take(2);

    two.close();

    const { fields } = await three.hellos.next(undefined, { withinMs });
    expect(fields).to.include({ session: 3 });
  });

  rule(
    "does not forget those that a beat of its home names no more: they may be cut off (§9.8)",
    async () => {
      const { one, two, cell } = await pair(driver);
      one.say("BEAT", { transmitters: [one.address] });
      // Its confirm comes behind the beat.
      await cell.send({ channel: "b" }, "handled");

      one.close();

      await two.hellos.next(undefined, { withinMs });
    },
  );

  rule("knows those that a beat of its home names (§9.8)", async () => {
    const { one, two, three, cell } = await pair(driver);
    one.close();
    await two.hellos.next(undefined, { withinMs });
    await cell.welcomes.take(2);
    two.say("BEAT", { transmitters: [two.address, three.address] });
    // Its confirm comes behind the beat.
    await cell.send({ channel: "b" }, "handled");

    two.close();

    const { fields } = await three.hellos.next(undefined, { withinMs });
    expect(fields).to.include({ session: 3 });
  });

  rule("goes to the one that a draining transmitter names (§9.6)", async () => {
    const { one, two, three } = await pair(driver);

    one.say("GBYE", { reason: "draining", transmitters: [three.address] });

    await three.hellos.next(undefined, { withinMs });
    expect(two.hellos.takeAll()).to.deep.equal([]);
  });

  rule("goes first to the successor of one that ends (§9.6)", async () => {
    const { one, two, three } = await pair(driver);

    const transmitters = [two.address, three.address];
    one.say("GBYE", { reason: "draining", transmitters, successor: three.address });

    await three.hellos.next(undefined, { withinMs });
    expect(two.hellos.takeAll()).to.deep.equal([]);
  });

  rule("asks one that drains after all others (§9.8)", async () => {
    const { one, two, cell } = await pair(driver);
    two.without("WLCM");
    one.without("BEAT");
    await two.hellos.next(undefined, { withinMs });
    await cell.welcomes.next();
    one.with("BEAT");

    two.say("ERRO", { code: "DRAINING", message: "ends", command: "HELO" });

    await one.hellos.next(undefined, { withinMs });
    await cell.welcomes.next(undefined, { withinMs });
    expect(two.hellos.takeAll()).to.deep.equal([]);
  });

  rule(
    "sends first what is not handled, as repeats, to one that never heard of it (§7.8)",
    async () => {
      const { one, two, cell } = await pair(driver);
      one.without("CNFM");
      const sent = upTo(3).map((data) => cell.send({ channel: "b", data }, "handled"));
      await eventsFrom(one, 3, 1);
      for (const state of ["accepted", "handled"]) one.confirm(2, state);
      await sent[1];
      one.close();
      await two.hellos.next(undefined, { withinMs });
      const last = cell.send({ channel: "b", data: 4 }, "handled");

      // What was handled a moment ago goes out again, too (§11.5).
      const events = await eventsFrom(two, 4, 2);
      const words = events.map(({ seq, repeat, handled, floor }) => [seq, repeat, handled, floor]);
      expect(words).to.deep.equal([
        [1, true, false, 1],
        [2, true, true, 1],
        [3, true, false, 1],
        [4, false, false, 1],
      ]);
      expect(await last).to.include({ seq: 4, state: "handled" });
      await Promise.all(sent);
    },
  );

  rule(
    "comes back to one that knew it long ago, with its secret and all it keeps (§2.5, §11.3)",
    async () => {
      const { one, two, cell } = await pair(driver);
      one.without("CNFM", "BEAT");
      void cell.send({ channel: "b", data: 1 });
      const { fields } = await two.hellos.next(undefined, { withinMs });
      expect(fields).to.include({ session: 2 });
      await eventsFrom(two, 1, 2);
      one.with("CNFM", "BEAT");
      one.commands.takeAll();
      two.close();

      const { fields: again } = await one.hellos.next(undefined, { withinMs });
      expect(again).to.include({ session: 3, secret: secretOf.one });
      const [event] = await eventsFrom(one, 1, 3);
      expect(event).to.include({ seq: 1, repeat: true });
    },
  );

  rule("reports a gap without a count, and drops what it has had (§8.11)", async () => {
    const { one, two, cell } = await pair(driver);
    await cell.multicatch("a");
    for (const seq of upTo(3)) one.publish("a", { channel: "a", data: seq, seq });
    await cell.handled.take(3);
    await cell.armed.next();
    two.lose("a", 900);
    one.close();
    await cell.armed.next(undefined, { withinMs });

    expect(await cell.gaps.next()).to.deep.equal({ pattern: "a", count: undefined });
    for (const seq of [2, 3, 4, 5]) two.publish("a", { channel: "a", data: seq, seq });
    expect((await cell.handled.take(2)).map(({ data }) => data)).to.deep.equal([4, 5]);
    expect(two.commands.takeAll(({ command }) => command === "MISS")).to.deep.equal([]);
    expect(cell.gaps.takeAll()).to.deep.equal([]);
  });
};

interface Homes {
  readonly one: ScriptedTransmitter;
  readonly two: ScriptedTransmitter;
  /** Nobody names it, unless the case does. */
  readonly three: ScriptedTransmitter;
  /** Attached to the first, which names the second one in its welcome. */
  readonly cell: CellUnderTest;
}

async function pair(driver: CellDriver): Promise<Homes> {
  const [one, two] = [await ScriptedTransmitter.open(), await ScriptedTransmitter.open()];
  const three = await ScriptedTransmitter.open();
  one.neighbours = [two.address];
  one.welcomeMore = { secret: secretOf.one };
  two.welcomeMore = { secret: secretOf.two };
  const cell = await driver.begin([one], { neighbours: [two, three] });
  await one.hellos.next();
  return { one, two, three, cell };
}

/** The next events that the cell sends, `session` being that of its `HELO`. */
async function eventsFrom(
  script: ScriptedTransmitter,
  count: number,
  session: number,
): Promise<ReturnType<typeof eventsOf>> {
  const events: ReturnType<typeof eventsOf> = [];
  while (events.length < count) events.push(...eventsOf(await script.command("EVNT"), session));
  return events;
}
