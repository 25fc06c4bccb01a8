import { expect } from "chai";

import { MeshRecord } from "../../../transmitter/src/core/mesh/mesh-record.js";
import { noLinks } from "../../../transmitter/src/core/sites/links.js";
import type { BenchCell } from "../bench-cell.js";
import { CoreBench } from "../core-bench.js";

/*
 * Goal:   what cells catch has always room in the record of their transmitter, or is refused.
 * Method: a transmitter alone, whose record holds 64 KiB; patterns of 250 characters.
 */

const recordBytes = 64 * 1024;
const longOf = (name: string): string => `${`${"x".repeat(60)}.`.repeat(4)}${name}`;
const claimsOf = (name: string, count: number): object[] =>
  Array.from({ length: count }, (_, at) => {
    return { pattern: longOf(`${name}${at}`), held: [], settled: [] };
  });

interface Stand {
  readonly bench: CoreBench;
  readonly record: MeshRecord;
}

function stand(catchesMax?: number): Stand {
  const bench = new CoreBench(catchesMax === undefined ? {} : { catchesMax });
  const record = new MeshRecord("f".repeat(40), 7, recordBytes);
  bench.core.sites.join({
    ...noLinks,
    hasRoom: (room, part) => record.hasRoom(room, part),
    set: (key, value) => record.set(key, value),
  });
  return { bench, record };
}

/** Catches until that is refused; returns how many were granted, and the code of the refusal. */
function fill(cell: BenchCell, wish: object, name: string): [count: number, code: unknown] {
  for (let count = 0; ; count++) {
    cell.say("CTCH", { ...wish, pattern: longOf(`${name}${count}`) });
    const [refused] = cell.take("ERRO");
    if (refused !== undefined) return [count, refused.fields["code"]];
  }
}

