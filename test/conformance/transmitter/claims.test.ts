import { expect } from "chai";

import { encodings, fresh } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter, startUnderTest, type TransmitterUnderTest } from "./under-test.js";
import { drained, upTo, work } from "./work.js";

describe("transmitter conformance: takeover", () => {
  const transmitter = sharedTransmitter();

  for (const encoding of encodings) {
    it(`decides by the claims in ${encoding} what becomes of what the cell held (§9.7, §10.9)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding, { credit: 3 });
      sender.send(upTo(3).map((data) => ({ channel, data })));
      const held = await worker.deliveries.take(3);
      const secret = worker.welcome["secret"] as string;
      const startMs = performance.now();
      const claim = { held: [[sender.id, 2, 2]], settled: [[sender.id, 1, 1]] };
      const again = await RawCell.attach(transmitter, {
        ...{ encoding, id: worker.id, service: worker.service, secret, session: 2 },
        claims: [{ pattern: channel, ...claim }],
      });
      const { catch: number } = await again.catch(channel, "any", { credit: 3 });

      await sender.confirm(1, "handled");
      const renamed = await again.deliveries.next();
      expect(renamed).to.include({ catch: number, claimed: true, attempt: 2, data: 2, seq: 2 });
      const unclaimed = await again.deliveries.next();
      expect(performance.now() - startMs).to.be.at.least(900);
      expect(unclaimed).to.include({ attempt: 2, repeat: true, data: 3 });
      expect(unclaimed).to.not.have.property("claimed");
      again.settle(held[1]!);
      expect(await again.error()).to.include({ command: "SETL" });
      again.settle(renamed);
      await sender.confirm(2, "handled");
    });
  }

  it("gives an unclaimed delivery to a colleague after 1 s (§9.7)", async () => {
    const { sender, worker, channel } = await work(transmitter, "J");
    sender.send({ channel });
    await worker.deliveries.next();
    const other = await RawCell.attach(transmitter, { service: worker.service });
    await other.catch(channel, "any");
    const secret = worker.welcome["secret"] as string;
    const startMs = performance.now();

    await RawCell.attach(transmitter, {
      id: worker.id,
      service: worker.service,
      secret,
      session: 2,
    });

    expect(await other.deliveries.next()).to.include({ attempt: 2, repeat: true });
    expect(performance.now() - startMs).to.be.at.least(900);
  });
});

describe("transmitter conformance: a fresh start", () => {
  let transmitter: TransmitterUnderTest;

  beforeEach(async () => {
    transmitter = await startUnderTest();
  });
  afterEach(() => transmitter.end());

  for (const encoding of encodings) {
    it(`takes in ${encoding} events of cells that were attached before after 1 s only (§11.2)`, async () => {
      const old = await RawCell.attach(transmitter, { encoding, session: 2 });
      const startMs = performance.now();
      const channel = fresh();
      const seq = old.send(
        upTo(3).map((data) => ({ channel, data })),
        { session: 2 },
      );
      const fresher = await RawCell.attach(transmitter, { encoding });
      const at = fresher.send({ channel: fresh() });
      await fresher.confirm(at, "handled");
      expect(performance.now() - startMs).to.be.below(600);
      const { topic } = await fresher.listen(channel);

      for (const one of [seq, seq + 1, seq + 2]) {
        expect((await old.confirm(one, "accepted")).matched).to.equal(1);
      }
      const heard = await fresher.streamed.take(3, (one) => one.topic === topic);
      expect(heard.map(({ event }) => event?.data)).to.deep.equal([1, 2, 3]);
    });

    it(`settles in ${encoding} what is claimed as settled, and leaves what is held with its cell (§10.9)`, async () => {
      const channel = fresh();
      const sender = await RawCell.attach(transmitter, { encoding, session: 2 });
      const claims = [
        { pattern: channel, held: [[sender.id, 2, 2]], settled: [[sender.id, 1, 1]] },
      ];
      const worker = await RawCell.attach(transmitter, { encoding, session: 2, claims });
      await worker.catch(channel, "any", { credit: 9 });

      sender.send(
        upTo(3).map((data) => ({ channel, data })),
        { session: 1, repeat: true },
      );

      const renamed = await worker.deliveries.next();
      expect(renamed).to.include({ seq: 2, data: 2, claimed: true });
      await sender.confirm(1, "handled");
      const unclaimed = await worker.deliveries.next();
      expect(unclaimed).to.include({ seq: 3, repeat: true });
      expect(unclaimed).to.not.have.property("claimed");
      worker.settle(renamed);
      await sender.confirm(2, "handled");
      expect(sender.confirms.takeAll((one) => one.state === "handled")).to.deep.equal([]);
      expect(await drained(worker)).to.have.length(0);
    });

    it(`holds repeats back in ${encoding} for 1 s while cells come and claim (§7.8, §10.9)`, async () => {
      const channel = fresh();
      const sender = await RawCell.attach(transmitter, { encoding, session: 2 });
      const other = await RawCell.attach(transmitter, { encoding });
      await other.catch(channel, "any", { credit: 9 });
      sender.send({ channel, data: 1 }, { session: 1, repeat: true });
      await sender.confirm(1, "accepted");

      const claims = [{ pattern: channel, held: [[sender.id, 1, 1]], settled: [] }];
      const { service } = other;
      const late = await RawCell.attach(transmitter, { encoding, session: 2, service, claims });
      await late.catch(channel, "any");

      expect(await late.deliveries.next()).to.include({ seq: 1, claimed: true });
      expect(await drained(other)).to.have.length(0);
    });

    it(`gives in ${encoding} a repeat that nobody claims to somebody, marked (§10.9)`, async () => {
      const given = await work(transmitter, encoding, { credit: 9 });
      const { worker, channel } = given;
      const sender = await RawCell.attach(transmitter, { encoding, session: 2 });

      sender.send({ channel, data: 1 }, { session: 1, repeat: true });
      sender.send({ channel, data: 2 }, { session: 2 });

      const deliveries = await worker.deliveries.take(2);
      const byData = new Map(deliveries.map((one) => [one.data, one.repeat]));
      expect([byData.get(1), byData.get(2)]).to.deep.equal([true, false]);
    });

    it(`gives in ${encoding} what its sender knows to be handled to streams alone (§7.10)`, async () => {
      const { worker, channel } = await work(transmitter, encoding, { credit: 9 });
      const listener = await RawCell.attach(transmitter, { encoding });
      await listener.listen(channel);
      const sender = await RawCell.attach(transmitter, { encoding, session: 2 });

      const handled = encoding === "M" ? [1, 1] : true;
      sender.send({ channel, data: 1 }, { session: 1, repeat: true, handled });
      sender.send({ channel, data: 2 }, { session: 1, repeat: true });

      expect(await sender.confirm(1, "accepted")).to.include({ matched: 1 });
      await sender.confirm(1, "handled");
      expect((await listener.streamed.next()).event?.data).to.equal(1);
      expect((await worker.deliveries.next()).data).to.equal(2);
      expect(await drained(worker)).to.have.length(0);
    });

    it(`gives in ${encoding} no repeat to a group with redeliver: false (§10.7)`, async () => {
      const { worker, channel } = await work(transmitter, encoding, { redeliver: false });
      const sender = await RawCell.attach(transmitter, { encoding, session: 2 });

      const seq = sender.send({ channel }, { session: 1, repeat: true });

      await sender.confirm(seq, "handled");
      expect(await drained(worker)).to.have.length(0);
    });
  }

  it("has another incarnation and origin name, and knows no old secret (§5.5, §9.7)", async () => {
    const cell = await RawCell.attach(transmitter);
    const { id, service, welcome } = cell;
    cell.close();
    const port = transmitter.command.split(":").pop() as string;
    const pubPort = transmitter.pub.split(":").pop() as string;
    await transmitter.end();
    transmitter = await startUnderTest(
      "--port",
      port,
      "--pub-port",
      pubPort,
      "--id",
      transmitter.id,
    );

    const secret = welcome["secret"] as string;
    const again = await RawCell.attach(transmitter, { id, service, secret, session: 2 });

    expect(again.welcome["id"]).to.equal(welcome["id"]);
    expect(again.welcome["incarnation"]).to.not.equal(welcome["incarnation"]);
    expect(again.welcome["origin"]).to.not.equal(welcome["origin"]);
  });
});
