import { expect } from "chai";

import { ask, asking, lettersOf } from "./asking.js";
import type { BenchCell } from "./bench-cell.js";
import { CoreBench, transmitterId } from "./core-bench.js";

describe("transmitter core: system requests", () => {
  it("are answered and confirmed, with nothing matched (§14)", () => {
    const { asker } = asking();

    const { fields } = ask(asker, "$mesh.status");

    expect(fields).to.deep.include({
      state: "result",
      from: { id: transmitterId, service: "transmitter" },
    });
    expect(fields["data"]).to.include({
      id: transmitterId,
      mesh: "bench",
      cells: 2,
      state: "running",
    });
    expect(asker.confirms()).to.deep.equal(["1 accepted 0", "1 handled"]);
  });

  for (const [channel, data, keys] of [
    [
      "$mesh.status",
      null,
      "id version mesh uptimeMs command pub pid rssBytes cells services groups streams backlog deadLetters state",
    ],
    ["$mesh.transmitters", null, "id command pub state sinceMs uptimeMs cells version"],
    [
      "$mesh.cells",
      { service: "worker" },
      "id service state encoding session sinceMs catches held sent delivered missed repaired gone errors",
    ],
    ["$mesh.services", null, "service cells groups streams"],
    [
      "$mesh.groups",
      { service: "worker" },
      "service pattern members backlog backlogBytes oldestMs held credit delivered acked nacked redelivered dead",
    ],
    ["$mesh.patterns", null, "pattern mode cells events"],
    ["$mesh.explain", { channel: "a" }, "channel matched streams groups others"],
    ["$mesh.prometheus", null, "text"],
    [
      "$mesh.dead.list",
      { service: "worker", limit: 5 },
      "letter service pattern channel from seq reason attempts atMs",
    ],
    [
      "$mesh.dead.show",
      { letter: 1 },
      "letter service pattern channel from seq reason attempts atMs data",
    ],
  ] as const) {
    it(`${channel} has its fields (§14)`, () => {
      const { asker } = asking();

      const result = ask(asker, channel, data).fields["data"];

      const row = Array.isArray(result) ? result[0] : result;
      expect(Object.keys(row as object)).to.include.members(keys.split(" "));
    });
  }

  it("say that the transmitter is alive, and since when, of all or of one (§14.5)", () => {
    const { bench, asker } = asking();
    bench.pass(2000);

    for (const data of [null, { transmitter: transmitterId }]) {
      const rows = ask(asker, "$mesh.transmitters", data).fields["data"] as object[];
      expect(rows).to.have.length(1);
      expect(rows[0]).to.include({ state: "alive", sinceMs: 2000, uptimeMs: 2000 });
    }
  });

  it("give the counters as numbers (§14)", () => {
    const { asker } = asking();

    const counters = ask(asker, "$mesh.metrics").fields["data"] as Record<string, unknown>;

    expect(counters["eventsAccepted"]).to.be.greaterThan(0);
  });

  it("explain who gets an event, and why others do not (§14)", () => {
    const { asker, worker } = asking();

    const { data } = ask(asker, "$mesh.explain", { channel: "b" }).fields;

    expect(data).to.deep.include({ channel: "b", matched: 0, streams: [], groups: [] });
    const { others } = data as { others: { pattern: string; why: string }[] };
    expect(others).to.have.length(1);
    const { groups } = ask(asker, "$mesh.explain", { channel: "a" }).fields["data"] as {
      groups: { members: { id: string; free: number; why: string }[] }[];
    };
    expect(groups[0]?.members[0]).to.include({ id: worker.id, free: 1 });
  });

  it("refuse what is not in the table, and what lacks its data (§14)", () => {
    const { asker } = asking();

    expect(ask(asker, "$mesh.frob").fields).to.include({ state: "error", code: "UNKNOWN_REQUEST" });
    expect(ask(asker, "$other").fields).to.include({ state: "error", code: "UNKNOWN_REQUEST" });
    expect(ask(asker, "$mesh.explain", {}).fields).to.include({ code: "BAD_CHANNEL" });
    expect(ask(asker, "$mesh.dead.show", { letter: 99 }).fields).to.include({ code: "NOT_FOUND" });
    expect(ask(asker, "$mesh.dead.show", {}).fields).to.include({ code: "BAD_PAYLOAD" });
  });

  it("are no channel for a cell's events (§4.3)", () => {
    const { asker } = asking();

    asker.send("$mesh.status");

    expect(asker.takeOne("ERRO").fields["code"]).to.equal("DENIED");
  });

  it("redrive dead letters as repeats, and drop them (§14)", () => {
    const { asker, worker } = asking();

    expect(ask(asker, "$mesh.dead.redrive", { letter: 1 }).fields["data"]).to.deep.equal({
      count: 1,
    });
    const again = worker.takeOne("DLVR");
    expect(again.fields).to.include({ repeat: true, data: 1 });
    worker.settle(again, "reject");

    expect(ask(asker, "$mesh.dead.drop", { service: "worker" }).fields["data"]).to.deep.equal({
      count: 1,
    });
    expect(ask(asker, "$mesh.dead.list").fields["data"]).to.deep.equal([]);
  });

  it("list the newest dead letters that fit, however long, and all of them in pages (§14.3)", () => {
    const { asker } = burying(300);

    const newest = lettersOf(asker, {});
    const pages = [0, 100, 200, 300].map((offset) => lettersOf(asker, { offset, limit: 100 }));

    expect(newest).to.deep.equal(numbers(51, 300));
    expect(pages).to.deep.equal([numbers(1, 100), numbers(101, 200), numbers(201, 300), []]);
    expect(lettersOf(asker, { limit: 3 })).to.deep.equal([298, 299, 300]);
    expect(lettersOf(asker, { offset: 298 })).to.deep.equal([299, 300]);
  });

  it("redrive dead letters to a group that has no cells, for 30 s (§10.8)", () => {
    const { bench, asker, worker } = asking();
    worker.say("GBYE");
    const redrive = (): unknown => {
      return ask(asker, "$mesh.dead.redrive", { service: "worker" }).fields["data"];
    };
    expect(redrive()).to.deep.equal({ count: 1 });
    bench.pass(29_999);
    const other = bench.cell("worker");
    other.catch("a", "any");
    other.settle(other.takeOne("DLVR"), "reject");
    other.say("GBYE");

    expect(redrive()).to.deep.equal({ count: 1 });
    bench.pass(30_000);
    expect(ask(asker, "$mesh.groups").fields["data"]).to.deep.equal([]);
    const [letter] = ask(asker, "$mesh.dead.list").fields["data"] as Record<string, unknown>[];
    expect(letter).to.include({ reason: "no cell came back" });
  });
});

