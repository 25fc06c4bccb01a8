import { expect } from "chai";

import type { Fields } from "./frames.js";
import { encodings, fresh } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";
import { work } from "./work.js";

/** The requests of §14, with data that they take, and the fields of their result or of its rows. */
const table: readonly (readonly [channel: string, fields: string])[] = [
  [
    "$mesh.status",
    "id version mesh uptimeMs command pub pid rssBytes cells services groups streams backlog deadLetters state",
  ],
  ["$mesh.transmitters", "id command pub state sinceMs uptimeMs cells version"],
  [
    "$mesh.cells",
    "id service state encoding session sinceMs catches held sent delivered missed repaired gone errors",
  ],
  ["$mesh.services", "service cells groups streams"],
  [
    "$mesh.groups",
    "service pattern members backlog backlogBytes oldestMs held credit delivered acked nacked redelivered dead",
  ],
  ["$mesh.patterns", "pattern mode cells events"],
  ["$mesh.explain", "channel matched streams groups others"],
  ["$mesh.prometheus", "text"],
  ["$mesh.dead.list", "letter service pattern channel from seq reason attempts atMs"],
  ["$mesh.dead.show", "letter service pattern channel from seq reason attempts atMs data"],
];

describe("transmitter conformance: system requests", () => {
  const transmitter = sharedTransmitter();

  for (const encoding of encodings) {
    for (const [channel, fields] of table) {
      it(`${channel} is answered in ${encoding} with its fields (§14)`, async () => {
        const { asker, service, letter, caught } = await deadLetter();
        const cell = encoding === "J" ? asker : await RawCell.attach(transmitter, { encoding });
        const data = channel === "$mesh.explain" ? { channel: caught } : { service, letter };

        const { seq, answer } = await request(cell, channel, data);

        const from = { id: transmitter.id, service: "transmitter" };
        expect(answer).to.deep.include({ state: "result", from });
        const result = answer["data"];
        const row = Array.isArray(result) ? (result as unknown[])[0] : result;
        expect(Object.keys(row as Fields)).to.include.members(fields.split(" "));
        expect((await cell.confirm(seq, "accepted")).matched).to.equal(0);
        await cell.confirm(seq, "handled");
      });
    }
  }

  it("$mesh.metrics maps counters to numbers (§14)", async () => {
    const { answer } = await request(await RawCell.attach(transmitter), "$mesh.metrics");

    const values = Object.values(answer["data"] as Fields);
    expect(values.length).to.be.greaterThan(5);
    for (const value of values) expect(value).to.be.a("number");
  });

  it("$mesh.explain says who gets an event now, and why others do not (§14)", async () => {
    const { worker, channel, number } = await work(transmitter, "J", { credit: 0 });
    const { topic } = await worker.listen(channel);
    await worker.catch(`${channel}.x`, "any");
    expect(topic).to.be.a("string");

    const { answer } = await request(worker, "$mesh.explain", { channel });

    const data = answer["data"] as Fields;
    const cell = { id: worker.id, service: worker.service };
    expect(data).to.deep.include({ channel, matched: 2 });
    const place = { transmitter: transmitter.id, way: "local" };
    expect(data["streams"]).to.deep.equal([
      { pattern: channel, encoding: "J", cells: [cell], ...place },
    ]);
    const [group] = data["groups"] as { members: Fields[] }[];
    expect(group?.members[0]).to.include({ id: worker.id, free: 0 });
    expect(group?.members[0]?.["why"]).to.be.a("string");
    const others = data["others"] as { pattern: string }[];
    expect(others.map(({ pattern }) => pattern)).to.include(`${channel}.x`);
    expect(number).to.be.a("number");
  });

  it("$mesh.dead.redrive gives letters to their group again, as repeats (§14)", async () => {
    const { asker, worker, letter } = await deadLetter();

    const { answer } = await request(asker, "$mesh.dead.redrive", { letter });

    expect(answer["data"]).to.deep.equal({ count: 1 });
    expect(await worker.deliveries.next()).to.include({ repeat: true, data: 1 });
    const { answer: gone } = await request(asker, "$mesh.dead.show", { letter });
    expect(gone).to.include({ state: "error", code: "NOT_FOUND" });
  });

  it("$mesh.dead.drop forgets the letters of a service (§14)", async () => {
    const { asker, service } = await deadLetter();

    const { answer } = await request(asker, "$mesh.dead.drop", { service });
    expect(answer["data"]).to.deep.equal({ count: 1 });

    const { answer: list } = await request(asker, "$mesh.dead.list", { service });
    expect(list["data"]).to.deep.equal([]);
  });

  for (const [channel, data, code] of [
    ["$mesh.frob", null, "UNKNOWN_REQUEST"],
    ["$mesh.status.more", null, "UNKNOWN_REQUEST"],
    ["$mesh", null, "UNKNOWN_REQUEST"],
    ["$foo.bar", null, "UNKNOWN_REQUEST"],
    ["$mesh.explain", {}, "BAD_CHANNEL"],
    ["$mesh.dead.show", { letter: 999_999 }, "NOT_FOUND"],
    ["$mesh.dead.show", { letter: "1" }, "BAD_PAYLOAD"],
    ["$mesh.dead.drop", {}, "BAD_PAYLOAD"],
    ["$mesh.dead.drop", { service: 3 }, "BAD_SERVICE"],
    ["$mesh.cells", { service: 3 }, "BAD_SERVICE"],
    ["$mesh.cells", { transmitter: 3 }, "BAD_ID"],
    ["$mesh.metrics", { all: 1 }, "BAD_PAYLOAD"],
    ["$mesh.cells", 3, "BAD_PAYLOAD"],
    ["$mesh.cells", "x", "BAD_PAYLOAD"],
  ] as const) {
    for (const encoding of encodings) {
      const name = `${channel} with ${JSON.stringify(data)}`;
      it(`${name} is answered by ${code} in ${encoding} (§14)`, async () => {
        const cell = await RawCell.attach(transmitter, { encoding });

        const { seq, answer } = await request(cell, channel, data);

        expect(answer).to.include({ state: "error", code });
        expect((await cell.confirm(seq, "accepted")).matched).to.equal(0);
        await cell.confirm(seq, "handled");
      });
    }
  }

  /** A service with one dead letter. */
  async function deadLetter() {
    const { sender, worker, channel } = await work(transmitter, "J", { credit: 5 });
    const seq = sender.send({ channel, data: 1 });
    worker.settle(await worker.deliveries.next(), "reject", { reason: "bad" });
    await sender.confirm(seq, "handled");
    const { service } = worker;
    const { answer } = await request(sender, "$mesh.dead.list", { service });
    const [row] = answer["data"] as { letter: number }[];
    return { asker: sender, worker, service, caught: channel, letter: row?.letter };
  }
});

