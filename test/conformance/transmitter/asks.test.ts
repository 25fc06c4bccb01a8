import { expect } from "chai";

import { encodings, fresh } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";
import { nameOf } from "./views.js";
import { colleague, drained, work } from "./work.js";

const ask = { timeoutMs: 20_000 };

describe("transmitter conformance: asks", () => {
  const transmitter = sharedTransmitter();

  for (const encoding of encodings) {
    it(`give the result to the asker in ${encoding}, with who replied (§12.1, §12.2)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const seq = sender.send({ channel, ask });
      const delivery = await worker.deliveries.next();
      expect(delivery.ask).to.deep.equal(ask);

      worker.settle(delivery, "ack", { result: { sum: 3 } });

      const from = { id: worker.id, service: worker.service };
      expect(await sender.answer(seq)).to.deep.include({ state: "result", data: { sum: 3 }, from });
      await sender.confirm(seq, "accepted");
      await sender.confirm(seq, "handled");
    });

    it(`end in ${encoding} with the ack that has no result (§12.2)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const seq = sender.send({ channel, ask });

      worker.settle(await worker.deliveries.next());

      expect(await sender.answer(seq)).to.include({ state: "end" });
    });

    it(`are answered in ${encoding} by the first result of any group (§12.2)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const second = await RawCell.attach(transmitter, { encoding });
      await second.catch(channel, "any");
      const seq = sender.send({ channel, ask });
      const [one, two] = [await worker.deliveries.next(), await second.deliveries.next()];

      second.settle(two, "ack", { result: "second" });
      expect(await sender.answer(seq)).to.include({ state: "result", data: "second" });
      worker.settle(one, "ack", { result: "first" });

      await sender.confirm(seq, "handled");
      expect(sender.commands.takeAll()).to.deep.equal([]);
    });

    it(`fail in ${encoding} at once where no group is, whatever streams there are (§12.2)`, async () => {
      const cell = await RawCell.attach(transmitter, { encoding });
      const channel = fresh();
      await cell.listen(channel);

      const seq = cell.send({ channel, ask });

      expect(await cell.answer(seq)).to.include({ state: "error", code: "NO_LISTENER" });
      await cell.confirm(seq, "handled");
      expect((await cell.streamed.next()).event?.seq).to.equal(seq);
    });

    it(`fail in ${encoding} with a nack, and are settled by it (§12.3)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const seq = sender.send({ channel, ask });

      worker.settle(await worker.deliveries.next(), "nack", { reason: "boom" });

      const error = { state: "error", code: "HANDLER_FAILED", message: "boom" };
      expect(await sender.answer(seq)).to.include(error);
      await sender.confirm(seq, "handled");
    });

    it(`come again in ${encoding} after a nack where the asker says retry (§12.3)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const seq = sender.send({ channel, ask: { ...ask, retry: true } });

      worker.settle(await worker.deliveries.next(), "nack");
      const again = await worker.deliveries.next();
      worker.settle(again, "ack", { result: again.attempt });

      expect(await sender.answer(seq)).to.include({ state: "result", data: 2 });
    });

    it(`fail in ${encoding} with a reject, retry or not (§12.3)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const seq = sender.send({ channel, ask: { ...ask, retry: true } });

      worker.settle(await worker.deliveries.next(), "reject", { reason: "never" });

      const error = { state: "error", code: "REJECTED", message: "never" };
      expect(await sender.answer(seq)).to.include(error);
      await sender.confirm(seq, "handled");
    });

    it(`time out in ${encoding}, and are not delivered any more (§12.2)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const short = { timeoutMs: 50, retry: true };
      const seq = sender.send([
        { channel, ask: short },
        { channel, ask: short },
      ]);
      const delivery = await worker.deliveries.next();

      for (const one of [seq, seq + 1]) {
        expect(await sender.answer(one)).to.include({ state: "error", code: "TIMEOUT" });
      }
      worker.settle(delivery, "nack");

      await sender.confirm(seq, "handled");
      await sender.confirm(seq + 1, "handled");
      expect(await drained(worker)).to.have.length(0);
    });

    it(`are answered in parts in ${encoding}, then by the result (§12.4)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const seq = sender.send({ channel, ask: { ...ask, parts: true } });
      const delivery = await worker.deliveries.next();

      worker.reply({ ...nameOf(delivery), index: 0 }, "one");
      worker.reply({ ...nameOf(delivery), index: 1 }, { two: 2 });
      worker.settle(delivery, "ack", { result: "last" });

      const from = { id: worker.id, service: worker.service };
      const part = { state: "part", attempt: 1, from };
      expect(await sender.answer(seq)).to.deep.include({ ...part, index: 0, data: "one" });
      expect(await sender.answer(seq)).to.deep.include({ ...part, index: 1, data: { two: 2 } });
      expect(await sender.answer(seq)).to.deep.include({ state: "result", data: "last" });
    });

    it(`refuse in ${encoding} a part that says that the handler failed: its settlement says it (§12.4)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const seq = sender.send({ channel, ask: { ...ask, parts: true } });
      const delivery = await worker.deliveries.next();
      const part = { ...nameOf(delivery), index: 0, code: "HANDLER_FAILED", message: "boom" };

      worker.say("RPLY", part);
      worker.reply(part, "a body too");

      for (let n = 0; n < 2; n++) {
        const error = await worker.error();
        expect(error).to.include({ code: "BAD_PAYLOAD", command: "RPLY" });
        expect(error["message"]).to.include("a part has no code");
      }
      worker.settle(delivery, "nack", { reason: "boom" });
      const failure = { state: "error", code: "HANDLER_FAILED", message: "boom" };
      expect(await sender.answer(seq)).to.include(failure);
    });

    it(`drop in ${encoding} the parts of a stale attempt without a word (§5, §12.4)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const seq = sender.send({ channel, ask: { ...ask, parts: true, retry: true } });
      const stale = await worker.deliveries.next();
      worker.settle(stale, "nack");
      const current = await worker.deliveries.next();

      worker.reply({ ...nameOf(stale), index: 0 }, "stale");
      worker.reply({ ...nameOf(current), index: 0 }, "current");
      worker.settle(current);

      expect(await sender.answer(seq)).to.include({ state: "part", attempt: 2, data: "current" });
      expect(await sender.answer(seq)).to.include({ state: "end" });
      await worker.roundTrip();
      expect(worker.commands.takeAll()).to.deep.equal([]);
    });

    it(`go on to another cell in ${encoding} when the first one dies (§9.3)`, async () => {
      const given = await work(transmitter, encoding);
      const { sender, worker, channel } = given;
      const seq = sender.send({ channel, ask });
      await worker.deliveries.next();
      const other = await colleague(transmitter, given);

      worker.close();
      other.settle(await other.deliveries.next(), "ack", { result: "other" });

      expect(await sender.answer(seq)).to.include({ state: "result", data: "other" });
    });
  }

  it("repeat the ref of their event in each answer (§5.2)", async () => {
    const cell = await RawCell.attach(transmitter);

    cell.say("EVNT", { channel: fresh(), seq: 1, ref: "mine", ask });

    expect(await cell.answer(1)).to.include({ ref: "mine" });
  });

  it("carry results between the encodings, and say what JSON cannot (§6.4, §12.2)", async () => {
    const channel = fresh();
    const asker = await RawCell.attach(transmitter);
    const worker = await RawCell.attach(transmitter, { encoding: "M" });
    await worker.catch(channel, "any");
    const seqs = [Buffer.of(1), new Date(0), Number.NaN].map((result) => ({
      result,
      seq: asker.send({ channel, ask }),
    }));
    for (const { result } of seqs) {
      worker.settle(await worker.deliveries.next(), "ack", { result });
    }

    expect(await asker.answer(seqs[0]!.seq)).to.include({ state: "result", data: "AQ==" });
    expect(await asker.answer(seqs[1]!.seq)).to.include({ data: "1970-01-01T00:00:00.000Z" });
    expect(await asker.answer(seqs[2]!.seq)).to.include({ state: "error", code: "BAD_PAYLOAD" });
  });

  it("answer on the connection that the asker has now (§9.7)", async () => {
    const { sender, worker, channel } = await work(transmitter, "J");
    const seq = sender.send({ channel, ask });
    const delivery = await worker.deliveries.next();
    const secret = sender.welcome["secret"] as string;
    const again = await RawCell.attach(transmitter, { ...sender, secret, session: 2 });

    worker.settle(delivery, "ack", { result: 1 });

    expect(await again.answer(seq)).to.include({ state: "result", data: 1 });
    await again.confirm(seq, "handled");
  });
});