describe("transmitter core: room to tell others what cells catch", () => {
  for (const mode of ["multi", "any"]) {
    it(`is refused as BUSY when it is full of catches (${mode}), and left to cells (§18.3)`, () => {
      const { bench, record } = stand();
      const cell = bench.cell("s");

      const [count, code] = fill(cell, { mode }, "p");

      expect(code).to.equal("BUSY");
      expect(count).to.be.within(80, 120);
      expect(record.entries(mode === "multi" ? "s " : "g ")).to.have.length(count);
      const other = bench.cell("other");
      expect(other.welcome).to.have.property("id");
      // What others know of already costs nothing.
      expect(cell.catch(longOf("p0"), mode as "multi" | "any")).to.have.property("catch");
      expect(bench.core.counters.values.interestUntold).to.equal(0);
    });
  }

  it("ends for cells too, before anything is changed (§18.3)", () => {
    const { bench, record } = stand();
    fill(bench.cell("s"), { mode: "multi" }, "p");
    const cells = Array.from({ length: 200 }, () => bench.cell("more"));
    const refused = cells.filter(({ welcome }) => welcome["id"] === undefined);

    expect(refused).to.not.have.length(0);
    expect(refused[0]?.takeOne("ERRO").fields).to.include({ code: "BUSY", command: "HELO" });
    expect(record.entries("c ")).to.have.length(201 - refused.length);
    refused[0]?.say("CTCH", { pattern: "a", mode: "any" });
    expect(refused[0]?.takeOne("ERRO").fields).to.include({ code: "NOT_WELCOME" });
    bench.turn(() => {});
  });

  it("is left by the ids of cells of a group with affinity (§18.3)", () => {
    const { bench } = stand();

    for (let n = 0; n < 60; n++) fill(bench.cell("s"), { mode: "any", affinity: true }, "p");

    expect(bench.core.counters.values.interestUntold).to.equal(0);
  });

  it("is for 1 024 cells of a transmitter in a group with affinity, and no more (§15)", () => {
    const bench = new CoreBench();
    const cells = Array.from({ length: 1025 }, () => bench.cell("s"));
    const last = cells.pop();
    const wish = { pattern: "x", mode: "any", affinity: true };
    for (const cell of cells) cell.say("CTCH", wish);
    expect(cells.flatMap((cell) => cell.take("CGHT"))).to.have.length(1024);

    last?.say("CTCH", wish);
    expect(last?.takeOne("ERRO").fields).to.include({ code: "BUSY", command: "CTCH" });
    cells[0]?.say("CTCH", wish);
    expect(cells[0]?.take("ERRO").map(({ fields }) => fields["code"])).to.not.include("BUSY");
    last?.say("CTCH", { ...wish, pattern: "y" });
    expect(last?.take("CGHT")).to.have.length(1);
  });

  it("is BUSY for what a cell claims, before it is welcome (§10.9)", () => {
    const { bench, record } = stand();
    const cell = bench.stranger();

    cell.say("HELO", { id: cell.id, service: "s", claims: claimsOf("p", 200) });

    expect(cell.takeOne("ERRO").fields).to.include({ code: "BUSY", command: "HELO" });
    expect(record.entries("")).to.deep.equal([]);
  });

  it("is bounded for one cell by what is kept for its claims (§10.9)", () => {
    const { bench, record } = stand(20);
    const cell = bench.cell("s");
    const claim = (name: string): void => {
      cell.say("HELO", { id: cell.id, service: "s", claims: claimsOf(name, 20) });
    };

    claim("p");
    expect(cell.take("WLCM")).to.have.length(1);
    claim("p");
    expect(cell.take("WLCM")).to.have.length(1);
    claim("q");

    expect(cell.takeOne("ERRO").fields).to.include({ code: "TOO_MANY_CATCHES", command: "HELO" });
    expect(record.entries("g ")).to.have.length(20);
    bench.pass(30_000);
    claim("q");
    expect(cell.take("WLCM")).to.have.length(1);
  });

  it("lets a cell catch all that it has claimed, as many as it may (§10.9)", () => {
    const { bench } = stand(20);
    const cell = bench.stranger();
    cell.say("HELO", { id: cell.id, service: "s", session: 2, claims: claimsOf("p", 20) });

    for (let at = 0; at < 20; at++) cell.catch(longOf(`p${at}`), "any");

    cell.say("CTCH", { pattern: "more", mode: "multi" });
    expect(cell.takeOne("ERRO").fields).to.include({ code: "TOO_MANY_CATCHES" });
  });

  it("is bounded for one cell by the streams that it has left (§8.7)", () => {
    const { bench } = stand(20);
    const cell = bench.cell("s");
    const come = (at: number): unknown => {
      cell.say("CTCH", { pattern: `a.${at}`, mode: "multi" });
      const [granted] = cell.take("CGHT");
      cell.say("DROP", { catch: granted?.fields["catch"] ?? 0 });
      return cell.take("ERRO")[0]?.fields["code"];
    };

    for (let at = 0; at < 20; at++) expect(come(at)).to.equal(undefined);
    for (let again = 0; again < 20; again++) expect(come(0)).to.equal(undefined);
    expect(come(20)).to.equal("TOO_MANY_CATCHES");
    bench.pass(30_000);
    expect(come(21)).to.equal(undefined);
  });

  it("is not needed by what is kept of others, and what has none is counted (§10.8)", () => {
    const { bench, record } = stand();
    const cell = bench.cell("s");
    const { catch: number } = cell.catch("a", "multi");
    for (let at = 0; record.hasRoom({ entries: 1, bytes: 600 }, 1); at++) {
      record.set(`kept ${at}`, Buffer.alloc(500));
    }
    const { groups } = bench.core as unknown as {
      groups: { open(service: string, pattern: object): never };
    };

    bench.turn(() => {
      const pattern = { text: longOf("kept"), segments: [] };
      bench.core.sites.announcing.keep(groups.open("x".repeat(60), pattern), bench.nowMs);
    });

    expect(bench.core.counters.values.interestUntold).to.equal(1);
    cell.say("DROP", { catch: number });
    expect(cell.take("DRPD")).to.have.length(1);
    expect(record.get("s a")).to.equal(0);
  });
});
