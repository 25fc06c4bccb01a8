import { expect } from "chai";

import { encodings, fresh } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";
import { drained, work } from "./work.js";

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
