import { expect } from "chai";

import type { BenchCell } from "./bench-cell.js";
import { CoreBench } from "./core-bench.js";

describe("transmitter core: streams", () => {
  it("arm by a mark with the next number, after the subscription (§8.4)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("greeter");
    const { topic, next } = cell.catch("hello.*", "multi");
    expect(next).to.equal(1);
    expect(bench.published).to.deep.equal([]);

    expect(bench.subscribe(`${topic} `)).to.equal(true);

    const [mark] = bench.stream(topic);
    expect(mark).to.include({ command: "MARK", encoding: "J", first: 1, count: 0 });
    expect(mark?.fields).to.deep.equal({ last: 0 });
  });

  it("admit their exact topic only (§8.1)", () => {
    const bench = new CoreBench();
    const { topic } = bench.cell("greeter").catch("hello.*", "multi");

    for (const wrong of ["", " ", topic, `${topic}`.slice(0, 5), `${topic}  `, `${topic} x`]) {
      expect(bench.subscribe(String(wrong)), String(wrong)).to.equal(false);
    }
    expect(bench.core.counters.values.subscriptionsRefused).to.equal(6);
  });

  it("number each event, one message each in J, with all its fields (§8.3, §8.6)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const { topic } = bench.cell("greeter").catch("hello.*", "multi");

    sender.send("hello.world", { data: { n: 1 }, headers: { a: "b" }, key: "k", floor: 1 });
    sender.send("hello.you", { bytes: "AA==", data: undefined });
    sender.send("other");

    const [one, two, ...rest] = bench.stream(topic);
    expect(rest).to.deep.equal([]);
    expect(one).to.include({ command: "EVNT", first: 1, count: 1 });
    expect(one?.fields).to.deep.include({
      channel: "hello.world",
      data: { n: 1 },
      from: { id: sender.id, service: "sender" },
      seq: 1,
      floor: 1,
      headers: { a: "b" },
      key: "k",
    });
    expect(one?.fields["thid"]).to.match(/^[0-9a-f]{40}$/);
    expect(one?.fields).to.not.have.property("sender");
    expect(two).to.include({ first: 2, count: 1 });
    expect(two?.fields).to.include({ channel: "hello.you", bytes: "AA==" });
  });

  it("carry a run as it came in M, and cut what does not match (§7.5, §8.3)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const { topic } = bench.cell("greeter", { encoding: "M" }).catch("a.*", "multi");

    sender.sendRun([{ channel: "a.x" }, { channel: "a.y" }]);
    sender.sendRun([{ channel: "a.x" }, { channel: "b" }, { channel: "a.z" }]);

    const [whole, sliced] = bench.stream(topic);
    expect(whole).to.include({ first: 1, count: 2, encoding: "M" });
    expect(sliced).to.include({ first: 3, count: 2 });
    const run = sliced?.run;
    expect([run?.seqAt(0), run?.seqAt(1)]).to.deep.equal([3, 5]);
    expect([run?.channelAt(0), run?.channelAt(1)]).to.deep.equal(["a.x", "a.z"]);
  });

  it("are numbered by themselves for each encoding, and transcoded between them (§6.4, §8.1)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const { topic: inJ } = bench.cell("j").catch("a", "multi");
    const { topic: inM } = bench.cell("m", { encoding: "M" }).catch("a", "multi");

    sender.sendRun([
      { channel: "a", data: new Date(0) },
      { channel: "a", data: { b: Buffer.of(1) } },
    ]);

    expect(bench.stream(inM).map(({ first, count }) => [first, count])).to.deep.equal([[1, 2]]);
    const json = bench.stream(inJ);
    expect(json.map(({ first, count }) => [first, count])).to.deep.equal([
      [1, 1],
      [2, 1],
    ]);
    expect(json.map(({ fields }) => fields["data"])).to.deep.equal([
      "1970-01-01T00:00:00.000Z",
      { b: "AQ==" },
    ]);
  });

  it("say an error in the place of what JSON cannot say (§6.4)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { encoding: "M" });
    const cell = bench.cell("j");
    const { topic, catch: number } = cell.catch("a", "multi");

    sender.sendRun([
      { channel: "a", data: Number.NaN },
      { channel: "a", data: 2 },
    ]);

    const [error, event] = bench.stream(topic);
    expect(error).to.include({ command: "ERRO", first: 1, count: 1 });
    expect(error?.fields).to.include({
      code: "BAD_PAYLOAD",
      command: "EVNT",
      channel: "a",
      seq: 1,
    });
    expect(event?.fields["data"]).to.equal(2);

    cell.say("MISS", { catch: number, first: 1, count: 2 });
    const again = cell.take("RPAR").map(({ fields }) => fields["code"] ?? fields["data"]);
    expect(again).to.deep.equal(["BAD_PAYLOAD", 2]);
  });

  it("are the same again within 30 s, and numbered on meanwhile (§8.7)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const first = bench.cell("greeter");
    const { topic, catch: number } = first.catch("a", "multi");
    first.say("DROP", { catch: number });
    first.take("DRPD");
    sender.send("a");
    bench.pass(29_000);

    const again = first.catch("a", "multi");
    expect(again).to.include({ topic, next: 2 });

    first.say("DROP", { catch: again["catch"] });
    bench.pass(30_001);
    expect(first.catch("a", "multi")).to.include({ next: 1 }).and.not.include({ topic });
  });

  it("give a cell its own events (§8.8)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("greeter");
    const { topic } = cell.catch("a", "multi");

    cell.send("a");

    expect(bench.stream(topic)).to.have.length(1);
    expect(cell.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });
});

