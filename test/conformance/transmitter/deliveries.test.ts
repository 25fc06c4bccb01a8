import { expect } from "chai";

import { encodings, fresh } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";
import { colleague, drained, upTo, work } from "./work.js";

describe("transmitter conformance: deliveries", () => {
  const transmitter = sharedTransmitter();

  for (const encoding of encodings) {
    it(`names a delivery in ${encoding} and brings the whole event (§5.5, §10.3)`, async () => {
      const { sender, worker, channel, number } = await work(transmitter, encoding);
      const ask = { timeoutMs: 60_000 };

      const seq = sender.send({ channel, data: { n: 7 }, headers: { a: "b" }, key: "k", ask });

      const delivery = await worker.deliveries.next();
      expect(delivery).to.deep.include({
        catch: number,
        origin: worker.welcome["origin"],
        attempt: 1,
        repeat: false,
        channel,
        data: { n: 7 },
        headers: { a: "b" },
        key: "k",
        ask,
        seq,
        sender: sender.id,
        from: { id: sender.id, service: sender.service },
      });
      expect(delivery.number).to.be.at.least(1);
      expect(delivery).to.not.have.property("claimed");
    });

    it(`gives no more than the credit in ${encoding}, and the next with each settlement (§10.2)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding, {
        credit: 2,
        concurrency: 2,
      });
      sender.send(upTo(5).map((data) => ({ channel, data })));
      const [one, two] = await worker.deliveries.take(2);
      await worker.roundTrip();
      expect(worker.deliveries.takeAll()).to.deep.equal([]);

      worker.settle(two!);

      expect((await worker.deliveries.next()).data).to.equal(3);
      await worker.roundTrip();
      expect(worker.deliveries.takeAll()).to.deep.equal([]);
      expect([one?.data, two?.data]).to.deep.equal([1, 2]);
    });

    it(`takes CRED in ${encoding} as an absolute number; zero pauses (§5.5)`, async () => {
      const { sender, worker, channel, number } = await work(transmitter, encoding, { credit: 0 });
      sender.send(upTo(6).map((data) => ({ channel, data })));
      await sender.confirm(6, "accepted");
      await worker.roundTrip();
      expect(worker.deliveries.takeAll()).to.deep.equal([]);

      worker.say("CRED", { catch: number, credit: 2 });
      worker.say("CRED", { catch: number, credit: 3 });
      await worker.deliveries.take(3);
      await worker.roundTrip();

      expect(worker.deliveries.takeAll()).to.deep.equal([]);
    });

    it(`defaults the credit in ${encoding} to the concurrency, and that to 1 (§5.5)`, async () => {
      for (const [options, count] of [
        [{}, 1],
        [{ concurrency: 3 }, 3],
      ] as const) {
        const { sender, worker, channel } = await work(transmitter, encoding, options);
        sender.send(upTo(5).map((data) => ({ channel, data })));
        await worker.deliveries.take(count);
        await sender.confirm(5, "accepted");
        await worker.roundTrip();
        expect(worker.deliveries.takeAll()).to.deep.equal([]);
      }
    });

    it(`hands out in ${encoding} in the order of arrival (§10.1)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding, { credit: 65_535 });

      for (let n = 0; n < 10; n++) sender.send(upTo(10).map((data) => ({ channel, data })));

      const seqs = (await worker.deliveries.take(100)).map((one) => one.seq);
      expect(seqs).to.deep.equal(upTo(100));
    });

    it(`refuses a credit out of range in ${encoding}, and keeps the old one (§5.7)`, async () => {
      const { sender, worker, channel, number } = await work(transmitter, encoding, { credit: 1 });

      worker.say("CRED", { catch: number, credit: 65_536 });
      expect(await worker.error()).to.include({ code: "BAD_CREDIT", command: "CRED" });
      worker.say("CRED", { catch: 9999, credit: 1 });
      expect(await worker.error()).to.include({ code: "UNKNOWN_CATCH", command: "CRED" });

      sender.send({ channel });
      await worker.deliveries.next();
    });
  }

  it("gives each event to exactly one cell of each group, whoever else catches it (§10.1)", async () => {
    const word = fresh();
    const channel = `${word}.x`;
    const sender = await RawCell.attach(transmitter);
    const first = await RawCell.attach(transmitter);
    const second = await RawCell.attach(transmitter, { service: first.service });
    const other = await RawCell.attach(transmitter);
    for (const cell of [first, second, other]) await cell.catch(channel, "any", { credit: 100 });
    await second.catch(`${word}.*`, "any", { credit: 100 });
    await second.listen(channel);

    for (let n = 0; n < 30; n++) sender.send({ channel });
    await sender.confirm(30, "accepted");

    const [ofFirst, ofSecond] = [await drained(first), await drained(second)];
    const wide = ofSecond.filter((one) => one.catch === 2).map(({ seq }) => seq);
    const narrow = ofSecond.filter((one) => one.catch !== 2).map(({ seq }) => seq);
    expect(wide).to.deep.equal(upTo(30));
    const all = [...ofFirst.map(({ seq }) => seq), ...narrow].sort((a, b) => a - b);
    expect(all).to.deep.equal(upTo(30));
    expect(await drained(other)).to.have.length(30);
    await second.streamed.take(30);
  });

  it("chooses the member with most free credit (§10.2)", async () => {
    const given = await work(transmitter, "J", { credit: 2 });
    const { sender, worker, channel } = given;
    const second = await colleague(transmitter, given, { credit: 50 });

    for (let n = 0; n < 10; n++) {
      sender.send({ channel });
      await sender.confirm(n + 1, "accepted");
    }

    expect(await drained(worker)).to.have.length(0);
    expect(await drained(second)).to.have.length(10);
  });

  it("brings back what a dropped catch held to the others, uncounted (§10.11)", async () => {
    const given = await work(transmitter, "J", { credit: 3, attemptsMax: 1 });
    const { sender, worker, channel, number } = given;
    const seq = sender.send(upTo(3).map((data) => ({ channel, data })));
    const deliveries = await worker.deliveries.take(3);
    const second = await colleague(transmitter, given, { credit: 3, attemptsMax: 1 });
    await sender.confirm(seq + 2, "accepted");

    worker.say("DROP", { catch: number });
    await worker.command("DRPD");
    worker.settle(deliveries[0]!);
    expect(await worker.error()).to.include({ code: "UNKNOWN_CATCH", command: "SETL", ref: 1 });

    const again = await second.deliveries.take(3);
    expect(again.map(({ data, attempt, repeat }) => [data, attempt, repeat])).to.deep.equal([
      [1, 2, true],
      [2, 2, true],
      [3, 2, true],
    ]);
  });

  it("brings back what a cell held that said farewell, uncounted (§9.5)", async () => {
    const given = await work(transmitter, "J", { credit: 3, attemptsMax: 1 });
    const { sender, worker, channel } = given;
    sender.send(upTo(2).map((data) => ({ channel, data })));
    await worker.deliveries.take(2);
    const second = await colleague(transmitter, given, { credit: 3, attemptsMax: 1 });

    worker.say("GBYE");

    expect((await second.deliveries.take(2)).map(({ attempt }) => attempt)).to.deep.equal([2, 2]);
  });

  it("ends a group at once whose last member drops it, and buries what it had (§10.8)", async () => {
    const { sender, worker, channel, number } = await work(transmitter, "J", { credit: 1 });
    const seq = sender.send([{ channel }, { channel }]);
    await worker.deliveries.next();

    worker.say("DROP", { catch: number });

    await sender.confirm(seq, "handled");
    await sender.confirm(seq + 1, "handled");
    const later = sender.send({ channel });
    expect((await sender.confirm(later, "accepted")).matched).to.equal(0);
  });

  it("keeps the events of a group whose last member died, for the next one (§10.8)", async () => {
    const { sender, worker, channel } = await work(transmitter, "J", { credit: 1 });
    const seq = sender.send([{ channel }, { channel }]);
    await worker.deliveries.next();
    const { service } = worker;
    worker.close();

    const second = await RawCell.attach(transmitter, { service });
    await second.catch(channel, "any", { credit: 5 });

    const seqs = (await second.deliveries.take(2)).map((one) => one.seq).sort();
    expect(seqs).to.deep.equal([seq, seq + 1]);
  });
});
