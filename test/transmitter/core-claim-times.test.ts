import { expect } from "chai";

import type { BenchCell } from "./bench-cell.js";
import { CoreBench } from "./core-bench.js";

describe("transmitter core: the time for claims", () => {
  it("is 1 s from the loss of the cell with the event, not of another one with the same run", () => {
    const { bench, other, back, names } = sharedRun();
    const first = back(0);
    first.catch("a", "any", { credit: 1 });
    expect(names(first)).to.deep.equal([[1, true]]);
    bench.pass(985);
    const second = back(1);
    bench.pass(50);
    second.catch("a", "any", { credit: 1 });

    expect(names(second)).to.deep.equal([[2, true]]);
    bench.pass(1000);
    expect(names(other)).to.deep.equal([]);
  });

  it("is not put off by another cell with the same run, however often that comes anew (§10.9)", () => {
    const { bench, other, back, names } = sharedRun();
    back(0, false);
    for (let n = 0; n < 2; n++) {
      bench.pass(600);
      const second = back(1);
      second.catch("a", "any", { credit: 1 });
      expect(names(second)).to.deep.equal([[2, true]]);
    }

    expect(names(other)).to.deep.equal([[1, undefined]]);
  });
});

/** A run of two events, each at a cell of its own, and a third cell that has room for both. */
function sharedRun() {
  const bench = new CoreBench();
  const sender = bench.cell("sender", { encoding: "M" });
  const cells = [bench.cell("worker"), bench.cell("worker")];
  for (const cell of cells) cell.catch("a", "any", { credit: 1 });
  sender.sendRun([{ channel: "a" }, { channel: "a" }]);
  const seqs = cells.map((cell) => cell.takeOne("DLVR").fields["seq"]);
  if (seqs[0] === 2) cells.reverse();
  const other = bench.cell("worker");
  other.catch("a", "any", { credit: 5 });
  return {
    ...{ bench, other },
    /** One of the cells is attached anew. */
    back: (at: number, isClaiming = true): BenchCell => {
      const { id, welcome } = cells[at] as BenchCell;
      const again = bench.stranger();
      const held = isClaiming ? [[sender.id, at + 1, at + 1]] : [];
      again.hello({
        ...{ id, service: "worker", secret: welcome["secret"] as string },
        session: (welcome["session"] as number) + 1,
        claims: [{ pattern: "a", held, settled: [] }],
      });
      cells[at] = again;
      return again;
    },
    names: (cell: BenchCell): unknown[] => {
      return cell.take("DLVR").map(({ fields }) => [fields["seq"], fields["claimed"]]);
    },
  };
}