describe("transmitter core: repair", () => {
  it("sends lost events again, in order, and says where the answer ends (§8.5)", () => {
    const { bench, cell, number, topic } = listening("J");
    const sender = bench.cell("sender");
    for (let n = 1; n <= 4; n++) sender.send("a", { data: n });

    cell.say("MISS", { catch: number, first: 2, count: 2 });

    const repairs = cell.take("RPAR").map(({ fields }) => fields);
    expect(repairs.map(({ first, count, done }) => [first, count, done])).to.deep.equal([
      [2, 1, false],
      [3, 1, true],
    ]);
    const { fields } = bench.stream(topic)[1] ?? { fields: {} };
    expect(repairs[0]).to.deep.include(fields);
  });

  it("sends whole runs again in M (§5.5)", () => {
    const { bench, cell, number } = listening("M");
    const sender = bench.cell("sender", { encoding: "M" });
    sender.sendRun([
      { channel: "a", data: 1 },
      { channel: "a", data: 2 },
    ]);
    sender.sendRun([{ channel: "a", data: 3 }]);

    cell.say("MISS", { catch: number, first: 2, count: 1 });

    const repair = cell.takeOne("RPAR");
    expect(repair.fields).to.include({ catch: number, first: 1, count: 2, done: true });
    expect(repair.run?.count).to.equal(2);
  });

  it("says what is gone (§8.5)", () => {
    const { bench, cell, number } = listening("J", { ringBytesMax: 1000 });
    const sender = bench.cell("sender");
    for (let n = 1; n <= 10; n++) sender.send("a", { data: "x".repeat(100) });

    cell.say("MISS", { catch: number, first: 1, count: 10 });

    const [gone, ...rest] = cell.take("RPAR").map(({ fields }) => fields);
    expect(gone).to.include({ catch: number, first: 1, gone: true, done: false });
    expect(gone?.["count"]).to.be.within(1, 9);
    expect(rest.map(({ first }) => first)).to.deep.equal(
      Array.from(
        { length: 10 - (gone?.["count"] as number) },
        (_, i) => (gone?.["count"] as number) + 1 + i,
      ),
    );
    expect(rest[rest.length - 1]?.["done"]).to.equal(true);
  });

  it("leaves out what was not published yet, and answers all the same (§15)", () => {
    const { bench, cell, number } = listening("J");
    bench.cell("sender").send("a");

    cell.say("MISS", { catch: number, first: 2, count: 5 });

    expect(cell.takeOne("RPAR").fields).to.include({ catch: number, count: 0, done: true });
  });

  it("brings at most 1 MiB for one MISS, and an event of 1 MiB at once (§8.5)", () => {
    const { bench, cell, number } = listening("J");
    const sender = bench.cell("sender");
    const largest = "x".repeat(1_048_574);
    sender.send("a", { data: largest });
    for (let n = 0; n < 4; n++) sender.send("a", { data: "x".repeat(400_000) });
    expect(sender.take("ERRO")).to.deep.equal([]);

    cell.say("MISS", { catch: number, first: 1, count: 5 });
    const [first] = cell.take("RPAR").map(({ fields }) => fields);
    expect(first).to.include({ first: 1, done: true, data: largest });

    cell.say("MISS", { catch: number, first: 2, count: 4 });
    const rest = cell.take("RPAR").map(({ fields }) => [fields["first"], fields["done"]]);
    expect(rest).to.deep.equal([
      [2, false],
      [3, true],
    ]);
  });

  it("refuses a MISS of too many, of none, and of no multicatch (§15)", () => {
    const { cell, number } = listening("J");
    const { catch: any } = cell.catch("a", "any");

    cell.say("MISS", { catch: number, first: 1, count: 1_000_001 });
    cell.say("MISS", { catch: number, first: 0, count: 1 });
    cell.say("MISS", { catch: any, first: 1, count: 1 });
    cell.say("MISS", { catch: 99, first: 1, count: 1 });

    const codes = cell.take("ERRO").map(({ fields }) => fields["code"]);
    expect(codes).to.deep.equal(["BAD_PAYLOAD", "BAD_PAYLOAD", "UNKNOWN_CATCH", "UNKNOWN_CATCH"]);
  });

  it("names the last number in each beat until the cell has read it (§8.5)", () => {
    const { bench, cell, number } = listening("J");
    bench.cell("sender").send("a");

    bench.pass(500);
    const beats = cell.take("BEAT").map(({ fields }) => fields["streams"]);
    expect(beats).to.deep.equal([[[number, 1]], [[number, 1]]]);

    cell.say("BEAT", { streams: [[number, 1]] });
    bench.pass(500);
    expect(cell.take("BEAT")).to.deep.equal([]);
  });

  it("are found by their pattern: a catch does not look at all others", () => {
    const bench = new CoreBench();
    const [cell, other] = [bench.cell("s"), bench.cell("s", { encoding: "M" })];
    cell.catch("a", "multi");
    let looks = 0;
    const { streams } = bench.core as unknown as { streams: object };
    Object.defineProperty(streams, "all", { get: () => (looks++, []) });

    cell.catch("b", "multi");
    other.catch("b", "multi");
    other.say("GBYE");

    expect(looks).to.equal(0);
  });

  it("tells others that a cell is slow, at most once a second (§13)", () => {
    const { bench, cell, number } = listening("J");
    const { topic } = bench.cell("watch").catch("$mesh.cell.slow", "multi");
    bench.cell("sender").send("a");

    cell.say("MISS", { catch: number, first: 1, count: 1 });
    cell.say("MISS", { catch: number, first: 1, count: 1 });

    const told = bench.stream(topic).map(({ fields }) => fields["data"]);
    expect(told).to.deep.equal([
      { id: cell.id, service: "greeter", pattern: "a", missed: 1, gone: 0 },
    ]);
  });
});

function listening(
  encoding: "J" | "M",
  limits: ConstructorParameters<typeof CoreBench>[0] = {},
): { bench: CoreBench; cell: BenchCell; number: unknown; topic: unknown } {
  const bench = new CoreBench(limits);
  const cell = bench.cell("greeter", { encoding });
  const { catch: number, topic } = cell.catch("a", "multi");
  return { bench, cell, number, topic };
}
