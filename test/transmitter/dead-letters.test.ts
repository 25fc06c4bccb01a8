import { expect } from "chai";

import { Counters } from "../../transmitter/src/core/counters.js";
import { DeadLetters } from "../../transmitter/src/core/groups/dead-letters.js";
import { runOf } from "./run-of.js";

const fate = { service: "s", pattern: "a", reason: "no", attempts: 1, atMs: 5 };

describe("dead letters", () => {
  it("hold no memory of the runs that were read beside theirs", () => {
    const letters = new DeadLetters({ countMax: 10, bytesMax: 1e6 }, new Counters());
    const letter = letters.add(runOf("one", "two", "three"), 1, fate);

    expect(letter.run.dataAt(0)).to.equal("two");
    expect(letter.run.starts.buffer.byteLength).to.equal(8);
  });

  it("go oldest first at the bound, counted, whichever were taken out before", () => {
    const counters = new Counters();
    const letters = new DeadLetters({ countMax: 3, bytesMax: 1e6 }, counters);
    const run = runOf("one");
    const add = (): number => letters.add(run, 0, fate).letter;
    const [first, second, third] = [add(), add(), add()];

    letters.remove(first);
    const [fourth, fifth] = [add(), add()];

    expect(letters.list("s").map(({ letter }) => letter)).to.deep.equal([third, fourth, fifth]);
    expect(letters.get(second)).to.equal(undefined);
    expect(counters.snapshot()).to.include({ deadLetters: 5, deadLettersEvicted: 1 });
  });
});