describe("transmitter conformance: system events", () => {
  const transmitter = sharedTransmitter();

  it("tell who joined and who left, from the transmitter's own sender (§13)", async () => {
    const watch = await RawCell.attach(transmitter);
    await watch.listen("$mesh.cell.*");
    const service = fresh();

    const cell = await RawCell.attach(transmitter, { service });
    cell.say("GBYE");

    const data = { id: cell.id, service };
    for (const name of ["joined", "left"]) {
      const { event } = await watch.streamed.next((one) => of(one.event?.data, cell.id));
      expect(event).to.deep.include({ channel: `$mesh.cell.${name}`, data });
      expect(event?.sender).to.not.equal(cell.id);
    }
  });

  it("tell who is suspect, alive again, and dead (§9.1, §13)", async () => {
    const watch = await RawCell.attach(transmitter);
    await watch.listen("$mesh.cell.**");
    const cell = await RawCell.attach(transmitter);
    await watch.streamed.next((one) => of(one.event?.data, cell.id));

    cell.beating = false;
    for (const name of ["suspect", "alive", "dead"]) {
      const { event } = await watch.streamed.next((one) => of(one.event?.data, cell.id));
      expect(event?.channel).to.equal(`$mesh.cell.${name}`);
      expect((event?.data as Fields)["why"]).to.be.a("string");
      if (name === "suspect") cell.say("BEAT");
      else cell.close();
    }
  });

  it("tell which cell is slow (§13)", async () => {
    const watch = await RawCell.attach(transmitter);
    await watch.listen("$mesh.cell.slow");
    const cell = await RawCell.attach(transmitter);
    const pattern = fresh();
    const { catch: number } = await cell.listen(pattern);
    cell.send({ channel: pattern });

    cell.say("MISS", { catch: number, first: 1, count: 1 });

    const { event } = await watch.streamed.next();
    const data = { id: cell.id, service: cell.service, pattern, missed: 1, gone: 0 };
    expect(event?.data).to.deep.equal(data);
  });

  it("go to groups that catch them, and to no wildcard (§4.3, §13)", async () => {
    const watch = await RawCell.attach(transmitter);
    await watch.listen("**");
    await watch.catch("$mesh.cell.joined", "any", { credit: 100 });
    const cell = await RawCell.attach(transmitter);

    const delivery = await watch.deliveries.next((one) => of(one.data, cell.id));

    expect(delivery.channel).to.equal("$mesh.cell.joined");
    await watch.roundTrip();
    expect(watch.streamed.takeAll()).to.deep.equal([]);
  });
});

async function request(cell: RawCell, channel: string, data: unknown = null) {
  const seq = cell.send({ channel, data, ask: { timeoutMs: 5000 } });
  return { seq, answer: await cell.answer(seq) };
}

function of(data: unknown, id: string): boolean {
  return (data as Fields | undefined)?.["id"] === id;
}
