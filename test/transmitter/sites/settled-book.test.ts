import { readRun } from "@thynapse/protocol";
import { expect } from "chai";

import { SettledBook } from "../../../transmitter/src/core/sites/settled-book.js";
import { runOf, stranger as sender } from "./hostile-stand.js";

/** A run whose floor is as low as can be. */
const run = readRun(runOf(1), 0);

describe("what is remembered to be settled for other origins (§18.7)", () => {
  it("is of one sender 131 072 ranges at most, and the highest ones", () => {
    const book = new SettledBook();
    const last = 300_001;
    for (let seq = 1; seq <= last; seq += 2) book.add(run, seq);

    const kept = book.all();
    expect(kept).to.have.length.within(100_000, 131_072);
    // What is not settled is never said to be.
    expect(kept.every(({ first, last: end }) => first === end && first % 2 === 1)).to.equal(true);
    expect(kept.at(-1)).to.deep.equal({ sender, first: last, last });
    expect(kept).to.have.length((last - (kept[0]?.first ?? 0)) / 2 + 1);
    expect(book.among([{ sender, first: 1, last: 3 }])).to.deep.equal([]);
  });

  it("is whole while every other event of an outbox is settled elsewhere", () => {
    const book = new SettledBook();
    for (let seq = 1; seq < 262_144; seq += 2) book.add(run, seq);

    expect(book.all()).to.have.length(131_072);
  });
});
