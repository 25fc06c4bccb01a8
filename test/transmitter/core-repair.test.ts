import { expect } from "chai";

import type { BenchCell } from "./bench-cell.js";
import { CoreBench } from "./core-bench.js";

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

  it("refuses a beat with a wrong row whole, and minds no catch that there is none of (§5.7)", () => {
    const { bench, cell, number } = listening("J");
    bench.cell("sender").send("a");
    const wrong = [["x", 1], [-1, 1], [1], [1, -1], [1, 1.5], [1, "9"], [], {}, 3];

    for (const row of wrong) cell.say("BEAT", { streams: [[number, 1], row] });
    const codes = cell.take("ERRO").map(({ fields }) => fields["code"]);
    expect(codes).to.deep.equal(wrong.map(() => "BAD_PAYLOAD"));
    bench.pass(250);
    expect(cell.take("BEAT").map(({ fields }) => fields["streams"])).to.deep.equal([[[number, 1]]]);

    cell.say("BEAT", {
      streams: [
        [99, 1],
        [number, 1],
      ],
    });
    bench.pass(250);
    expect(cell.take()).to.deep.equal([]);
  });

  for (const encoding of ["J", "M"] as const) {
    it(`is done once a turn for a catch in ${encoding}, however often it is asked for (§8.5)`, () => {
      const { bench, cell, number } = listening(encoding);
      const { catch: another } = cell.catch("*", "multi");
      const sender = bench.cell("sender");
      for (let n = 0; n < 3; n++) sender.send("a");

      bench.turn(() => {
        for (let n = 0; n < 200; n++) cell.say("MISS", { catch: number, first: 1, count: 3 });
        cell.say("MISS", { catch: another, first: 1, count: 1 });
      });

      const answers = cell.take("RPAR").map(({ fields }) => fields);
      const empty = answers.filter(({ count }) => count === 0);
      expect(empty).to.have.length(199);
      expect(empty[0]).to.deep.equal({ catch: number, first: 1, count: 0, done: true });
      const brought = answers.filter(({ count }) => count === 1);
      expect(brought.map((answer) => [answer["catch"], answer["first"]])).to.deep.equal([
        [number, 1],
        [number, 2],
        [number, 3],
        [another, 1],
      ]);
      cell.say("MISS", { catch: number, first: 1, count: 3 });
      expect(cell.take("RPAR")).to.have.length(3);
    });
  }

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
