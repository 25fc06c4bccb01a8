import { expect } from "chai";

import { type Encoding, type Fields } from "./frames.js";
import { encodings, fresh } from "./names.js";
import { RawCell, type Streamed } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";

describe("transmitter conformance: streams", () => {
  const transmitter = sharedTransmitter();
  const attach = (encoding: Encoding): Promise<RawCell> =>
    RawCell.attach(transmitter, { encoding });

  for (const encoding of encodings) {
    it(`arms a cell in ${encoding} by a mark with the next number (§8.4)`, async () => {
      const cell = await attach(encoding);
      const channel = fresh();
      cell.send([{ channel }, { channel }]);
      const { topic, next } = await cell.catch(channel, "multi");
      expect(next).to.equal(1);

      cell.subscribe(`${topic as string} `);

      const mark = await cell.streamed.next();
      expect(mark).to.deep.include({
        topic,
        command: "MARK",
        number: 1,
        count: 0,
        fields: { last: 0 },
      });
    });

    it(`marks anew for each subscription in ${encoding}, with what was sent counted (§8.4)`, async () => {
      const first = await attach(encoding);
      const channel = fresh();
      const { topic } = await first.listen(channel);
      const seq = first.send([{ channel }, { channel }, { channel }]);
      await first.confirm(seq + 2, "handled");

      const second = await attach(encoding);
      const caught = await second.catch(channel, "multi");
      expect(caught).to.include({ topic, next: 4 });
      second.subscribe(`${topic} `);

      const mark = await second.streamed.next();
      expect(mark).to.include({ command: "MARK", number: 4, count: 0 });
      expect(mark.fields).to.deep.equal({ last: 3 });
    });

    it(`numbers events without a hole, in the order of their sender, in ${encoding} (§8.2, §8.9)`, async () => {
      const cell = await attach(encoding);
      const sender = await attach(encoding);
      const channel = fresh();
      const { topic } = await cell.listen(`${channel}.*`);

      for (let n = 0; n < 20; n++) {
        sender.send([
          { channel: `${channel}.a`, data: n },
          { channel: `${channel}.b`, data: n },
          { channel: fresh(), data: n },
        ]);
      }

      const heard = await cell.streamed.take(40, (one) => one.topic === topic);
      expect(heard.map(({ number }) => number)).to.deep.equal(upTo(40));
      const seqs = heard.map(({ event }) => event?.seq);
      expect(seqs).to.deep.equal(upTo(60).filter((seq) => seq % 3 !== 0));
    });

    it(`tells all of an event to a cell in ${encoding} (§7.1, §8.6)`, async () => {
      const cell = await attach(encoding);
      const channel = fresh();
      const event = { channel, data: { n: 1 }, headers: { trace: "4bf9" }, key: "k" };
      await cell.listen(channel);

      for (const other of encodings) {
        const sender = await attach(other);
        const from = { id: sender.id, service: sender.service };
        sender.send(event, { floor: 1 });
        const heard = await cell.streamed.next();
        const expected = { ...event, from, sender: sender.id, seq: 1, floor: 1 };
        expect(heard.event).to.deep.include(expected);
      }
    });

    it(`gives a cell in ${encoding} its own events too (§8.8)`, async () => {
      const cell = await attach(encoding);
      const channel = fresh();
      await cell.listen(channel);

      cell.send({ channel });

      expect((await cell.streamed.next()).event?.from.id).to.equal(cell.id);
    });

    it(`keeps topic and numbering of a stream in ${encoding} that is caught again soon (§8.7)`, async () => {
      const cell = await attach(encoding);
      const channel = fresh();
      const { topic, catch: number } = await cell.listen(channel);
      cell.say("DROP", { catch: number });
      cell.unsubscribe(`${topic} `);
      const seq = cell.send([{ channel }, { channel }]);
      await cell.confirm(seq + 1, "handled");

      expect(await cell.catch(channel, "multi")).to.include({ topic, next: 3 });
    });
  }

  it("has one stream for a pattern and encoding, with numbers of its own (§8.1)", async () => {
    const channel = fresh();
    const json = await attach("J");
    const packed = await attach("M");
    const also = await attach("J");
    const { topic: inJ } = await json.listen(channel);
    packed.send({ channel });
    await packed.confirm(1, "handled");
    const { topic: inM, next } = await packed.listen(channel);

    expect(inM).to.not.equal(inJ);
    expect(next).to.equal(1);
    expect((await also.catch(channel, "multi"))["topic"]).to.equal(inJ);
    expect((await also.catch(`${channel}.**`, "multi"))["topic"]).to.not.equal(inJ);
  });

  it("sends a run on as it came, in one message of that count (§8.3)", async () => {
    const cell = await attach("M");
    const sender = await attach("M");
    const channel = fresh();
    await cell.listen(channel);

    sender.send([{ channel }, { channel }, { channel }]);

    expect((await cell.streamed.take(3)).map(({ count }) => count)).to.deep.equal([3, 3, 3]);
  });

  it("cuts a run to what matches, with the numbers that the events have (§7.2, §7.5)", async () => {
    const cell = await attach("M");
    const sender = await attach("M");
    const channel = fresh();
    const { topic } = await cell.listen(channel);
    const other = fresh();

    sender.send([{ channel: other }, { channel }, { channel: other }, { channel }]);

    const heard = await cell.streamed.take(2);
    expect(heard.map(({ number, event }) => [number, event?.seq])).to.deep.equal([
      [1, 2],
      [2, 4],
    ]);
    expect(heard[0]?.topic).to.equal(topic);
  });

  it("admits only the exact topics that it gave out (§8.1)", async () => {
    const channel = fresh();
    const owner = await attach("J");
    const { topic } = await owner.listen(channel);
    const thief = await attach("J");
    for (const guess of ["", topic, topic.slice(0, 4), `${topic} 1`, "s-", "p-"])
      thief.subscribe(guess);
    await thief.listen(fresh());

    owner.send({ channel });
    await owner.streamed.next();
    await thief.roundTrip();

    expect(thief.streamed.takeAll((one) => one.topic === topic)).to.deep.equal([]);
  });

  it("lets the confirms of a sender wait a moment for a reader that says that it lags, no longer (§8.10)", async () => {
    const reader = await attach("J");
    const sender = await attach("J");
    const channel = fresh();
    const { catch: number } = await reader.listen(channel);
    reader.beating = false;
    reader.say("BEAT", { streams: [[number, 0]] });
    await reader.roundTrip();

    for (let n = 1; n <= 1500; n++) sender.send({ channel });
    await reader.streamed.take(1500);
    const startMs = performance.now();

    await sender.confirm(1500, "handled");
    expect(performance.now() - startMs).to.be.below(1500);
  });

  it("publishes nothing on the presence topic (§9.2)", async () => {
    const cell = await attach("J");
    const channel = fresh();
    await cell.listen(channel);
    await cell.beats.take(3);

    cell.send({ channel });
    await cell.streamed.next();

    expect(cell.streamed.takeAll()).to.deep.equal([]);
  });
});