describe("transmitter core: system events", () => {
  it("tell of cells that come and go (§13)", () => {
    const bench = new CoreBench();
    const watch = bench.cell("watch");
    const { topic } = watch.catch("$mesh.cell.*", "multi");

    const cell = bench.cell("x");
    cell.say("GBYE");

    const told = bench
      .stream(topic)
      .map(({ fields }) => [fields["channel"], fields["data"], fields["from"]]);
    const data = { id: cell.id, service: "x" };
    expect(told.map(([channel]) => channel)).to.deep.equal([
      "$mesh.cell.joined",
      "$mesh.cell.left",
    ]);
    expect(told[0]?.[1]).to.deep.equal(data);
    expect(told[1]?.[1]).to.deep.equal(data);
  });

  it("reach groups too, in the turn in which they happen (§13)", () => {
    const bench = new CoreBench();
    const watch = bench.cell("watch");
    watch.catch("$mesh.dead.*", "any", { credit: 9 });
    const sender = bench.cell("sender", { encoding: "M" });
    const worker = bench.cell("worker");
    worker.catch("a", "any");
    watch.take();

    sender.sendRun([{ channel: "a", data: Number.NaN }]);

    expect(watch.takeOne("DLVR").fields["channel"]).to.equal("$mesh.dead.worker");
  });

  it("match no wildcard (§4.3)", () => {
    const bench = new CoreBench();
    const { topic } = bench.cell("watch").catch("**", "multi");

    bench.cell("x");

    expect(bench.stream(topic)).to.deep.equal([]);
  });
});

describe("transmitter core: drain", () => {
  it("is asked for by a cell, and told to all (§9.6, §14)", () => {
    const { bench, asker, worker } = asking();
    const { topic } = worker.catch("$mesh.transmitter.draining", "multi");
    expect(ask(asker, "$mesh.drain").fields["data"]).to.deep.equal({ accepted: true });
    bench.pass(50);
    expect(bench.drainRequested).to.equal(true);

    bench.turn(() => bench.core.drain(bench.nowMs));

    expect(worker.takeOne("GBYE").fields["reason"]).to.equal("draining");
    expect(bench.stream(topic)).to.have.length(1);
  });

  it("takes no more events and cells, without offence, and ends when all is settled (§9.6)", () => {
    const { bench, asker, worker } = asking();
    asker.send("a", { data: 2 });
    const delivery = worker.takeOne("DLVR");
    asker.take();
    bench.turn(() => bench.core.drain(bench.nowMs));

    for (let n = 0; n < 30; n++) asker.send("a", { data: 3 });
    const stranger = bench.stranger();
    stranger.say("HELO", { id: "9".repeat(40), service: "x" });
    expect(stranger.takeOne("ERRO").fields).to.include({ code: "DRAINING", command: "HELO" });
    const errors = asker.take("ERRO");
    expect(errors).to.have.length(30);
    expect(errors[0]?.fields).to.include({ code: "DRAINING", command: "EVNT" });
    expect(bench.rest?.unconfirmed).to.equal(undefined);

    worker.settle(delivery);
    bench.pass(250);
    expect(asker.confirms()).to.deep.equal(["1 handled"]);
    expect(bench.rest?.unconfirmed).to.equal(0);
    expect(bench.core.state).to.equal("stopped");
  });

  it("ends after 10 s at the latest, and says how many events are left (§9.6)", () => {
    const { bench, asker, worker } = asking();
    asker.send("a");
    worker.take();

    bench.turn(() => bench.core.drain(bench.nowMs));
    bench.pass(9999);
    expect(bench.rest?.unconfirmed).to.equal(undefined);
    bench.pass(1);

    expect(bench.rest?.unconfirmed).to.equal(1);
  });
});

/** A bench with so many dead letters, each as long as they come. */
function burying(count: number): { asker: BenchCell } {
  const bench = new CoreBench();
  const name = `${"x".repeat(64)}.${"y".repeat(64)}.${"z".repeat(64)}.${"w".repeat(60)}`;
  const worker = bench.cell("w".repeat(64));
  worker.catch(name, "any", { credit: count });
  const sender = bench.cell("s".repeat(64));
  for (let n = 0; n < count; n++) {
    sender.send(name);
    worker.settle(worker.takeOne("DLVR"), "reject", { reason: "€".repeat(1024) });
  }
  return { asker: bench.cell("asker") };
}

/** From the first one to the last one. */
function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
