import { expect } from "chai";

import { encodings, fresh } from "./names.js";
import { nameOf, RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";
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

describe("transmitter conformance: gathers", () => {
  const transmitter = sharedTransmitter();
  const gather = { timeoutMs: 20_000, gather: true };

  for (const encoding of encodings) {
    it(`name the cells to expect in ${encoding}, bring each reply, and end (§12.5)`, async () => {
      const word = fresh();
      const channel = `${word}.x`;
      const asker = await RawCell.attach(transmitter, { encoding });
      const own = await asker.listen(channel);
      const cells = await Promise.all(
        encodings.map((one) => RawCell.attach(transmitter, { encoding: one })),
      );
      const catches = await Promise.all(cells.map((cell) => cell.listen(channel)));
      await cells[0]!.listen(`${word}.*`);
      const worker = await RawCell.attach(transmitter);
      await worker.catch(channel, "any");

      const seq = asker.send({ channel, data: "who?", ask: gather });

      const { cells: expected } = await asker.answer(seq);
      const all = [asker, ...cells].map(({ id, service }) => ({ id, service }));
      expect(expected).to.have.deep.members(all);
      const to = { to: asker.id, seq };
      for (const [index, cell] of [asker, ...cells].entries()) {
        const { event } = await cell.streamed.next((one) => one.event !== undefined);
        expect(event).to.deep.include({ seq, ask: gather, sender: asker.id });
        const { catch: number } = [own, ...catches][index]!;
        cell.reply({ catch: number, ...to }, index);
        cell.reply({ catch: number, ...to }, "again");
      }
      const answers = [];
      for (let n = 0; n < 4; n++) answers.push(await asker.answer(seq));
      const results = answers.slice(0, 3).map(({ state, data, from }) => ({ state, data, from }));
      expect(results).to.have.deep.members(
        all.map((from, data) => ({ state: "result", data, from })),
      );
      expect(answers[3]).to.include({ state: "end" });
      expect(await drained(worker)).to.have.length(0);
    });

    it(`tell in ${encoding} of handlers that failed and of cells that left (§12.5)`, async () => {
      const channel = fresh();
      const asker = await RawCell.attach(transmitter, { encoding });
      const [failing, leaving, dying] = await Promise.all(
        [0, 1, 2].map(() => RawCell.attach(transmitter, { encoding })),
      );
      const { catch: number } = await failing!.listen(channel);
      await leaving!.listen(channel);
      await dying!.listen(channel);
      const seq = asker.send({ channel, ask: gather });
      expect((await asker.answer(seq))["cells"]).to.have.length(3);

      failing!.say("RPLY", {
        catch: number,
        to: asker.id,
        seq,
        code: "HANDLER_FAILED",
        message: "boom",
      });
      const from = { id: failing!.id, service: failing!.service };
      const error = { state: "error", code: "HANDLER_FAILED", message: "boom", from };
      expect(await asker.answer(seq)).to.deep.include(error);
      leaving!.say("GBYE");
      expect((await asker.answer(seq))["cells"]).to.deep.equal([
        { id: leaving!.id, service: leaving!.service },
      ]);
      dying!.close();

      expect(await asker.answer(seq)).to.include({ state: "gone" });
      expect(await asker.answer(seq)).to.include({ state: "end" });
    });

    it(`end at once in ${encoding} where nobody listens, whatever groups there are (§12.5)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);

      const seq = sender.send({ channel, ask: gather });

      expect(await sender.answer(seq)).to.deep.include({ state: "expect", cells: [] });
      expect(await sender.answer(seq)).to.include({ state: "end" });
      expect(await drained(worker)).to.have.length(0);
      await sender.confirm(seq, "handled");
    });

    it(`time out in ${encoding} (§12.5)`, async () => {
      const cell = await RawCell.attach(transmitter, { encoding });
      const channel = fresh();
      await cell.listen(channel);

      const seq = cell.send({ channel, ask: { timeoutMs: 50, gather: true } });

      expect(await cell.answer(seq)).to.include({ state: "expect" });
      expect(await cell.answer(seq)).to.include({ state: "error", code: "TIMEOUT" });
    });
  }

  it("take replies by the sender that numbered the event (§12.5)", async () => {
    const asker = await RawCell.attach(transmitter);
    const cell = await RawCell.attach(transmitter);
    const channel = fresh();
    const { catch: number } = await cell.listen(channel);

    asker.say("EVNT", { channel, data: 1, ref: "loose", ask: gather });
    const { event } = await cell.streamed.next();
    expect(event?.sender).to.not.equal(asker.id);
    cell.reply({ catch: number, to: event?.sender, seq: event?.seq }, "here");

    const seq = event?.seq as number;
    expect(await asker.answer(seq)).to.include({ state: "expect", ref: "loose" });
    expect(await asker.answer(seq)).to.include({ state: "result", data: "here", ref: "loose" });
    expect(await asker.answer(seq)).to.include({ state: "end" });
  });
});
