import { expect } from "chai";

import { Assembly } from "../../../transmitter/src/core/mesh/delta-words.js";
import { MeshRecord } from "../../../transmitter/src/core/mesh/mesh-record.js";
import { cpuMs } from "../../support/cpu-ms.js";
import { delta, entry } from "./hostile-stand.js";
import { idOf } from "./net.js";

/* Work grows with what comes, not with what is known. */
describe("mesh record, told much in little", () => {
  it("puts a delta in pieces of one entry together without copying what it has", () => {
    const ofPieces = (count: number): number =>
      cpuMs(() => {
        const assembly = new Assembly();
        for (let at = 0; at < count; at++) {
          const one = delta(idOf("n2"), [entry(`key ${at}`, at + 1)]);
          assembly.add(idOf("n2"), { delta: one, at, isLast: false });
        }
      });
    expect(ofPieces(100_000)).to.be.lessThan(8 * ofPieces(25_000) + 1000);
  });

  it("forgets deletions without going through what it knows", () => {
    const gone = Array.from(
      { length: 4000 },
      (_, n) => [`gone ${n}`, 1_000_001 + n, undefined] as const,
    );
    const ofKeys = (count: number): number => {
      const record = new MeshRecord(idOf("n2"), 1);
      record.learn(
        delta(
          idOf("n2"),
          Array.from({ length: count }, (_, n) => entry(`key ${n}`, n + 1)),
        ),
      );
      const more = delta(idOf("n2"), gone, { from: 1_000_000, version: 1_004_000 });
      return cpuMs(() => record.learn(more));
    };
    expect(ofKeys(80_000)).to.be.lessThan(4 * ofKeys(2000) + 1000);
  });

  it("tells of the last 1000 deletions, and beyond them the whole record", () => {
    const record = new MeshRecord(idOf("n2"), 1);
    for (let n = 0; n < 1500; n++) record.set(`key ${n}`, n);
    for (let n = 0; n < 1100; n++) record.set(`key ${n}`, undefined);
    const { from, entries } = record.deltaFrom(1600);
    expect([from, entries.length]).to.deep.equal([1600, 1000]);
    expect(entries[0]).to.deep.equal(["key 100", 1601, undefined]);
    expect(record.deltaFrom(1599)).to.deep.include({ from: 0 });
    record.set("key 100", 1);
    expect(record.deltaFrom(1600).entries).to.have.length(1000);
    expect(record.deltaFrom(0).entries).to.have.length(401);
  });
});
