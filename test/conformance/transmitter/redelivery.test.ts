import { createHash } from "node:crypto";
import { expect } from "chai";

import { encodings, fresh } from "./names.js";
import type { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";
import { nameOf } from "./views.js";
import { colleague, drained, upTo, work } from "./work.js";

describe("transmitter conformance: redelivery", () => {
  const transmitter = sharedTransmitter();

  for (const encoding of encodings) {
    it(`takes back in ${encoding} what is not settled in time, and gives it again (§10.5)`, async () => {
      const { sender, worker, channel, number } = await work(transmitter, encoding, {
        ackTimeoutMs: 100,
      });
      sender.send({ channel });
      const first = await worker.deliveries.next();

      expect((await worker.command("BACK")).fields).to.deep.equal({
        catch: number,
        origin: first.origin,
        number: first.number,
        count: 1,
        attempt: 1,
      });
      expect(await worker.deliveries.next()).to.include({ attempt: 2, number: first.number });
    });

    it(`begins the time-out anew in ${encoding} with each PROG (§5.5, §10.5)`, async () => {
      const { sender, worker, channel } = await work(transmitter, encoding, { ackTimeoutMs: 400 });
      const seq = sender.send({ channel });
      const delivery = await worker.deliveries.next();

      for (let n = 0; n < 4; n++) {
        await worker.beats.next();
        worker.say("PROG", nameOf(delivery));
      }
      worker.settle(delivery);

      await sender.confirm(seq, "handled");
      expect(worker.commands.takeAll()).to.deep.equal([]);
    });

    it(`gives in ${encoding} what a dead cell held to others at once, as repeats (§9.3)`, async () => {
      const given = await work(transmitter, encoding, { credit: 3 });
      const { sender, worker, channel } = given;
      sender.send(upTo(3).map((data) => ({ channel, data })));
      await worker.deliveries.take(3);
      const other = await colleague(transmitter, given, { credit: 3 });
      const startMs = performance.now();

      worker.close();

      const again = await other.deliveries.take(3);
      expect(performance.now() - startMs).to.be.below(900);
      expect(again.map(({ data }) => data).sort()).to.deep.equal([1, 2, 3]);
      for (const { attempt, repeat } of again) expect([attempt, repeat]).to.deep.equal([2, true]);
    });

    it(`counts an attempt in ${encoding} for what a dead cell could have begun only (§10.5)`, async () => {
      const options = { credit: 3, concurrency: 1, attemptsMax: 1 };
      const given = await work(transmitter, encoding, options);
      const { sender, worker, channel } = given;
      const seq = sender.send(upTo(3).map((data) => ({ channel, data })));
      await worker.deliveries.take(3);
      const other = await colleague(transmitter, given, options);

      worker.close();

      const again = await other.deliveries.take(2);
      expect(again.map(({ data }) => data).sort()).to.deep.equal([2, 3]);
      await sender.confirm(seq, "handled");
    });

    it(`never gives again in ${encoding} with redeliver: false, whatever happens (§10.7)`, async () => {
      for (const happen of ["nack", "release", "reject", "drop", "close", "time-out"]) {
        const options = { redeliver: false, ackTimeoutMs: 100 };
        const given = await work(transmitter, encoding, options);
        const { sender, worker, channel, number } = given;
        const seq = sender.send({ channel });
        const delivery = await worker.deliveries.next();
        const other = await colleague(transmitter, given, options);

        if (happen === "drop") worker.say("DROP", { catch: number });
        else if (happen === "close") worker.close();
        else if (happen !== "time-out") worker.settle(delivery, happen);

        await sender.confirm(seq, "handled");
        expect(await drained(other), happen).to.have.length(0);
      }
    });

    it(`lets one member's redeliver: false count for the group in ${encoding} (§10.1)`, async () => {
      const given = await work(transmitter, encoding);
      const { sender, worker, channel } = given;
      await colleague(transmitter, given, { redeliver: false, credit: 0 });
      const seq = sender.send({ channel });

      worker.settle(await worker.deliveries.next(), "nack");

      await sender.confirm(seq, "handled");
    });
  }

  it("lets the smallest attemptsMax and the longest ackTimeoutMs count (§10.1)", async () => {
    const given = await work(transmitter, "J", { attemptsMax: 5, ackTimeoutMs: 100 });
    const { sender, worker, channel } = given;
    await colleague(transmitter, given, { attemptsMax: 1, ackTimeoutMs: 30_000, credit: 0 });
    const seq = sender.send({ channel });
    const delivery = await worker.deliveries.next();
    await worker.beats.take(2);
    expect(worker.commands.takeAll()).to.deep.equal([]);

    worker.settle(delivery, "nack");

    await sender.confirm(seq, "handled");
  });

  it("gives what comes back before what has not been out (§10.1)", async () => {
    const given = await work(transmitter, "J", { credit: 1 });
    const { sender, worker, channel, number } = given;
    sender.send(upTo(3).map((data) => ({ channel, data })));
    const first = await worker.deliveries.next();
    worker.say("CRED", { catch: number, credit: 0 });
    worker.settle(first, "nack");
    await worker.beats.take(2);

    worker.say("CRED", { catch: number, credit: 3 });

    expect((await worker.deliveries.take(3)).map(({ data }) => data)).to.deep.equal([1, 2, 3]);
  });
});

describe("transmitter conformance: affinity", () => {
  const transmitter = sharedTransmitter();

  for (const encoding of encodings) {
    it(`gives a key to one cell in ${encoding}, one delivery at a time, in order (§10.10)`, async () => {
      const options = { affinity: true, credit: 50 };
      const given = await work(transmitter, encoding, options);
      const { sender, worker, channel } = given;
      const other = await colleague(transmitter, given, options);
      const keys = upTo(8).map((n) => `key-${n}`);
      sender.send(
        upTo(40).map((data) => ({ channel, data, key: keys[data % keys.length] as string })),
      );
      await sender.confirm(40, "accepted");

      const owners = new Map<unknown, RawCell>();
      const orders = new Map<unknown, unknown[]>();
      for (let settled = 0; settled < 40; ) {
        for (const cell of [worker, other]) {
          const deliveries = await drained(cell);
          expect(new Set(deliveries.map(({ key }) => key)).size).to.equal(deliveries.length);
          for (const delivery of deliveries) {
            const { key } = delivery;
            expect(owners.get(key) ?? cell, String(key)).to.equal(cell);
            owners.set(key, cell);
            orders.set(key, [...(orders.get(key) ?? []), delivery.data]);
            cell.settle(delivery);
            settled++;
          }
        }
      }

      for (const order of orders.values()) {
        expect(order).to.deep.equal([...order].sort((a, b) => Number(a) - Number(b)));
      }
    });

    it(`chooses in ${encoding} the cell with the highest SHA-1 of key and id (§10.10)`, async () => {
      const options = { affinity: true, credit: 50 };
      const given = await work(transmitter, encoding, options);
      const { sender, worker, channel } = given;
      const other = await colleague(transmitter, given, options);
      const keys = upTo(16).map((n) => fresh(`k${n}`));
      sender.send(keys.map((key) => ({ channel, key })));
      await sender.confirm(16, "accepted");

      for (const cell of [worker, other]) {
        const rival = cell === worker ? other : worker;
        for (const { key } of await drained(cell)) {
          const ranks = [cell, rival].map(({ id }) => sha1(`${key as string} ${id}`));
          expect(ranks[0]! > ranks[1]!, String(key)).to.equal(true);
        }
      }
    });
  }

  it("lets a nacked key wait, and others pass (§10.10)", async () => {
    const { sender, worker, channel } = await work(transmitter, "J", {
      affinity: true,
      credit: 50,
    });
    sender.send([
      { channel, key: "a", data: 1 },
      { channel, key: "a", data: 2 },
      { channel, key: "b", data: 3 },
      { channel, data: 4 },
    ]);
    const [one, three, four] = await worker.deliveries.take(3);
    expect([one, three, four].map((it) => it?.data).sort()).to.deep.equal([1, 3, 4]);
    const first = [one, three, four].find((it) => it?.data === 1);

    worker.settle(first!, "nack");
    expect(await drained(worker)).to.have.length(0);
    const again = await worker.deliveries.next();
    expect(again.data).to.equal(1);
    worker.settle(again);

    expect((await worker.deliveries.next()).data).to.equal(2);
  });

  it("moves a key to another cell when its own is gone (§10.10)", async () => {
    const options = { affinity: true, credit: 50 };
    const given = await work(transmitter, "J", options);
    const { sender, worker, channel } = given;
    const other = await colleague(transmitter, given, options);
    for (const key of upTo(10).map(String))
      sender.send([
        { channel, key },
        { channel, key },
      ]);
    await sender.confirm(20, "accepted");
    const held = await drained(worker);
    expect(held.length).to.be.greaterThan(0);
    await drained(other);

    worker.close();

    const moved = await other.deliveries.take(held.length);
    expect(new Set(moved.map(({ key }) => key))).to.deep.equal(new Set(held.map(({ key }) => key)));
  });
});

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}
