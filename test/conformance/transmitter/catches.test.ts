import { expect } from "chai";

import { encodings, fresh } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";

describe("transmitter conformance: catches", () => {
  const transmitter = sharedTransmitter();

  for (const encoding of encodings) {
    it(`answers in ${encoding} with catch, pattern, mode and ref (§5.5)`, async () => {
      const cell = await RawCell.attach(transmitter, { encoding });
      const pattern = `${fresh()}.*`;

      const any = await cell.catch(pattern, "any", { ref: "r" });
      const multi = await cell.catch(pattern, "multi", { ref: 7 });

      expect(any).to.deep.include({ pattern, mode: "any", ref: "r" });
      expect(any).to.not.have.any.keys("topic", "next", "warnings");
      expect(multi).to.deep.include({ pattern, mode: "multi", ref: 7, next: 1 });
      expect(multi["topic"]).to.be.a("string");
      expect(any["catch"]).to.be.a("number").and.not.equal(multi["catch"]);
    });

    it(`answers the same catch for the same pattern and mode in ${encoding} (§5.6)`, async () => {
      const cell = await RawCell.attach(transmitter, { encoding });
      const pattern = fresh();
      const any = await cell.catch(pattern, "any");
      const multi = await cell.catch(pattern, "multi");

      expect((await cell.catch(pattern, "any"))["catch"]).to.equal(any["catch"]);
      expect(await cell.catch(pattern, "multi")).to.deep.equal(multi);
    });

    it(`ends a catch once, in ${encoding} (§5.5)`, async () => {
      const cell = await RawCell.attach(transmitter, { encoding });
      const { catch: number } = await cell.catch(fresh(), "multi");

      cell.say("DROP", { catch: number });
      expect((await cell.command("DRPD")).fields).to.deep.equal({ catch: number });
      cell.say("DROP", { catch: number });

      expect(await cell.error()).to.include({
        code: "UNKNOWN_CATCH",
        command: "DROP",
        catch: number,
      });
    });
  }

  it("lets newer options of the same catch win (§5.6)", async () => {
    const cell = await RawCell.attach(transmitter);
    const channel = fresh();
    await cell.catch(channel, "any", { credit: 1 });
    await cell.catch(channel, "any", { credit: 3 });

    for (let n = 0; n < 5; n++) cell.send({ channel });

    await cell.deliveries.take(3);
    await cell.roundTrip();
    expect(cell.deliveries.takeAll()).to.deep.equal([]);
  });

  it("warns of options in which the members of a group differ (§5.5, §10.1)", async () => {
    const channel = fresh();
    const first = await RawCell.attach(transmitter);
    const second = await RawCell.attach(transmitter, { service: first.service });
    expect(await first.catch(channel, "any", { attemptsMax: 3 })).to.not.have.property("warnings");

    const answer = await second.catch(channel, "any", { attemptsMax: 9, ackTimeoutMs: 60_000 });

    expect(answer["warnings"]).to.have.length(1);
    expect((answer["warnings"] as string[])[0]).to.contain("attemptsMax");
  });

  for (const [fields, code] of [
    [{ mode: "any" }, "BAD_PATTERN"],
    [{ pattern: ["a"], mode: "any" }, "BAD_PATTERN"],
    [{ pattern: "a.>", mode: "any" }, "BAD_PATTERN"],
    [{ pattern: "**.**", mode: "any" }, "BAD_PATTERN"],
    [{ pattern: "a" }, "BAD_MODE"],
    [{ pattern: "a", mode: "all" }, "BAD_MODE"],
    [{ pattern: "a", mode: true }, "BAD_MODE"],
    [{ pattern: "a", mode: "any", credit: -1 }, "BAD_CREDIT"],
    [{ pattern: "a", mode: "any", credit: 65_536 }, "BAD_CREDIT"],
    [{ pattern: "a", mode: "any", credit: "1" }, "BAD_CREDIT"],
    [{ pattern: "a", mode: "any", concurrency: 0 }, "BAD_OPTION"],
    [{ pattern: "a", mode: "any", redeliver: 1 }, "BAD_OPTION"],
    [{ pattern: "a", mode: "any", affinity: "yes" }, "BAD_OPTION"],
    [{ pattern: "a", mode: "any", attemptsMax: 0 }, "BAD_OPTION"],
    [{ pattern: "a", mode: "any", attemptsMax: 101 }, "BAD_OPTION"],
    [{ pattern: "a", mode: "any", ackTimeoutMs: 99 }, "BAD_OPTION"],
    [{ pattern: "a", mode: "any", ackTimeoutMs: 3_600_001 }, "BAD_OPTION"],
    [{ pattern: "a", mode: "any", ref: {} }, "BAD_PAYLOAD"],
  ] as const) {
    it(`refuses CTCH ${JSON.stringify(fields)} as ${code} (§5.7)`, async () => {
      const cell = await RawCell.attach(transmitter);

      cell.say("CTCH", { ref: "mine", ...fields });

      expect(await cell.error()).to.include({ code, command: "CTCH" });
      await cell.roundTrip();
      expect(cell.commands.takeAll()).to.deep.equal([]);
    });
  }

  it("repeats the ref in an error, and says how to write it right (§5.5)", async () => {
    const cell = await RawCell.attach(transmitter);

    cell.say("CTCH", { pattern: "orders.>", mode: "any", ref: 3 });

    const error = await cell.error();
    expect(error).to.include({ code: "BAD_PATTERN", command: "CTCH", ref: 3 });
    expect(error["message"]).to.be.a("string");
    expect(error["hint"]).to.contain("**");
  });

  it("takes 1000 catches of a cell, and no more (§15)", async () => {
    const cell = await RawCell.attach(transmitter);
    const word = fresh();
    for (let n = 0; n < 1000; n++) cell.say("CTCH", { pattern: `${word}.${n}`, mode: "any" });
    await cell.commands.take(1000, ({ command }) => command === "CGHT");

    cell.say("CTCH", { pattern: `${word}.more`, mode: "any" });

    expect(await cell.error()).to.include({ code: "TOO_MANY_CATCHES", command: "CTCH" });
    expect((await cell.catch(`${word}.7`, "any"))["catch"]).to.be.a("number");
  });

  it("answers commands in their order, and errors before later confirms (§5.8)", async () => {
    const cell = await RawCell.attach(transmitter);
    const channel = fresh();

    cell.send({ channel });
    cell.say("CTCH", { pattern: channel, mode: "multi" });
    cell.send({ channel: "not a channel" });
    cell.send({ channel });
    cell.say("GBYE");

    await cell.command("GBYE");
    expect(cell.order.map((word) => word.split(" ")[0])).to.deep.equal([
      "WLCM",
      "CNFM",
      "CNFM",
      "CGHT",
      "ERRO",
      "CNFM",
      "CNFM",
      "GBYE",
    ]);
  });
});
