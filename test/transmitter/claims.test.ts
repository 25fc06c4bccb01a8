import { expect } from "chai";

import { Claims } from "../../transmitter/src/core/groups/claims.js";
import type { CellRecord } from "../../transmitter/src/core/cells/cells.js";
import type { BenchCell } from "./bench-cell.js";
import { CoreBench } from "./core-bench.js";

/*
 * Goal:   what cells claim costs what they are, and ends with them.
 * Method: cells claim again and again, and leave; what is kept is counted.
 */

const minute = 60_000;
const senderId = "5".repeat(40);
const range = (first: number, last = first): unknown[] => [senderId, first, last];

interface Inside {
  readonly attachments: { cellOf(id: string): CellRecord | undefined };
  readonly groups: { find(service: string, pattern: string): { claims: Claims | undefined } };
}

const inside = (bench: CoreBench): Inside => bench.core as unknown as Inside;
const heldHere = (bench: CoreBench): unknown[] => {
  return [...inside(bench).groups.find("w", "a").claims!.allHeldHere()];
};
const settledOf = (bench: CoreBench): unknown[] => {
  const { claims } = inside(bench).groups.find("w", "a");
  return (claims?.allSettled() ?? []).map(({ sender }) => sender);
};
const claim = (cell: BenchCell, held: unknown[], settled: unknown[] = []): void => {
  cell.say("HELO", { id: cell.id, service: "w", claims: [{ pattern: "a", held, settled }] });
};

describe("transmitter core: what is kept of claims", () => {
  it("is what a cell has said last of a pattern (§10.9)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("w");

    for (let n = 1; n <= 5; n++) claim(cell, [range(n)]);

    expect([...(inside(bench).attachments.cellOf(cell.id)?.claims.values() ?? [])]).to.deep.equal([
      { pattern: "a", held: [{ sender: senderId, first: 5, last: 5 }], settled: [] },
    ]);
    expect(heldHere(bench)).to.deep.equal([[cell.id, [{ sender: senderId, first: 5, last: 5 }]]]);
  });

  for (const isCaught of [false, true]) {
    it(`ends with the cell, ${isCaught ? "caught" : "not caught"} (§10.9)`, () => {
      const bench = new CoreBench();
      bench.cell("w").catch("a", "any", { credit: 0 });
      const cells = [bench.cell("w"), bench.cell("w"), bench.cell("w")] as const;
      for (const [at, cell] of cells.entries()) {
        claim(cell, [range(at + 1)], [range(at + 10)]);
        if (isCaught) cell.catch("a", "any");
      }
      const [leaver, dead, stays] = cells;

      leaver.say("GBYE");
      dead.beating = false;
      bench.core.unreachable(dead.connection, bench.nowMs);
      bench.pass(3000);

      expect(heldHere(bench)).to.deep.equal([
        [stays.id, [{ sender: senderId, first: 3, last: 3 }]],
      ]);
      // What is settled stays so, whoever said it.
      expect(inside(bench).groups.find("w", "a").claims!.allSettled()).to.deep.equal([
        { sender: senderId, first: 10, last: 12 },
      ]);
    });
  }

  it("is bounded for one attachment (§10.9)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("w", { encoding: "M" });
    const codes = Array.from({ length: 14 }, (_, n) => {
      const settled = Array.from({ length: 10_000 }, (_row, at) => range(20_000 * n + 2 * at + 1));
      claim(cell, [], settled);
      return cell.take("WLCM", "ERRO").map(({ command, fields }) => fields["code"] ?? command);
    });

    expect(codes.flat()).to.deep.equal([...Array.from({ length: 13 }, () => "WLCM"), "TOO_LARGE"]);
    expect(inside(bench).groups.find("w", "a").claims!.allSettled()).to.have.length(130_000);
  });

  it("is forgotten 10 min after it was said last, of each sender by itself", () => {
    const bench = new CoreBench();
    const cell = bench.cell("w");
    cell.catch("a", "any", { credit: 0 });
    const other = "6".repeat(40);
    bench.pass(minute);
    claim(cell, [], [range(1)]);
    bench.pass(9 * minute);
    claim(cell, [], [range(2), [other, 1, 1]]);

    bench.pass(9 * minute);
    claim(cell, [], [[other, 2, 2]]);
    expect(settledOf(bench)).to.deep.equal([senderId, other]);
    bench.pass(minute + 2000);
    expect(settledOf(bench)).to.deep.equal([other]);
    bench.pass(9 * minute);
    expect(settledOf(bench)).to.deep.equal([]);
  });

  it("is forgotten, too, where something of another sender is held back all the time", () => {
    const bench = new CoreBench();
    bench.cell("w").catch("a", "any", { credit: 0 });
    claim(bench.cell("w"), [], [range(1)]);
    const sender = bench.cell("sender", { session: 2 });
    bench.pass(1500);
    for (let seq = 1; seq <= 11 * 6; seq++) {
      sender.send("a", { seq, repeat: true });
      bench.pass(10_000);
    }

    expect(settledOf(bench)).to.deep.equal([]);
  });

  it("is kept for an event that is held back, for as long as it is", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 2 });
    claim(bench.cell("w"), [], [[sender.id, 9, 9]]);
    bench.pass(1000);
    // Nobody has said yet whether its group takes what is repeated.
    sender.send("a", { seq: 1, repeat: true });

    for (let n = 0; n < 40; n++) {
      claim(bench.cell("w"), []);
      bench.pass(20_000);
    }

    expect(settledOf(bench)).to.deep.equal([sender.id]);
  });

  it("is nothing below the floor of its sender", () => {
    const bench = new CoreBench();
    const cell = bench.cell("w");
    cell.catch("a", "any", { credit: 0 });
    const sender = bench.cell("sender");
    sender.send("a", { seq: 8, floor: 8 });

    claim(cell, [[sender.id, 2, 3]], [[sender.id, 5, 9]]);
    bench.pass(2000);

    expect(inside(bench).groups.find("w", "a").claims!.allSettled()).to.deep.equal([
      { sender: sender.id, first: 8, last: 9 },
    ]);
    expect(heldHere(bench)).to.deep.equal([[cell.id, []]]);
  });

  it("is found by the sender: claims of other senders' events are not looked at", () => {
    const claims = new Claims();
    let looks = 0;
    for (let at = 0; at < 100; at++) {
      const held = [{ sender: senderId, first: at + 1, last: at + 1 }];
      claims.add(`cell ${at}`, { held, settled: [] }, undefined);
    }
    const { heldBy } = claims as unknown as { heldBy: Map<string, object> };
    const get = heldBy.get.bind(heldBy);
    heldBy.get = (cell) => (looks++, get(cell));

    expect(claims.holderOf("6".repeat(40), 7)).to.equal(undefined);
    expect(looks).to.equal(0);
    expect(claims.holderOf(senderId, 7)).to.deep.equal({ cell: "cell 6", site: undefined });
    claims.add("cell 6", { held: [], settled: [] }, undefined);
    expect(claims.holderOf(senderId, 7)).to.equal(undefined);
  });
});
