import { expect } from "chai";

import { Fifo } from "../../transmitter/src/core/fifo.js";
import { SeededRandom } from "../simulation/random.js";
import { cpuMs } from "../support/cpu-ms.js";

describe("a Fifo", () => {
  it("is an array, whichever end is used", () => {
    const random = new SeededRandom(11);
    const below = (end: number): number => Math.floor(random.float() * end);
    const fifo = new Fifo<number>();
    const array: number[] = [];
    for (let step = 0; step < 20_000; step++) {
      // It grows to some thousands, and is emptied again and again.
      const isGrowing = step % 5000 < 3500;
      const what = below(isGrowing ? 4 : 8);
      if (what === 0) fifo.push(array[array.push(step) - 1]!);
      else if (what === 1) fifo.unshift(array[array.unshift(step) - array.length]!);
      else if (what === 2 && array.length > 0) {
        const [at, remove] = [below(array.length), below(3)];
        fifo.splice(at, remove, step, -step);
        array.splice(at, remove, step, -step);
      } else expect(fifo.shift()).to.equal(array.shift());

      expect(fifo.length).to.equal(array.length);
      expect(fifo.first).to.equal(array[0]);
      const at = below(array.length);
      expect(fifo.at(at)).to.equal(array[at]);
    }
    expect([...fifo]).to.deep.equal(array);
    fifo.clear();
    expect([...fifo]).to.deep.equal([]);
  });

  it("moves what it has seldom, also where all is put in and taken out in front", () => {
    const msOf = (count: number): number => {
      const fifo = new Fifo<number>();
      for (let at = 0; at < count; at++) fifo.push(at);
      return cpuMs(() => {
        for (let at = 0; at < 10_000; at++) {
          fifo.unshift(at);
          fifo.unshift(at);
          fifo.shift();
        }
      });
    };
    msOf(1000);

    expect(msOf(200_000)).to.be.lessThan(20 * Math.max(msOf(1000), 5));
  });
});
