import { expect } from "chai";

import { encodings, fresh } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";
import { nameOf } from "./views.js";
import { colleague, drained, upTo, work } from "./work.js";

describe("transmitter conformance: settlements", () => {
  const transmitter = sharedTransmitter();

  for (const encoding of encodings) {
    it(`ack in ${encoding}: handles the event, and is confirmed by its ref (§5.5, §10.4)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const seq = sender.send({ channel });

      const ref = worker.settle(await worker.deliveries.next());

      await worker.settled(ref);
      await sender.confirm(seq, "handled");
    });

    it(`nack in ${encoding}: comes again after a back-off, as the next attempt (§10.4)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      sender.send({ channel, data: 1 });
      const first = await worker.deliveries.next();
      const startMs = performance.now();

      worker.settle(first, "nack", { reason: "not now" });

      const again = await worker.deliveries.next();
      expect(performance.now() - startMs).to.be.at.least(40);
      expect(again).to.include({ attempt: 2, repeat: true, number: first.number, data: 1 });
    });

    it(`nack in ${encoding}: lets what is behind it go on meanwhile (§10.4)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      sender.send([
        { channel, data: 1 },
        { channel, data: 2 },
      ]);

      worker.settle(await worker.deliveries.next(), "nack");
      const second = await worker.deliveries.next();
      worker.settle(second);

      expect(second.data).to.equal(2);
      expect((await worker.deliveries.next()).data).to.equal(1);
    });

    it(`nack in ${encoding}: ends in a dead letter after attemptsMax (§10.5, §13)`, async () => {
      const given = await work(transmitter, encoding, { attemptsMax: 2 });
      const { sender, worker, channel } = given;
      const watch = await RawCell.attach(transmitter);
      await watch.listen(`$mesh.dead.${worker.service}`);
      const seq = sender.send({ channel });

      worker.settle(await worker.deliveries.next(), "nack", { reason: "one" });
      worker.settle(await worker.deliveries.next(), "nack", { reason: "two" });

      await sender.confirm(seq, "handled");
      expect((await watch.streamed.next()).event?.data).to.deep.include({
        channel,
        pattern: channel,
        from: { id: sender.id, service: sender.service },
        seq,
        reason: "two",
        attempts: 2,
      });
    });

    it(`reject in ${encoding}: is a dead letter at once, with its reason (§10.4)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const watch = await RawCell.attach(transmitter);
      await watch.listen(`$mesh.dead.${worker.service}`);
      const seq = sender.send({ channel });

      const ref = worker.settle(await worker.deliveries.next(), "reject", { reason: "never" });

      await worker.settled(ref);
      await sender.confirm(seq, "handled");
      expect((await watch.streamed.next()).event?.data).to.include({ reason: "never" });
    });

    it(`release in ${encoding}: goes to another cell at once, uncounted (§10.4)`, async () => {
      const given = await work(transmitter, encoding, { attemptsMax: 1 });
      const { sender, worker, channel } = given;
      sender.send({ channel });
      const first = await worker.deliveries.next();
      const other = await colleague(transmitter, given, { attemptsMax: 1 });

      worker.settle(first, "release");

      expect(await other.deliveries.next()).to.include({
        attempt: 2,
        repeat: true,
        number: first.number,
      });
      expect(await drained(worker)).to.have.length(0);
    });

    for (const reason of ["é".repeat(1024), "\u{1f600}".repeat(512)]) {
      it(`reject in ${encoding}: takes a reason of 1 024 UTF-16 units, ${reason.slice(0, 2)}… (§5.5)`, async () => {
        const { sender, worker, channel } = await work(transmitter, encoding);
        const seq = sender.send({ channel });

        const ref = worker.settle(await worker.deliveries.next(), "reject", { reason });

        await worker.settled(ref);
        await sender.confirm(seq, "handled");
        expect(worker.commands.takeAll()).to.deep.equal([]);
      });
    }

    it(`release in ${encoding}: comes back where nobody else takes it (§10.4)`, async () => {
      const given = await work(transmitter, encoding, { attemptsMax: 1 });
      const { sender, worker, channel } = given;
      await colleague(transmitter, given, { attemptsMax: 1, credit: 0 });
      sender.send({ channel });

      for (const attempt of [1, 2, 3]) {
        const delivery = await worker.deliveries.next();
        expect(delivery.attempt).to.equal(attempt);
        worker.settle(delivery, "release");
      }
    });

    it(`in ${encoding} under a stale attempt change nothing, and are told so and confirmed (§10.3)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const target = await RawCell.attach(transmitter);
      const other = fresh();
      await target.catch(other, "any");
      const seq = sender.send({ channel });
      const stale = await worker.deliveries.next();
      worker.settle(stale, "nack");
      const current = await worker.deliveries.next();
      sender.confirms.takeAll();

      const ref = worker.settle(stale, "ack", { outputs: [{ channel: other, data: 1 }] });

      const { catch: number, number: first } = stale;
      const error = {
        code: "STALE_ATTEMPT",
        command: "SETL",
        ref,
        catch: number,
        number: first,
        attempt: 1,
      };
      expect(await worker.error()).to.include(error);
      await worker.settled(ref);
      expect(await drained(target)).to.have.length(0);
      await sender.roundTrip();
      expect(sender.confirms.takeAll()).to.deep.equal([]);
      worker.settle(current);
      await sender.confirm(seq, "handled");
    });

    it(`in ${encoding} of another origin are stale, of another catch unknown (§10.3)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      sender.send({ channel });
      const delivery = await worker.deliveries.next();

      worker.settle({ ...delivery, origin: `${"0".repeat(40)}.1` });
      expect(await worker.error()).to.include({ code: "STALE_ATTEMPT" });
      const ref = worker.settle({ ...delivery, catch: 99 });
      expect(await worker.error()).to.include({ code: "UNKNOWN_CATCH", command: "SETL", ref });
    });

    it(`in ${encoding} that were made twice are stale the second time (§10.3)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      sender.send({ channel });
      const delivery = await worker.deliveries.next();
      worker.settle(delivery);

      for (let n = 0; n < 30; n++) {
        const ref = worker.settle(delivery);
        expect(await worker.error()).to.include({ code: "STALE_ATTEMPT", ref });
        await worker.settled(ref);
      }

      // No offence (§15): the connection is not muted.
      sender.send({ channel });
      await worker.deliveries.next();
    });
  }

  it("in ranges settle each of them, and tell of the first that was not current (§5.5)", async () => {
    const { sender, worker, channel } = await work(transmitter, "M", { credit: 10 });
    sender.send(upTo(6).map((data) => ({ channel, data })));
    const [first] = await worker.deliveries.take(6);
    const { catch: number, origin, number: from } = first!;

    const settled = [
      [0, from, 2, 1],
      [3, from + 3, 1, 1, { reason: "bad" }],
      [0, from + 4, 9, 1],
      [0, from, 1, 7],
    ];
    worker.say("SETL", { catch: number, origin, ref: 1, settled });

    expect(await worker.error()).to.include({ code: "STALE_ATTEMPT", ref: 1, number: from + 4 });
    await worker.settled(1);
    for (const seq of [1, 2, 4, 5, 6]) await sender.confirm(seq, "handled");
    expect(sender.confirms.takeAll((one) => one.state === "handled")).to.deep.equal([]);
  });

  for (const [fields, code] of [
    [{ outcome: "done" }, "BAD_PAYLOAD"],
    [{ outcome: "ack", number: 0 }, "BAD_PAYLOAD"],
    [{ outcome: "ack", attempt: "1" }, "BAD_PAYLOAD"],
    [{ outcome: "ack", origin: 5 }, "BAD_PAYLOAD"],
    [{ outcome: "ack", ref: 0 }, "BAD_PAYLOAD"],
    [{ outcome: "nack", reason: "x".repeat(1025) }, "BAD_PAYLOAD"],
    [{ outcome: "nack", reason: "\u{1f600}".repeat(513) }, "BAD_PAYLOAD"],
    [{ outcome: "ack", result: 1, resultBytes: "AA==" }, "BAD_PAYLOAD"],
    [{ outcome: "ack", outputs: {} }, "BAD_PAYLOAD"],
    [{ outcome: "ack", outputs: [{ channel: "a b" }] }, "BAD_CHANNEL"],
    [{ outcome: "ack", outputs: [{ channel: "$mesh.x" }] }, "DENIED"],
    [{ outcome: "ack", outputs: [{ channel: "a", ttlMs: 0 }] }, "BAD_TTL"],
  ] as const) {
    it(`refuse SETL ${JSON.stringify(fields).slice(0, 60)} as ${code}, and settle nothing (§5.7)`, async () => {
      const { sender, worker, channel } = await work(transmitter, "J");
      const seq = sender.send({ channel });
      const delivery = await worker.deliveries.next();

      worker.say("SETL", { ...nameOf(delivery), ref: 1, ...fields });

      expect(await worker.error()).to.include({ code, command: "SETL" });
      await sender.roundTrip();
      expect(sender.confirms.takeAll((one) => one.state === "handled")).to.deep.equal([]);
      worker.settle(delivery);
      await sender.confirm(seq, "handled");
    });
  }
});

describe("transmitter conformance: outputs", () => {
  const transmitter = sharedTransmitter();

  for (const encoding of encodings) {
    it(`go out in ${encoding} with the settlement, from the cell, numbered by the origin (§7.6, §10.6)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const watch = await RawCell.attach(transmitter, { encoding });
      const other = fresh();
      await watch.listen(other);
      sender.send({ channel });

      const outputs = [
        { channel: other, data: 1, headers: { a: "b" }, key: "k" },
        { channel: other, data: 2 },
      ];
      const ref = worker.settle(await worker.deliveries.next(), "ack", { outputs });

      const [one, two] = await watch.streamed.take(2);
      const from = { id: worker.id, service: worker.service };
      expect(one?.event).to.deep.include({ data: 1, headers: { a: "b" }, key: "k", from });
      expect(two?.event?.seq).to.equal((one?.event?.seq as number) + 1);
      expect(one?.event?.sender).to.not.equal(worker.id);
      await worker.settled(ref);
    });

    it(`are handled in ${encoding} before their settlement is confirmed (§10.6)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const next = await work(transmitter, encoding);
      const seq = sender.send({ channel });
      const outputs = [{ channel: next.channel, data: 1 }];

      const ref = worker.settle(await worker.deliveries.next(), "ack", { outputs });

      await sender.confirm(seq, "handled");
      const output = await next.worker.deliveries.next();
      await worker.roundTrip();
      expect(worker.confirms.takeAll()).to.deep.equal([]);
      next.worker.settle(output);
      await worker.settled(ref);
    });

    it(`are at most 1 MiB together in ${encoding} (§10.6)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding);
      const seq = sender.send({ channel });
      const delivery = await worker.deliveries.next();
      const output = { channel: fresh(), data: "x".repeat(600 * 1024) };

      worker.settle(delivery, "ack", { outputs: [output, output] });
      expect(await worker.error()).to.include({ code: "TOO_LARGE", command: "SETL" });
      const ref = worker.settle(delivery, "ack", { outputs: [output] });

      await worker.settled(ref);
      await sender.confirm(seq, "handled");
    });
  }
});
