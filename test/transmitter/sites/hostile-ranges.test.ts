import { encodeMessagePack, MeshError, type SeqRange } from "@thynapse/protocol";
import { expect } from "chai";

import { Claims } from "../../../transmitter/src/core/groups/claims.js";
import { claimWords, seekWords } from "../../../transmitter/src/core/sites/range-words.js";
import {
  readGroupName,
  readRangeRows,
  readSiteWord,
  writeSiteWord,
} from "../../../transmitter/src/core/sites/site-words.js";
import type { BenchCell, CoreBench } from "../core-bench.js";
import { SiteNet } from "./site-net.js";

/*
 * Goal:   whatever ranges a cell or another transmitter names, nobody counts them out, and what is
 *         said of them can be written and read.
 * Method: the second of two transmitters says what no transmitter would say; or a cell of the first
 *         repeats a run that is nothing but holes.
 */

const stranger = "d".repeat(40);
const group = { service: "worker", pattern: "a" };
const last = Number.MAX_SAFE_INTEGER;

describe("ranges in the words of another transmitter (§18.7)", () => {
  it("are not counted out: all numbers of a sender are asked about as fast as one", () => {
    const { sender, say, answers } = stand();
    sender.send("b");

    say("SEEK", { ...group, session: 1, ranges: [[sender.id, 1, last]] });

    expect(answers()).to.deep.equal([{ held: [], settled: [[sender.id, 1, 1]], free: [] }]);
  });

  it("may overlap: each event is answered for once", () => {
    const { say, answers } = stand();
    const settled = odd(3000).map(({ sender, first }) => [sender, first, first]);
    say("CLAM", { ...group, held: [], settled, free: [] });

    say("SEEK", { ...group, session: 2, ranges: odd(3000).map(() => [stranger, 1, 6000]) });

    expect(answers()).to.deep.equal([{ held: [], settled, free: [] }]);
  });

  it("are of one sender in a question", () => {
    const { say } = stand();
    const ranges = [
      [stranger, 1, 1],
      ["e".repeat(40), 1, 1],
    ];

    expect(() => say("SEEK", { ...group, session: 2, ranges })).to.throw(MeshError, "one sender");
  });

  it("are asked about for a session that there may be (§18.11)", () => {
    const { sender, say } = stand();

    for (const session of [1e300, 2 + 1 / 2048, -1, Number.NaN, "2"]) {
      const word = { ...group, session, ranges: [[sender.id, 1, 1]] };
      expect(() => say("SEEK", word), String(session)).to.throw(MeshError, "a session");
    }
  });

  it("do not raise the floor of a cell that is attached here (§7.4)", () => {
    const { sender, say } = stand();
    const word = { session: 1.5, groups: [group], full: [] };

    say("HEIR", word, runOf(sender, { first: last, floor: last, count: 1, step: 1 }));
    sender.send("b");

    expect(sender.confirms()).to.deep.equal(["1 accepted 0", "1 handled"]);
  });
});

describe("a run of holes that a cell repeats (§18.7)", () => {
  it("is asked about and answered in words that can be written and read", () => {
    const net = new SiteNet(2);
    const [near] = net.benches as [CoreBench];
    const worker = near.cell("worker", { encoding: "M" });
    worker.catch("a", "any", { credit: 60_000 });
    const sender = near.cell("sender", { encoding: "M", session: 2 });
    near.pass(1000);

    sender.sayPart(Buffer.concat([Buffer.from("M EVNT "), runOf(sender, { count: 50_000 })]));
    net.pass(1100);

    expect(net.carried.get("SEEK")).to.equal(13);
    expect(net.carried.get("CLAM")).to.equal(13);
    const given = worker.take("DLVR").map(({ run }) => run?.count ?? 0);
    expect(given.reduce((sum, count) => sum + count, 0)).to.equal(50_000);
    expect(near.core.counters.values.internalErrors).to.equal(0);
  });

  it("makes several words, of which the last one is the answer", () => {
    const name = readGroupName(group);
    const saying = { held: odd(5000), settled: odd(9000), sender: stranger, isAnswer: true };

    const words = claimWords(name, saying).map((part) => readSiteWord(part).map);

    expect(words.map(({ answer }) => answer)).to.deep.equal([undefined, undefined, true]);
    expect(words.flatMap((map) => readRangeRows(map, "held"))).to.deep.equal(odd(5000));
    expect(words.flatMap((map) => readRangeRows(map, "settled"))).to.deep.equal(odd(9000));
    expect(claimWords(name, { held: [], settled: [] })).to.have.length(1);
    expect(seekWords(name, { session: 1, ranges: odd(4097) })).to.have.length(2);
  });

  it("may be held by one cell, of which several words tell", () => {
    const words = claimWords(readGroupName(group), { cell: "c", held: odd(5000), settled: [] });
    const claims = new Claims();
    claims.add("c", { held: [{ sender: stranger, first: 2, last: 2 }], settled: [] }, "peer");

    for (const part of words) {
      const { map } = readSiteWord(part);
      const isMore = map["more"] === true;
      claims.add("c", { held: readRangeRows(map, "held"), settled: [], isMore }, "peer");
    }

    const holders = [1, 2, 9999].map((seq) => claims.holderOf(stranger, seq)?.cell);
    expect(holders).to.deep.equal(["c", undefined, "c"]);
  });
});

/** A transmitter with a group and a sender, and another one that says whatever it likes. */
function stand() {
  const net = new SiteNet(2);
  const [bench] = net.benches as [CoreBench];
  bench.cell("worker").catch("a", "any", { credit: 9 });
  const sender = bench.cell("sender");
  net.isHeld = true;
  net.sent.splice(0);
  return {
    sender,
    say: (command: string, map: object, run: Buffer = Buffer.alloc(0)): void => {
      const word = Buffer.concat([writeSiteWord(command, map), run]);
      bench.turn(() => bench.core.sites.word(net.ids[1] as string, word, bench.nowMs));
    },
    answers: (): object[] => {
      return net.sent.map(({ part }) => {
        const { held, settled, free } = readSiteWord(part).map;
        return { held, settled, free };
      });
    },
  };
}

/** So many ranges of one odd number each. */
function odd(count: number): SeqRange[] {
  return Array.from({ length: count }, (_, at) => {
    return { sender: stranger, first: 2 * at + 1, last: 2 * at + 1 };
  });
}

/** A run of the first attachment of a cell: every other number, of events without a body. */
function runOf(
  { id, service }: BenchCell,
  { first = 1, floor = 1, count = 1, step = 2 } = {},
): Buffer {
  const opening = { sender: Buffer.from(id, "hex"), service, session: 1, time: 5, count };
  const map = encodeMessagePack({ ...opening, channels: ["a"] });
  // Two more pairs: the library writes numbers beyond 2^32 as floats.
  map[0] = (map[0] as number) + 2;
  const number = (key: string, value: number): Buffer => {
    const bytes = Buffer.alloc(9, 0xcf);
    bytes.writeBigUInt64BE(BigInt(value), 1);
    return Buffer.concat([encodeMessagePack(key), bytes]);
  };
  const events = Buffer.alloc(6 * count, Buffer.from([0x94, step, 0, 0, 0xc4, 0]));
  return Buffer.concat([map, number("floor", floor), number("first", first), events]);
}
