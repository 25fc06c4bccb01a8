import { expect } from "chai";

import type { Fields } from "../../transmitter/frames.js";
import { type SaidSettlement, settlementsOf } from "../said.js";
import type { Cases } from "../rule.js";
import type { ScriptedTransmitter } from "../scripted-transmitter.js";
import { working } from "./deliveries.js";
import { reattach, upTo } from "./multicatch.js";

const sender = "ab".repeat(20);

/** What a cell says of its deliveries when it has lost its transmitter. */
export const claimCases: Cases = (driver, rule) => {
  rule("claims what it holds and what it has settled (§10.9)", async () => {
    const { script, cell } = await working(driver, { credit: 3 }, ...acks(2), { outcome: "hold" });
    for (const seq of upTo(3)) script.deliver(1, { channel: "a", seq });
    await script.commands.take(2, ({ command }) => command === "SETL").catch(() => {});
    await cell.handled.take(3);
    await script.beats.take(2);

    reattach(script);

    const claim = await claimOf(script);
    expect(claim["held"]).to.deep.equal([[sender, 3, 3]]);
    expect(claim["settled"]).to.deep.equal([[sender, 1, 2]]);
  });

  rule("claims an ack that is not confirmed as settled (§10.9)", async () => {
    const { script } = await working(driver);
    script.without("settled");
    script.deliver(1, { channel: "a", seq: 1 });
    await script.command("SETL");

    reattach(script);

    const claim = await claimOf(script);
    expect(claim["held"] ?? []).to.deep.equal([]);
    expect(claim["settled"]).to.deep.equal([[sender, 1, 1]]);
  });

  for (const [what, detail] of [
    ["a result", { result: 7 }],
    ["outputs", { outputs: [{ channel: "b", data: 7 }] }],
  ] as const) {
    rule(
      `claims an ack with ${what} that is not confirmed as held, and settles it again (§10.9)`,
      async () => {
        const { script, cell } = await working(driver, {}, { outcome: "ack", ...detail });
        script.without("settled");
        script.deliver(1, { channel: "a", seq: 1, ask: { timeoutMs: 60_000 } });
        await script.command("SETL");

        reattach(script);
        const claim = await claimOf(script);
        expect(claim["held"]).to.deep.equal([[sender, 1, 1]]);
        expect(claim["settled"] ?? []).to.deep.equal([]);
        await script.command("CTCH");
        const again = script.deliver(
          1,
          { channel: "a", seq: 1 },
          { attempt: 2, repeat: true, claimed: true },
        );

        const [settlement] = settlementsOf(await script.command("SETL"));
        expect(settlement).to.include({ ...again, outcome: "ack" });
        expect(settlement).to.have.property(what === "a result" ? "result" : "outputs");
        expect(await cell.handled.take(1)).to.have.length(1);
        expect(cell.handled.takeAll()).to.deep.equal([]);
      },
    );
  }

  rule(
    "does not begin again what comes back under a new name, and settles it by that (§10.9)",
    async () => {
      const { script, cell } = await working(driver, {}, { outcome: "hold" });
      script.deliver(1, { channel: "a", seq: 1 });
      await cell.handled.next();
      reattach(script);
      await claimOf(script);
      await script.command("CTCH");

      const again = script.deliver(
        1,
        { channel: "a", seq: 1 },
        { attempt: 2, repeat: true, claimed: true },
      );
      await script.beats.take(2);
      expect(cell.handled.takeAll()).to.deep.equal([]);
      await cell.settle("a", 1, { outcome: "ack" });

      expect(settlementsOf(await script.command("SETL"))[0]).to.include({
        ...again,
        outcome: "ack",
      });
    },
  );

  rule(
    "waits with the settlement of a handler that ends before its new name has come (§10.9)",
    async () => {
      const { script, cell } = await working(driver, {}, { outcome: "hold" });
      script.deliver(1, { channel: "a", seq: 1 });
      await cell.handled.next();
      reattach(script);
      await claimOf(script);
      await script.command("CTCH");

      await cell.settle("a", 1, { outcome: "ack" });
      await script.beats.take(2);
      expect(script.commands.takeAll(({ command }) => command === "SETL")).to.deep.equal([]);
      const again = script.deliver(
        1,
        { channel: "a", seq: 1 },
        { attempt: 2, repeat: true, claimed: true },
      );

      expect(settlementsOf(await script.command("SETL"))[0]).to.include({
        ...again,
        outcome: "ack",
      });
    },
  );

  rule("begins its refs anew on each connection (§5.5)", async () => {
    const { script, cell } = await working(driver);
    for (const seq of upTo(2)) {
      script.deliver(1, { channel: "a", seq });
      await script.command("SETL");
    }
    reattach(script);
    await script.command("CTCH");

    script.deliver(1, { channel: "a", seq: 3 });

    const [settlement] = settlementsOf(await script.command("SETL"));
    expect((settlement as SaidSettlement).ref).to.equal(1);
    await cell.handled.take(3);
  });

  rule("forgets what it settled below the floor of its sender (§7.4, §10.9)", async () => {
    const { script } = await working(driver);
    for (const seq of upTo(3)) {
      script.deliver(1, { channel: "a", seq, floor: seq });
      await script.command("SETL");
    }
    await script.beats.take(2);

    reattach(script);

    expect((await claimOf(script))["settled"]).to.deep.equal([[sender, 3, 3]]);
  });
};

function acks(count: number): { outcome: "ack" }[] {
  return Array.from({ length: count }, () => ({ outcome: "ack" }));
}

/** What the next HELO claims of the pattern `a`. */
async function claimOf(script: ScriptedTransmitter): Promise<Fields> {
  const { fields } = await script.hellos.next();
  const claims = fields["claims"] as readonly Fields[];
  const claim = claims.find(({ pattern }) => pattern === "a");
  if (claim === undefined) throw new Error(`a is not claimed: ${JSON.stringify(fields)}`);
  return claim;
}
