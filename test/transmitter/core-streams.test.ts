import { expect } from "chai";

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
});
