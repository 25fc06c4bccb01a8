import { expect } from "chai";

import type { Encoding } from "./frames.js";
import { encodings, fresh, freshId } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";

describe("transmitter conformance: sending", () => {
  const transmitter = sharedTransmitter();
  const attach = (encoding: Encoding): Promise<RawCell> =>
    RawCell.attach(transmitter, { encoding });

  for (const encoding of encodings) {
    it(`accepts and handles in ${encoding} what matches nothing (§11.1)`, async () => {
      const cell = await attach(encoding);

      const seq = cell.send([{ channel: fresh() }, { channel: fresh() }]);

      for (const one of [seq, seq + 1]) {
        expect(await cell.confirm(one, "accepted")).to.include({ matched: 0 });
        await cell.confirm(one, "handled");
      }
    });

    it(`counts in ${encoding} each stream that has a cell, and each group (§11.1)`, async () => {
      const sender = await attach(encoding);
      const channel = fresh();
      const cells = await Promise.all([attach("J"), attach("J"), attach("M")]);
      for (const cell of cells) await cell.listen(channel);
      const [first, second] = cells;
      const { catch: number } = await first.listen("*");
      await first.catch(channel, "any");
      await second.catch(channel, "any");

      const seq = sender.send({ channel });
      const { matched } = await sender.confirm(seq, "accepted");
      first.say("DROP", { catch: number });
      await first.command("DRPD");
      const again = sender.send({ channel });

      expect(matched).to.equal(2 + 1 + 2);
      expect((await sender.confirm(again, "accepted")).matched).to.equal(2 + 2);
    });

    it(`says in ${encoding} handled when the last group has settled, and not before (§11.2)`, async () => {
      const sender = await attach(encoding);
      const worker = await attach(encoding);
      const word = fresh();
      const channel = `${word}.x`;
      await worker.catch(channel, "any");
      await worker.catch(`${word}.*`, "any");
      const seq = sender.send({ channel });
      expect((await sender.confirm(seq, "accepted")).matched).to.equal(2);
      const [one, two] = await worker.deliveries.take(2);

      worker.settle(one!);
      await worker.roundTrip();
      await sender.roundTrip();
      expect(sender.confirms.takeAll()).to.deep.equal([]);
      worker.settle(two!);

      await sender.confirm(seq, "handled");
    });

    it(`confirms a repeat in ${encoding} with its state, and sends it nowhere (§11.3)`, async () => {
      const sender = await attach(encoding);
      const worker = await attach("J");
      const channel = fresh();
      await worker.catch(channel, "any", { credit: 5 });
      const other = fresh();
      const seq = sender.send([{ channel }, { channel: other }]);
      await sender.confirm(seq + 1, "handled");
      await sender.confirm(seq, "accepted");
      sender.confirms.takeAll();

      sender.send([{ channel }, { channel: other }], { first: seq });

      expect((await sender.confirm(seq, "accepted")).repeat).to.equal(true);
      expect((await sender.confirm(seq + 1, "accepted")).repeat).to.equal(true);
      await sender.confirm(seq + 1, "handled");
      worker.settle(await worker.deliveries.next());
      await sender.confirm(seq, "handled");
      await worker.roundTrip();
      expect(worker.deliveries.takeAll()).to.deep.equal([]);
    });

    it(`takes in ${encoding} any number that it does not know: holes are allowed (§7.4)`, async () => {
      const sender = await attach(encoding);
      const channel = fresh();
      const { topic } = await sender.listen(channel);

      for (const first of [9, 4, 5]) sender.send({ channel }, { first });

      const heard = await sender.streamed.take(3, (one) => one.topic === topic);
      expect(heard.map(({ event }) => event?.seq)).to.deep.equal([9, 4, 5]);
    });

    it(`confirms in ${encoding} what lies below the floor as a handled repeat (§7.4)`, async () => {
      const sender = await attach(encoding);
      const worker = await attach("J");
      const channel = fresh();
      await worker.catch(channel, "any", { credit: 5 });
      sender.send({ channel: fresh() }, { first: 9, floor: 9 });
      await sender.confirm(9, "handled");

      sender.send({ channel }, { first: 4, floor: 1 });

      expect((await sender.confirm(4, "accepted")).repeat).to.equal(true);
      await sender.confirm(4, "handled");
      expect(worker.deliveries.takeAll()).to.deep.equal([]);
    });

    it(`refuses in ${encoding} a floor above the number (§7.4)`, async () => {
      const sender = await attach(encoding);
      const channel = fresh();

      sender.send({ channel }, { first: 1, floor: 2 });

      const code = encoding === "J" ? "BAD_PAYLOAD" : "BAD_RUN";
      expect(await sender.error()).to.include({ code, command: "EVNT" });
      sender.send({ channel }, { first: 1, floor: 1 });
      expect(await sender.confirm(1, "accepted")).to.not.have.property("repeat");
    });

    it(`tells receivers the floor, from ${encoding} (§7.4, §8.6)`, async () => {
      const sender = await attach(encoding);
      const channel = fresh();
      const json = await attach("J");
      const packed = await attach("M");
      await json.listen(channel);
      await packed.catch(channel, "any");

      sender.send({ channel }, { first: 50, floor: 42 });

      expect((await json.streamed.next()).event?.floor).to.equal(42);
      expect((await packed.deliveries.next()).floor).to.equal(42);
    });

    it(`takes in ${encoding} one idempotency key once, of any sender (§11.6)`, async () => {
      const first = await attach(encoding);
      const second = await attach(encoding);
      const worker = await attach("J");
      const channel = fresh();
      await worker.catch(channel, "any", { credit: 5 });
      const id = fresh("order");
      await first.confirm(first.send({ channel, id }), "accepted");

      const seq = second.send({ channel, id });
      expect((await second.confirm(seq, "accepted")).repeat).to.equal(true);
      await second.roundTrip();
      expect(second.confirms.takeAll()).to.deep.equal([]);
      worker.settle(await worker.deliveries.next());

      await second.confirm(seq, "handled");
      const late = second.send({ channel, id });
      expect((await second.confirm(late, "accepted")).repeat).to.equal(true);
      await second.confirm(late, "handled");
      await worker.roundTrip();
      expect(worker.deliveries.takeAll()).to.deep.equal([]);
    });

    it(`drops in ${encoding} what is older than its ttl when its turn comes, and handles it (§11.7)`, async () => {
      const sender = await attach(encoding);
      const worker = await attach("J");
      const channel = fresh();
      const { catch: number } = await worker.catch(channel, "any", { credit: 0 });
      const seq = sender.send([{ channel }, { channel, ttlMs: 1 }, { channel, ttlMs: 60_000 }]);
      await sender.confirm(seq + 2, "accepted");
      await worker.beats.take(2);

      worker.say("CRED", { catch: number, credit: 9 });

      await sender.confirm(seq + 1, "handled");
      const seqs = (await worker.deliveries.take(2)).map((one) => one.seq);
      expect(seqs).to.deep.equal([seq, seq + 2]);
    });

    it(`takes an event of 1 MiB in ${encoding}, and refuses one byte more (§6.1)`, async () => {
      const sender = await attach(encoding);
      const worker = await attach(encoding);
      const channel = fresh();
      await worker.catch(channel, "any");
      const raw = Buffer.alloc(1024 * 1024, 7);

      const seq = sender.send({ channel, raw });
      expect((await worker.deliveries.next()).bytes).to.have.length(Math.ceil(raw.length / 3) * 4);
      sender.send({ channel, raw: Buffer.alloc(raw.length + 1) });

      expect(await sender.error()).to.include({ code: "TOO_LARGE", command: "EVNT" });
      await sender.confirm(seq, "accepted");
    });
  }

  it("repeats the ref of an event in its confirms (§5.2)", async () => {
    const cell = await attach("J");

    cell.say("EVNT", { channel: fresh(), seq: 1, ref: "mine" });
    cell.say("EVNT", { channel: fresh(), seq: 2, ref: 2.5 });

    expect((await cell.confirm(1, "accepted")).ref).to.equal("mine");
    expect((await cell.confirm(1, "handled")).ref).to.equal("mine");
    expect((await cell.confirm(2, "accepted")).ref).to.equal(2.5);
  });

  it("numbers events in J that have no number, under a THID of its own (§5.5, §7.6)", async () => {
    const sender = await attach("J");
    const channel = fresh();
    const json = await attach("J");
    const packed = await attach("M");
    await json.listen(channel);
    await packed.listen(channel);

    sender.say("EVNT", { channel, data: 1, ref: "a" });
    sender.say("EVNT", { channel, data: 1, ref: "b" });

    const [a, b] = await sender.confirms.take(2, (one) => one.state === "accepted");
    expect([a?.ref, b?.ref]).to.deep.equal(["a", "b"]);
    expect((b?.seq as number) - (a?.seq as number)).to.equal(1);
    const from = { id: sender.id, service: sender.service };
    for (const cell of [json, packed]) {
      const { event } = await cell.streamed.next();
      expect(event).to.deep.include({ channel, data: 1, from, seq: a?.seq });
      expect(event?.sender)
        .to.match(/^[0-9a-f]{40}$/)
        .and.not.equal(sender.id);
      expect(event?.sender).to.not.equal(transmitter.id);
    }
  });

  it("carries the THID of an event in J: the same, whoever asks (§2.4)", async () => {
    const sender = await RawCell.attach(transmitter, { id: freshId() });
    const channel = fresh();
    const cell = await attach("J");
    await cell.listen(channel);
    await cell.catch(channel, "any");

    sender.send({ channel, data: { n: 1 } });

    const streamed = (await cell.streamed.next()).fields["thid"];
    expect(streamed).to.match(/^[0-9a-f]{40}$/);
    expect((await cell.deliveries.next()) as unknown as Record<string, unknown>).to.include({
      thid: streamed,
    });
  });

  for (const [fields, code] of [
    [{ channel: undefined }, "BAD_CHANNEL"],
    [{ channel: null }, "BAD_CHANNEL"],
    [{ channel: "a b" }, "BAD_CHANNEL"],
    [{ channel: "a.*" }, "BAD_CHANNEL"],
    [{ ttlMs: "5s" }, "BAD_TTL"],
    [{ ttlMs: 0 }, "BAD_TTL"],
    [{ ttlMs: 1.5 }, "BAD_TTL"],
    [{ data: 1, bytes: "AA==" }, "BAD_PAYLOAD"],
    [{ bytes: "no base64!" }, "BAD_PAYLOAD"],
    [{ bytes: 7 }, "BAD_PAYLOAD"],
    [{ seq: 0 }, "BAD_PAYLOAD"],
    [{ seq: "1" }, "BAD_PAYLOAD"],
    [{ seq: 12345678901234567890 }, "BAD_PAYLOAD"],
    [{ headers: { a: 1 } }, "BAD_OPTION"],
    [{ headers: [] }, "BAD_OPTION"],
    [{ key: "" }, "BAD_OPTION"],
    [{ key: "k".repeat(256) }, "BAD_OPTION"],
    [{ id: 7 }, "BAD_OPTION"],
    [{ ask: {} }, "BAD_OPTION"],
    [{ ask: { timeoutMs: 3_600_001 } }, "BAD_OPTION"],
    [{ ask: { timeoutMs: 1, gather: "yes" } }, "BAD_OPTION"],
  ] as const) {
    it(`refuses EVNT ${JSON.stringify(fields).slice(0, 60)} as ${code}, and uses no number up (§5.7)`, async () => {
      const sender = await attach("J");
      const channel = fresh();

      sender.say("EVNT", { channel, seq: 1, ...fields });

      expect(await sender.error()).to.include({ code, command: "EVNT" });
      sender.say("EVNT", { channel, seq: 1 });
      expect(await sender.confirm(1, "accepted")).to.not.have.property("repeat");
    });
  }
});
