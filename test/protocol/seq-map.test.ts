import { expect } from "chai";

import { SeqMap } from "../../protocol/src/seq-map.js";
import type { Thid } from "../../protocol/src/thid.js";

const thid = (digit: number): Thid => String(digit).repeat(40) as Thid;

describe("map by sender and number", () => {
  it("holds one value for each sender and number, and counts them", () => {
    const map = new SeqMap<string>();
    map.set(thid(1), 7, "a");
    map.set(thid(2), 7, "b");
    map.set(thid(1), 8, "c");
    map.set(thid(1), 7, "d");

    expect(map.size).to.equal(3);
    expect([map.get(thid(1), 7), map.get(thid(2), 7), map.get(thid(1), 8)]).to.deep.equal([
      "d",
      "b",
      "c",
    ]);
    expect([...map.values()]).to.deep.equal(["d", "c", "b"]);
  });

  it("forgets what is deleted, once, also while it is walked through", () => {
    const map = new SeqMap<number>();
    for (let seq = 1; seq <= 4; seq++) map.set(thid(seq % 2), seq, seq);

    map.delete(thid(1), 2);
    map.delete(thid(3), 1);
    expect(map.size).to.equal(4);
    for (const seq of map.values()) map.delete(thid(seq % 2), seq);

    expect(map.size).to.equal(0);
    expect([...map.values()]).to.deep.equal([]);
    expect(map.get(thid(1), 1)).to.equal(undefined);
  });
});
