import { expect } from "chai";

import { ScriptedTransmitter } from "../scripted-transmitter.js";
import type { Cases } from "../rule.js";

/** How a cell comes, stays, and goes. */
export const attachingCases: Cases = (driver, rule) => {
  rule("says HELO first, with who it is (§5.3, §5.5)", async () => {
    const script = await ScriptedTransmitter.open();

    const cell = await driver.begin([script], { service: "greeter", id: "1a".repeat(20) });

    const { fields } = await script.hellos.next();
    expect(fields).to.include({ id: "1a".repeat(20), service: "greeter" });
    expect(fields["v"] ?? 1).to.equal(1);
    expect(fields["session"] ?? 1).to.equal(1);
    expect(fields).to.not.have.property("secret");
    expect(script.order[0]).to.equal("HELO");
    expect(cell.id).to.equal("1a".repeat(20));
  });

  rule("draws an id of its own for each run (§2.2)", async () => {
    const script = await ScriptedTransmitter.open();

    const [one, two] = [await driver.begin([script]), await driver.begin([script])];

    expect(one.id).to.match(/^[0-9a-f]{40}$/);
    expect(two.id)
      .to.match(/^[0-9a-f]{40}$/)
      .and.not.equal(one.id);
  });

  rule("says everything in the encoding of its HELO (§3.3)", async () => {
    const script = await ScriptedTransmitter.open();
    const cell = await driver.begin([script]);
    const { encoding } = await script.hellos.next();
    await cell.anycatch("a");
    await cell.send({ channel: "b", data: 1 });

    for (const name of ["CTCH", "EVNT"]) {
      expect((await script.command(name)).encoding).to.equal(encoding);
    }
  });

  rule("subscribes to its presence topic (§9.2)", async () => {
    const script = await ScriptedTransmitter.open();

    await driver.begin([script]);

    expect(await script.subscriptions.next()).to.deep.equal({ topic: "p-scripted ", isOn: true });
  });

  rule("beats as often as the transmitter (§9.1)", async () => {
    const script = await ScriptedTransmitter.open();
    await driver.begin([script]);
    await script.beats.next();
    const startMs = performance.now();

    await script.beats.take(4);

    expect(performance.now() - startMs).to.be.below(4 * 250 + 500);
  });

  rule("ignores commands and fields that it does not know (§5.4)", async () => {
    const script = await ScriptedTransmitter.open();
    script.welcomeMore = { colour: { deep: [1] } };
    const cell = await driver.begin([script]);

    script.say("FROB", { what: 1 });
    script.say("BEAT", { streams: [], colour: 7 });

    expect(await cell.send({ channel: "a" })).to.include({ state: "accepted" });
  });

  rule("says GBYE when it closes, and ends with the answer (§9.5)", async () => {
    const script = await ScriptedTransmitter.open();
    const cell = await driver.begin([script]);

    await cell.close();

    await script.command("GBYE");
    expect(await cell.ends.next()).to.deep.equal({ why: "farewell" });
  });

  rule(
    "attaches anew after 2 s of silence, as the same cell, with its secret (§2.5, §9.4)",
    async () => {
      const script = await ScriptedTransmitter.open();
      const cell = await driver.begin([script]);
      await script.hellos.next();
      await cell.anycatch("a", { credit: 3 });
      await cell.multicatch("b");
      await script.commands.take(2, ({ command }) => command === "CTCH");
      const startMs = performance.now();

      script.without("BEAT");

      const { fields } = await script.hellos.next(undefined, { withinMs: 10_000 });
      expect(performance.now() - startMs).to.be.within(1500, 4000);
      expect(fields).to.include({ id: cell.id, session: 2, secret: "5ec2e7".padEnd(32, "0") });
      const again = await script.commands.take(2, ({ command }) => command === "CTCH");
      const wishes = again.map(
        ({ fields: { pattern, mode } }) => `${String(mode)} ${String(pattern)}`,
      );
      expect(wishes.sort()).to.deep.equal(["any a", "multi b"]);
    },
  );

  rule(
    "says HELO again when its connection is not known, and repeats its catches (§5.3)",
    async () => {
      const script = await ScriptedTransmitter.open();
      const cell = await driver.begin([script]);
      await script.hellos.next();
      await cell.anycatch("a");
      await script.command("CTCH");

      script.say("ERRO", { code: "NOT_WELCOME", message: "say HELO first", command: "BEAT" });

      const { fields } = await script.hellos.next();
      expect(fields).to.include({ id: cell.id, session: 2 });
      await script.command("CTCH");
    },
  );

  rule("comes back when its own id is still taken after a loss (§9.3)", async () => {
    const script = await ScriptedTransmitter.open();
    const cell = await driver.begin([script]);
    await script.hellos.next();
    await cell.welcomes.next();
    script.without("WLCM");
    script.say("ERRO", { code: "NOT_WELCOME", message: "say HELO first", command: "BEAT" });
    await script.hellos.next();

    const error = { code: "ID_TAKEN", message: "another connection has this id", command: "HELO" };
    script.say("ERRO", error);
    await script.hellos.next(undefined, { withinMs: 10_000 });
    script.say("ERRO", error);
    script.with("WLCM");

    await cell.welcomes.next(undefined, { withinMs: 10_000 });
  });

  rule("ends when another connection has taken its place (§9.6)", async () => {
    const script = await ScriptedTransmitter.open();
    const cell = await driver.begin([script]);
    await script.hellos.next();

    script.say("GBYE", { reason: "fenced" });

    await cell.ends.next();
    expect(script.hellos.takeAll()).to.deep.equal([]);
  });

  rule("turns to the next transmitter when one drains before its welcome (§9.6)", async () => {
    const [first, second] = [await ScriptedTransmitter.open(), await ScriptedTransmitter.open()];
    first.without("WLCM");
    const begun = driver.begin([first, second]);
    await first.hellos.next();

    first.say("ERRO", { code: "DRAINING", message: "ends", command: "HELO" });

    await second.hellos.next(undefined, { withinMs: 10_000 });
    await begun;
  });

  rule(
    "settles what it holds when its transmitter drains, then attaches elsewhere (§9.6)",
    async () => {
      const [first, second] = [await ScriptedTransmitter.open(), await ScriptedTransmitter.open()];
      const cell = await driver.begin([first, second]);
      await cell.anycatch("a", {}, { outcome: "hold" });
      first.deliver(1, { channel: "a", seq: 7 });
      await cell.handled.next();

      first.say("GBYE", { reason: "draining" });
      await first.beats.take(2);
      const sent = cell.send({ channel: "b" }, "handled");
      await cell.settle("a", 7, { outcome: "ack" });

      await first.command("SETL");
      await second.hellos.next(undefined, { withinMs: 10_000 });
      await second.command("CTCH");
      await second.command("EVNT");
      expect(await sent).to.include({ state: "handled" });
      expect(first.commands.takeAll(({ command }) => command === "EVNT")).to.deep.equal([]);
    },
  );

  rule("learns of other transmitters by the welcome, and goes there (§5.5)", async () => {
    const [first, second] = [await ScriptedTransmitter.open(), await ScriptedTransmitter.open()];
    first.neighbours = [second.address];
    await driver.begin([first], { neighbours: [second] });
    await first.hellos.next();

    first.close();

    await second.hellos.next(undefined, { withinMs: 10_000 });
  });
};
