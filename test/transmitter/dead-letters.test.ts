import { encodeBody, readRun, RunWriter } from "@thynapse/protocol";
import { expect } from "chai";

import { Counters } from "../../transmitter/src/core/counters.js";
import { DeadLetters } from "../../transmitter/src/core/groups/dead-letters.js";

describe("dead letters", () => {
  it("hold no memory of the runs that were read beside theirs", () => {
    const letters = new DeadLetters({ countMax: 10, bytesMax: 1e6 }, new Counters());
    const fate = { service: "s", pattern: "a", reason: "no", attempts: 1, atMs: 5 };
    const writer = new RunWriter(64);
    for (const data of ["one", "two", "three"]) {
      const { tag, bytes } = encodeBody(data);
      writer.append("a", tag, bytes);
    }
    const header = {
      sender: "1".repeat(40),
      service: "s",
      session: 1,
      floor: 1,
      first: 1,
      time: 5,
    };
    const run = readRun(writer.close(header, Buffer.alloc(0)), 0);

    const letter = letters.add(run, 1, fate);

    expect(letter.run.dataAt(0)).to.equal("two");
    expect(letter.run.starts.buffer.byteLength).to.equal(8);
  });
});