/** What a value of MessagePack becomes for a cell in J; `undefined` where JSON cannot say it. */
const transcoded: readonly (readonly [name: string, sent: Fields, got: Fields | undefined])[] = [
  ["a timestamp", { data: new Date(86_400_000) }, { data: "1970-01-02T00:00:00.000Z" }],
  ["binary inside", { data: { b: Buffer.of(1, 2) } }, { data: { b: "AQI=" } }],
  ["bytes", { raw: Buffer.of(255) }, { bytes: "/w==" }],
  ["a map", { data: { deep: [1, null, true, "é"] } }, { data: { deep: [1, null, true, "é"] } }],
  ["NaN", { data: Number.NaN }, undefined],
  ["an infinity", { data: [Number.NEGATIVE_INFINITY] }, undefined],
  ["an integer beyond 2^53", { data: 2n ** 60n }, undefined],
];

describe("transmitter conformance: transcoding", () => {
  const transmitter = sharedTransmitter();

  for (const [name, sent, got] of transcoded) {
    it(`brings ${name} from M to a stream in J as it must (§6.4)`, async () => {
      const cell = await RawCell.attach(transmitter);
      const sender = await RawCell.attach(transmitter, { encoding: "M" });
      const channel = fresh();
      await cell.listen(channel);

      sender.send([
        { channel, ...sent },
        { channel, data: "after" },
      ]);

      const [first, second] = (await cell.streamed.take(2)) as [Streamed, Streamed];
      expect([first.number, second.number]).to.deep.equal([1, 2]);
      expect(second.event?.data).to.equal("after");
      if (got !== undefined) expect(first.event).to.deep.include(got);
      else {
        expect(first.command).to.equal("ERRO");
        const error = { code: "BAD_PAYLOAD", command: "EVNT", channel, seq: 1 };
        expect(first.fields).to.include(error);
      }
    });

    it(`brings ${name} from M to a delivery in J, or to the dead letters (§6.4)`, async () => {
      const cell = await RawCell.attach(transmitter);
      const sender = await RawCell.attach(transmitter, { encoding: "M" });
      const channel = fresh();
      await cell.catch(channel, "any", { credit: 5 });

      const seq = sender.send([
        { channel, ...sent },
        { channel, data: "after" },
      ]);

      if (got !== undefined) expect(await cell.deliveries.next()).to.deep.include(got);
      else await sender.confirm(seq, "handled");
      expect((await cell.deliveries.next()).data).to.equal("after");
    });
  }

  it("carries JSON to a cell in M as the text that JSON.stringify writes, and bytes as bytes (§6.3)", async () => {
    const cell = await RawCell.attach(transmitter, { encoding: "M" });
    const sender = await RawCell.attach(transmitter);
    const channel = fresh();
    await cell.listen(channel);

    sender.sayParts(
      `J EVNT { "channel":"${channel}", "seq":1, "data": { "b" : [1, 2.0], "a":"\\u00e9" } }`,
    );
    sender.say("EVNT", { channel, seq: 2, bytes: "AP8=" });
    sender.say("EVNT", { channel, seq: 3 });

    const heard = await cell.streamed.take(3);
    expect(heard.map(({ event }) => event?.bytes ?? event?.data)).to.deep.equal([
      { b: [1, 2], a: "é" },
      "AP8=",
      null,
    ]);
  });
});

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
