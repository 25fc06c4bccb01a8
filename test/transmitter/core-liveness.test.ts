import { expect } from "chai";

import type { BenchCell } from "./bench-cell.js";
import { readHeard } from "./bench-heard.js";
import { CoreBench } from "./core-bench.js";
import { die, working } from "./core-work.js";

describe("transmitter core: liveness", () => {
  it("beats every 250 ms (§9.1)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("x");
    let beats = 0;
    cell.hear = () => beats++;

    bench.pass(1000);

    expect(beats).to.equal(4);
  });

  it("names the transmitters in a beat when others have come or gone (§9.8)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("x");
    const named: unknown[] = [];
    cell.hear = (part) => named.push(readHeard(part).fields["transmitters"]);
    const [one, two] = bench.transmitters;

    bench.pass(500);
    bench.transmitters = [one!, two!, "tcp://three:1"];
    bench.pass(500);
    bench.transmitters = [one!];
    bench.pass(500);

    const all = [[one, two], [one, two, "tcp://three:1"], [one]];
    expect(named).to.deep.equal(all.flatMap((list) => [list, undefined]));
  });

  it("beats with the heartbeat of the mesh where that comes soon before, and 250 ms later again", () => {
    for (const [joinedMs, beatMs] of [
      [150, 151],
      [100, 250],
    ] as const) {
      const bench = new CoreBench();
      bench.cell("x");
      const { core, nowMs: beganMs } = bench;
      const beatsMs: number[] = [];
      for (let ms = 0; ms <= beatMs + 250; ms++) {
        if (ms === joinedMs) core.join({ seedCount: 0, prove: () => "" }, beganMs + ms);
        if (ms > joinedMs) core.tick(beganMs + ms);
        const effects = core.takeEffects(beganMs + ms);
        if (effects.some(({ kind }) => kind === "send")) beatsMs.push(ms);
      }

      expect(beatsMs).to.deep.equal([beatMs, beatMs + 250]);
    }
  });

  it("gives a silent cell nothing new after 1 s, leaves it what it has, and trusts it when it is heard (§9.1)", () => {
    const { bench, sender, worker } = working({ credit: 2 });
    const { topic } = bench.cell("watch").catch("$mesh.cell.*", "multi");
    sender.send("a");
    worker.take("DLVR");
    worker.beating = false;
    bench.pass(1500);

    sender.send("a");
    expect(worker.take("DLVR", "BACK")).to.have.length(0);
    worker.say("BEAT");
    expect(worker.takeOne("DLVR").fields["seq"]).to.equal(2);

    const told = bench.stream(topic).map(({ fields }) => fields);
    expect(told.map(({ channel }) => channel)).to.deep.equal([
      "$mesh.cell.suspect",
      "$mesh.cell.alive",
    ]);
    expect(told[0]?.["data"]).to.include({ id: worker.id, service: "worker" });
  });

  it("never declares a cell dead for silence alone (§9.3)", () => {
    const { bench, worker } = working();
    worker.beating = false;

    bench.pass(60_000);

    worker.say("BEAT");
    expect(worker.take("ERRO")).to.have.length(0);
  });

  it("finds a frozen cell dead at once: silent, and its presence ended (§9.3)", () => {
    const { bench, worker, other } = silent();
    bench.pass(1500);
    expect(other.take("DLVR")).to.have.length(0);

    unsubscribe(bench, worker);

    expect(other.take("DLVR")).to.have.length(1);
  });

  it("finds a frozen cell dead as soon as it is silent, if its presence ended before (§9.3)", () => {
    const { bench, worker, other } = silent();
    bench.pass(500);
    unsubscribe(bench, worker);
    expect(other.take("DLVR")).to.have.length(0);

    // Before the second that its other connection would have.
    bench.pass(800);

    expect(other.take("DLVR")).to.have.length(1);
  });

  it("gives the work of a dead cell to others at once, and tells of it (§9.3)", () => {
    const { bench, sender, worker } = working({ credit: 2 });
    const { topic } = bench.cell("watch").catch("$mesh.cell.dead", "multi");
    sender.send("a");
    sender.send("a");
    worker.take("DLVR");
    const other = bench.cell("worker");
    other.catch("a", "any", { credit: 2 });

    die(bench, worker);

    const deliveries = other.take("DLVR").map(({ fields }) => fields);
    expect(deliveries.map(({ seq, attempt, repeat }) => [seq, attempt, repeat])).to.deep.equal([
      [1, 2, true],
      [2, 2, true],
    ]);
    const [told] = bench.stream(topic);
    expect(told?.fields["data"]).to.include({ id: worker.id, service: "worker" });
  });

  it("counts an attempt for what a dead cell could have begun only (§10.5)", () => {
    const { bench, sender, worker } = working({ credit: 3, concurrency: 1, attemptsMax: 1 });
    for (let n = 0; n < 3; n++) sender.send("a");
    worker.take("DLVR");
    const other = bench.cell("worker");
    other.catch("a", "any", { credit: 3, attemptsMax: 1 });

    die(bench, worker);

    expect(other.take("DLVR").map(({ fields }) => fields["seq"])).to.deep.equal([2, 3]);
    expect(bench.core.counters.values.deadLetters).to.equal(1);
  });

  it("waits 1 s for the other half of a connection of which one is gone (§9.3)", () => {
    const { bench, sender, worker } = working();
    sender.send("a");
    worker.take("DLVR");
    const other = bench.cell("worker");
    other.catch("a", "any");
    subscribe(bench, worker);
    unsubscribe(bench, worker);
    expect(bench.probed).to.deep.equal([worker.connection]);
    bench.pass(900);
    subscribe(bench, worker);
    bench.pass(5000);
    expect(other.take("DLVR")).to.have.length(0);

    unsubscribe(bench, worker);
    bench.pass(1251);
    expect(other.take("DLVR")).to.have.length(1);
    worker.say("BEAT");
    expect(worker.takeOne("ERRO").fields["code"]).to.equal("NOT_WELCOME");
  });

  it("finds a cell without presence dead after 1 s (§9.2)", () => {
    const { bench, sender, worker } = working();
    sender.send("a");
    const other = bench.cell("worker");
    other.catch("a", "any");

    bench.turn(() => bench.core.unreachable(worker.connection, bench.nowMs));
    bench.pass(700);
    expect(other.take("DLVR")).to.have.length(0);
    bench.pass(551);

    expect(other.take("DLVR")).to.have.length(1);
  });

  it("lets an id in again once its cell is dead", () => {
    const bench = new CoreBench();
    const cell = bench.cell("x");
    die(bench, cell);

    expect(bench.cell("x", { id: cell.id }).welcome["id"]).to.be.a("string");
  });

  it("gives cells the time that it was away itself", () => {
    const { bench, sender, worker } = working({ credit: 2 });
    bench.nowMs += 5000;

    bench.pass(0);
    sender.send("a");

    expect(worker.take("DLVR")).to.have.length(1);
  });

  it("gives nothing back twice when a cell dies that has said farewell (§9.5)", () => {
    const { bench, sender, worker } = working();
    const other = bench.cell("worker");
    other.catch("a", "any", { credit: 9 });
    sender.send("a");
    sender.send("b");
    const held = worker.take("DLVR").length + other.take("DLVR").length;
    worker.say("GBYE");
    const moved = other.take("DLVR").map(({ fields }) => fields["attempt"]);

    bench.turn(() => bench.core.unreachable(worker.connection, bench.nowMs));
    bench.pass(2000);

    expect(held + moved.length).to.be.within(1, 2);
    expect(other.take("DLVR")).to.have.length(0);
  });
});

/** A cell that holds a delivery, is present, and falls silent; and another one of its group. */
function silent() {
  const { bench, sender, worker } = working();
  sender.send("a");
  worker.take("DLVR");
  const other = bench.cell("worker");
  other.catch("a", "any");
  subscribe(bench, worker);
  worker.beating = false;
  return { bench, worker, other };
}

function subscribe(bench: CoreBench, cell: BenchCell): void {
  expect(bench.subscribe(`${cell.welcome["presence"] as string} `)).to.equal(true);
}

function unsubscribe(bench: CoreBench, cell: BenchCell): void {
  bench.unsubscribe(`${cell.welcome["presence"] as string} `);
}
