import { expect } from "chai";

import type { BenchCell, PackedEvent } from "./bench-cell.js";
import { answersMax, AskBook, type Ask } from "../../transmitter/src/core/events/ask-book.js";
import type { Asks } from "../../transmitter/src/core/events/asks.js";
import { Answers } from "../../transmitter/src/core/events/answers.js";
import type { CellRecord } from "../../transmitter/src/core/cells/cells.js";
import type { Effect } from "../../transmitter/src/core/effects.js";
import { refusalOf } from "../protocol/refusal.js";
import { CoreBench } from "./core-bench.js";
import { SiteNet } from "./sites/site-net.js";

const timeoutMs = 3_600_000;
const events = (count: number, ask: object): PackedEvent[] => {
  return Array.from({ length: count }, () => ({ channel: "a", extras: { ask } as never }));
};
const answers = (cell: BenchCell): Record<string, unknown>[] => {
  return cell.take("ANSR").flatMap(({ fields }) => {
    return (fields["answers"] as Record<string, unknown>[] | undefined) ?? [fields];
  });
};

/** So many cells that multicatch `a`, and keep nothing of what they hear. */
function listeners(bench: CoreBench, count: number): void {
  for (let left = count; left > 0; left--) {
    const cell = bench.cell("listener", { encoding: "M" });
    cell.catch("a", "multi");
    cell.beating = false;
  }
}

describe("transmitter core: open asks", () => {
  it("are bounded for each cell: what is beyond is BUSY, and goes nowhere (§12.7)", () => {
    const bench = new CoreBench({ backlogEventsMax: 1_000_000 });
    const worker = bench.cell("worker", { encoding: "M" });
    worker.catch("a", "any", { credit: 1 });
    const asker = bench.cell("asker", { encoding: "M" });
    for (let left = answersMax; left > 0; left -= 8192) asker.sendRun(events(8192, { timeoutMs }));
    expect(answers(asker)).to.deep.equal([]);
    asker.take();

    const first = asker.sendRun(events(2, { timeoutMs }));

    const refused = {
      state: "error",
      code: "BUSY",
      message: `a cell waits for ${answersMax} answers at most`,
    };
    expect(answers(asker)).to.deep.equal([
      { seq: first, ...refused },
      { seq: first + 1, ...refused },
    ]);
    expect(asker.confirms()).to.deep.equal([
      `1-${answersMax} accepted 1`,
      `${first}-${first + 1} accepted 0`,
      `${first}-${first + 1} handled`,
    ]);
    expect(bench.core.counters.values.asksRefused).to.equal(2);
    const other = bench.cell("asker");
    other.send("a", { ask: { timeoutMs } });
    expect(other.take("ANSR")).to.deep.equal([]);

    worker.settle(worker.takeOne("DLVR"), "ack", { result: [0, Buffer.alloc(1)] });
    asker.take();
    asker.sendRun(events(2, { timeoutMs }));
    expect(answers(asker).map(({ state }) => state)).to.deep.equal(["error"]);
  });

  it("count each cell that a gather expects, until it has replied or is gone (§12.7)", () => {
    const book = new AskBook();
    const ask = (seq: number, expected = new Map()): Ask => ({
      ...{ asker: "asker", sender: "asker", seq, ref: undefined, dueMs: 1 },
      ...{ terms: { timeoutMs, gather: true } as Ask["terms"], expected, awaited: new Set() },
    });
    for (let seq = 1; seq <= 65; seq++) {
      const gather = ask(seq);
      book.add(gather);
      for (let n = 0; n < 1000; n++) book.expect(gather, { id: `cell ${n}`, service: "w" });
    }
    expect(book.isFull("asker")).to.equal(false);
    const last = ask(66);
    book.add(last);
    for (let n = 0; n < 1000; n++) book.expect(last, { id: `cell ${n}`, service: "w" });

    expect(book.isFull("asker")).to.equal(true);
    for (let n = 0; n < 600; n++) book.unexpect(last, `cell ${n}`);
    expect(book.isFull("asker")).to.equal(false);
    for (const each of book.asksOf("asker")) book.delete(each);
    expect(book).to.deep.equal(new AskBook());
  });

  it("cost nobody an answer, whatever the cells that gathers of one turn expect (§12.6)", () => {
    const bench = new CoreBench();
    listeners(bench, 1000);
    const asker = bench.cell("asker", { encoding: "M" });
    const other = bench.cell("other", { encoding: "M" });

    bench.turn(() => {
      asker.sendRun(events(6, { timeoutMs, gather: true }));
      other.sendRun([{ channel: "$mesh.status", data: {}, extras: { ask: { timeoutMs } } }]);
    });

    const told = answers(asker).map(({ cells }) => (cells as unknown[]).length);
    expect(told).to.deep.equal([1000, 1000, 1000, 1000, 1000, 1000]);
    expect(answers(other).map(({ state }) => state)).to.deep.equal(["result"]);
  });

  it("expect more cells of a gather than one value may name, here and elsewhere (§12.5)", () => {
    const net = new SiteNet(2);
    const [near, far] = net.benches as [CoreBench, CoreBench];
    listeners(far, 5100);
    const asker = near.cell("asker", { encoding: "M" });
    net.pass(100);

    asker.sendRun(events(1, { timeoutMs, gather: true }));

    const told = answers(asker);
    expect(told.map(({ state }) => state)).to.deep.equal(["expect", "expect"]);
    const ids = told.flatMap(({ cells }) => (cells as { id: string }[]).map(({ id }) => id));
    expect(new Set(ids).size).to.equal(5100);
    expect(far.core.counters.values.internalErrors).to.equal(0);
  });

  it("cost nobody an answer, though that of another cell is one that cannot be told", () => {
    const bench = new CoreBench();
    for (const name of ["bad", "good"]) bench.cell(name, { encoding: "M" });
    const { attachments } = bench.core as unknown as { attachments: { all: CellRecord[] } };
    const [bad, good] = [...attachments.all] as [CellRecord, CellRecord];
    const effects: Effect[] = [];
    const told = new Answers(() => effects);
    told.add(bad, { message: "\ud83d" }, 0);
    told.add(good, { message: "good" }, 0);

    expect(refusalOf(() => told.flush()).code).to.equal("BAD_PAYLOAD");
    const sent = effects.map((effect) => effect.kind === "send" && effect.connection);
    expect(sent).to.deep.equal([good.connection]);
  });

  it("cost a farewell nothing that do not concern it (§12.5)", () => {
    const bench = new CoreBench();
    const worker = bench.cell("worker", { encoding: "M" });
    worker.catch("a", "multi");
    const asker = bench.cell("asker", { encoding: "M" });
    asker.sendRun(events(1000, { timeoutMs, gather: true }));
    const stranger = bench.cell("stranger");
    const { intake } = bench.core as unknown as { intake: { parts: { asks: Asks } } };
    const { asks } = intake.parts;
    const { book } = asks as unknown as { book: AskBook };
    let looks = 0;
    Object.defineProperty(book, "all", { get: () => (looks++, []) });

    stranger.say("GBYE");
    expect(looks).to.equal(0);
    expect(asks.count).to.equal(1000);

    asker.take();
    worker.say("GBYE");
    expect(
      answers(asker)
        .map(({ state }) => state)
        .slice(0, 2),
    ).to.deep.equal(["gone", "end"]);
    expect(asks.count).to.equal(0);
  });
});
