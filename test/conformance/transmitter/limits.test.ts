import { expect } from "chai";

import { encodings, fresh } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";
import { drained, upTo, work } from "./work.js";

describe("transmitter conformance: limits", () => {
  const transmitter = sharedTransmitter();

  for (const encoding of encodings) {
    it(`mutes a connection in ${encoding} with its 20th error in 10 s, and goes on sending to it (§15)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding, { credit: 5 });

      for (let n = 0; n < 40; n++) worker.say("CTCH", { pattern: "a b", mode: "any" });
      for (let n = 0; n < 20; n++) expect(await worker.error()).to.include({ code: "BAD_PATTERN" });
      expect(await worker.error()).to.include({ code: "MUTED", command: "" });
      worker.say("CTCH", { pattern: fresh(), mode: "any" });
      sender.send({ channel });
      await worker.deliveries.next();
      await worker.beats.take(2);

      expect(worker.commands.takeAll()).to.deep.equal([]);
      const seq = sender.send({ channel: fresh() });
      await sender.confirm(seq, "handled");
    });
  }

  it("mutes a stranger as it mutes a cell (§15)", async () => {
    const stranger = new RawCell(transmitter);

    for (let n = 0; n < 25; n++) stranger.sayParts("J");
    for (let n = 0; n < 20; n++) expect(await stranger.error()).to.include({ code: "BAD_FRAME" });
    expect(await stranger.error()).to.include({ code: "MUTED", command: "" });
    stranger.say("HELO", { id: stranger.id, service: "x" });
    const other = await RawCell.attach(transmitter);
    await other.beats.take(2);

    expect(stranger.commands.takeAll()).to.deep.equal([]);
  });

  it("takes back what a muted cell does not settle any more (§10.5, §15)", async () => {
    const { sender, worker, channel } = await work(transmitter, "J", { ackTimeoutMs: 100 });
    sender.send({ channel });
    const delivery = await worker.deliveries.next();
    for (let n = 0; n < 20; n++) worker.sayParts("J");
    await worker.commands.take(21, ({ command }) => command === "ERRO");

    worker.settle(delivery);

    await worker.command("BACK");
  });
});

describe("transmitter conformance: full groups", () => {
  const transmitter = sharedTransmitter("--backlog-events", "10");

  for (const encoding of encodings) {
    it(`refuse an event in ${encoding}, which all others get (§10.8, §11.4)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding, { credit: 0 });
      const other = await RawCell.attach(transmitter, { encoding });
      await other.catch(channel, "any", { credit: 100 });
      await other.listen(channel);

      for (const data of upTo(12)) sender.send({ channel, data });

      for (const seq of [11, 12]) {
        expect((await sender.confirm(seq, "refused")).code).to.equal("GROUP_FULL");
      }
      expect((await sender.confirm(10, "accepted")).matched).to.equal(3);
      expect(await drained(other)).to.have.length(12);
      await other.streamed.take(12);
      expect(await drained(worker)).to.have.length(0);
    });
  }
});

describe("transmitter conformance: short memories", () => {
  const transmitter = sharedTransmitter(
    ...["--group-keep", "300ms", "--stream-keep", "300ms", "--dedupe-window", "1s"],
    ...["--backlog-age", "1s", "--mute", "1s"],
  );

  it("bury what a group has that stays without members (§10.8)", async () => {
    const { sender, worker, channel } = await work(transmitter, "J");
    const seq = sender.send([{ channel }, { channel }]);
    await worker.deliveries.next();

    worker.close();

    await sender.confirm(seq, "handled");
    await sender.confirm(seq + 1, "handled");
    const later = sender.send({ channel });
    expect((await sender.confirm(later, "accepted")).matched).to.equal(0);
  });

  it("begin the numbering anew for a stream that was long without cells (§8.7)", async () => {
    const cell = await RawCell.attach(transmitter);
    const channel = fresh();
    const { topic, catch: number } = await cell.listen(channel);
    const seq = cell.send({ channel });
    await cell.confirm(seq, "handled");
    cell.say("DROP", { catch: number });
    await cell.beats.take(3);

    const again = await cell.catch(channel, "multi");

    expect(again["next"]).to.equal(1);
    expect(again["topic"]).to.not.equal(topic);
  });

  it("take an idempotency key again after its window (§11.6)", async () => {
    const cell = await RawCell.attach(transmitter);
    const id = fresh();
    const channel = fresh();
    await cell.confirm(cell.send({ channel, id }), "handled");
    await cell.beats.take(6);

    const seq = cell.send({ channel, id });

    expect(await cell.confirm(seq, "accepted")).to.not.have.property("repeat");
  });

  it("bury what waits too long in a backlog (§10.8)", async () => {
    const { sender, channel } = await work(transmitter, "J", { credit: 0 });

    const seq = sender.send({ channel });

    await sender.confirm(seq, "handled");
  });

  it("hear a muted connection again after its time (§15)", async () => {
    const cell = await RawCell.attach(transmitter);
    for (let n = 0; n < 20; n++) cell.sayParts("J");
    await cell.commands.take(21, ({ command }) => command === "ERRO");
    await cell.beats.take(6);

    await cell.catch(fresh(), "any");
  });
});
