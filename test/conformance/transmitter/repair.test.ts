import { expect } from "chai";

import type { Encoding, Heard } from "./frames.js";
import { encodings, fresh } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";

const kib = 1024;

describe("transmitter conformance: repair", () => {
  const transmitter = sharedTransmitter("--ring", "2MiB");

  for (const encoding of encodings) {
    it(`brings events again in ${encoding}, in order, until done (§8.5)`, async () => {
      const { cell, number, channel } = await listening(encoding);
      const seq = cell.send(upTo(10).map((data) => ({ channel, data })));
      await cell.confirm(seq + 9, "handled");
      const before = (await cell.streamed.take(10)).map(({ event }) => event);

      cell.say("MISS", { catch: number, first: 3, count: 4 });

      const parts = await repair(cell);
      const events = parts.flatMap(({ fields, events: all }) =>
        all.map((event, index) => ({ number: (fields["first"] as number) + index, event })),
      );
      for (const wanted of [3, 4, 5, 6]) {
        const found = events.find((one) => one.number === wanted);
        expect(found?.event.seq).to.equal(before[wanted - 1]?.seq);
        expect(found?.event.data).to.equal(wanted);
      }
      expect(events.map((one) => one.number)).to.deep.equal(
        events.map((_, i) => (events[0]?.number ?? 0) + i),
      );
    });

    it(`says what is gone in ${encoding}, and brings the rest, 1 MiB for each MISS (§8.5)`, async () => {
      const { cell, number, channel } = await listening(encoding);
      const data = "x".repeat(400 * kib);
      for (let n = 0; n < 8; n++) cell.send({ channel, data });
      await cell.confirm(8, "handled");

      cell.say("MISS", { catch: number, first: 1, count: 8 });

      const [gone, ...first] = await repair(cell);
      expect(gone?.fields).to.include({ catch: number, first: 1, gone: true, done: false });
      const count = gone?.fields["count"] as number;
      expect(count).to.be.within(2, 6);
      expect(first.map(({ fields }) => fields["first"])).to.deep.equal([count + 1, count + 2]);
      cell.say("MISS", { catch: number, first: count + 3, count: 6 - count });
      const rest = await repair(cell);
      expect(rest.map(({ fields }) => fields["first"])).to.include(count + 3);
      expect(rest.every(({ fields }) => fields["gone"] !== true)).to.equal(true);
    });

    it(`says in ${encoding} that all is gone, and that this is all (§8.5)`, async () => {
      const { cell, number, channel } = await listening(encoding);
      const last = cell.send({ channel });
      await cell.confirm(last, "handled");
      await flood(cell);

      cell.say("MISS", { catch: number, first: 1, count: 1 });

      const [gone] = await repair(cell);
      expect(gone?.fields).to.include({ first: 1, count: 1, gone: true, done: true });
    });

    it(`leaves out in ${encoding} what was not published yet (§15)`, async () => {
      const { cell, number, channel } = await listening(encoding);
      const seq = cell.send({ channel });
      await cell.confirm(seq, "handled");

      cell.say("MISS", { catch: number, first: 1, count: 1000 });
      const parts = await repair(cell);
      expect(parts.flatMap(({ events }) => events)).to.have.length(1);
      cell.say("MISS", { catch: number, first: 2, count: 3 });
      const [nothing] = await repair(cell);

      expect(nothing?.events).to.have.length(0);
      expect(nothing?.fields["gone"]).to.not.equal(true);
    });

    it(`names the last number in beats in ${encoding} until the cell's own beat covers it (§8.5)`, async () => {
      const { cell, number, channel } = await listening(encoding);
      cell.beating = false;
      const seq = cell.send([{ channel }, { channel }]);
      await cell.confirm(seq + 1, "handled");

      for (let n = 0; n < 2; n++) {
        const beat = await cell.beats.next(({ streams }) => streams !== undefined);
        expect(beat["streams"]).to.deep.equal([[number, 2]]);
      }
      cell.say("BEAT", { streams: [[number, 2]] });
      await cell.roundTrip();
      cell.beats.takeAll();
      const [one, two] = await cell.beats.take(2);

      expect([one?.["streams"] ?? [], two?.["streams"] ?? []]).to.deep.equal([[], []]);
    });
  }

  it("brings the error again that stands in the place of an event (§6.4, §8.5)", async () => {
    const { cell, number, channel } = await listening("J");
    const sender = await RawCell.attach(transmitter, { encoding: "M" });
    const seq = sender.send({ channel, data: Number.NaN });
    await sender.confirm(seq, "handled");

    cell.say("MISS", { catch: number, first: 1, count: 1 });

    const [part] = await repair(cell);
    expect(part?.fields).to.include({ first: 1, count: 1, done: true, code: "BAD_PAYLOAD" });
  });

  for (const encoding of encodings) {
    it(`brings an event of 1 MiB in ${encoding} again (§6.1, §8.5)`, async () => {
      const { cell, number, channel } = await listening(encoding);
      const data = "x".repeat(1024 * kib - 5);
      const seq = cell.send({ channel, data });
      await cell.confirm(seq, "handled");
      expect((await cell.streamed.next()).event?.data).to.equal(data);

      cell.say("MISS", { catch: number, first: 1, count: 1 });
      const [part] = await repair(cell);

      expect(part?.fields).to.include({ first: 1, count: 1, done: true });
      expect(part?.events[0]?.data).to.equal(data);
    });
  }

  it("refuses a MISS of too many, of none, and of no multicatch (§5.7, §15)", async () => {
    const { cell, number, channel } = await listening("J");
    const { catch: any } = await cell.catch(channel, "any");
    for (const [fields, code] of [
      [{ catch: number, first: 1, count: 1_000_001 }, "BAD_PAYLOAD"],
      [{ catch: number, first: 1, count: 0 }, "BAD_PAYLOAD"],
      [{ catch: number, first: 0, count: 1 }, "BAD_PAYLOAD"],
      [{ catch: any, first: 1, count: 1 }, "UNKNOWN_CATCH"],
      [{ catch: 9999, first: 1, count: 1 }, "UNKNOWN_CATCH"],
    ] as const) {
      cell.say("MISS", fields);
      expect(await cell.error(), JSON.stringify(fields)).to.include({ code, command: "MISS" });
    }
  });

  async function listening(
    encoding: Encoding,
  ): Promise<{ cell: RawCell; number: number; channel: string }> {
    const cell = await RawCell.attach(transmitter, { encoding });
    const channel = fresh();
    const { catch: number } = await cell.listen(channel);
    return { cell, number, channel };
  }

  /** Pushes everything out of the ring by another stream. */
  async function flood(cell: RawCell): Promise<void> {
    const other = fresh();
    await cell.catch(other, "multi");
    let seq = 0;
    for (let n = 0; n < 8; n++) seq = cell.send({ channel: other, data: "x".repeat(400 * kib) });
    await cell.confirm(seq, "handled");
  }
});

/** All parts of the answer to one MISS. */
async function repair(cell: RawCell): Promise<Heard[]> {
  const parts: Heard[] = [];
  for (;;) {
    const part = await cell.command("RPAR");
    parts.push(part);
    if (part.fields["done"] === true) return parts;
    if (part.fields["done"] !== false) throw new Error("done must stand in every RPAR");
  }
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
