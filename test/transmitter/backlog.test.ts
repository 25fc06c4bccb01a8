import { expect } from "chai";

import { readRun, RunWriter } from "@thynapse/protocol";
import { KeyOwners } from "../../transmitter/src/core/groups/affinity.js";
import { Backlog } from "../../transmitter/src/core/groups/backlog.js";
import { type Span, wholeSpan } from "../../transmitter/src/core/groups/ledger.js";
import { SeededRandom } from "../simulation/random.js";
import { cpuMs } from "../support/cpu-ms.js";

describe("a backlog", () => {
  it("gives first what has come back, by number, then the rest as it came (§10.1)", () => {
    const random = new SeededRandom(7);
    const below = (end: number): number => Math.floor(random.float() * end);
    const backlog = new Backlog(new KeyOwners());
    const [back, fresh, out]: Span[][] = [[], [], []];
    let next = 1;
    for (let step = 0; step < 6000; step++) {
      const what = below(7);
      if (what < 2) {
        const span = one(next++);
        fresh!.push(span);
        backlog.push(span);
      } else if (what < 4 && backlog.events > 0) {
        const span = backlog.take(1);
        expect(span).to.equal(back!.shift() ?? fresh!.shift());
        span.attempt++;
        out!.push(span);
      } else if (what === 4 && below(40) === 0) {
        const isOdd = ({ from }: Span): boolean => from % 2 === 1;
        expect(backlog.takeIf(isOdd)).to.deep.equal([...back!, ...fresh!].filter(isOdd));
        for (const list of [back!, fresh!]) list.splice(0, list.length, ...list.filter(isEven));
      } else {
        const some = out!.splice(below(out!.length), below(4));
        backlog.pushFront(some);
        back!.push(...some);
        back!.sort((a, b) => a.from - b.from);
      }
      expect(backlog.first).to.equal(back![0] ?? fresh![0]);
    }
    expect([...backlog]).to.deep.equal([...back!, ...fresh!]);
    expect(back!.length).to.be.greaterThan(10);
    expect(fresh!.length).to.be.greaterThan(10);
  });

  for (const order of ["rising", "falling"] as const) {
    it(`takes each back as fast as the first, in ${order} order, however many have come`, () => {
      const msOf = (count: number): number => {
        const backlog = new Backlog(new KeyOwners());
        backlog.push(one(count + 1));
        const spans = Array.from({ length: count }, (_, at) => returned(at + 1));
        if (order === "falling") spans.reverse();
        return cpuMs(() => {
          for (const span of spans) backlog.pushFront([span]);
        });
      };
      msOf(1000);

      // Linear in what has come back before, this would be 64 times as much.
      expect(msOf(64_000)).to.be.lessThan(20 * Math.max(msOf(8000), 40));
    });
  }
});

function one(number: number): Span {
  const writer = new RunWriter(64);
  writer.append("a", 0, Buffer.alloc(0));
  const opening = { sender: "a".repeat(40), service: "s", session: 1, floor: 1, first: 1, time: 1 };
  const run = readRun(writer.close(opening, Buffer.alloc(0)), 0);
  const [origin, firstNumber] = ["one.1", number];
  return wholeSpan(
    { run, firstNumber, origin, entry: undefined, upstream: undefined, receivedMs: 0 },
    false,
  );
}

function returned(number: number): Span {
  const span = one(number);
  span.attempt = 1;
  return span;
}

function isEven({ from }: Span): boolean {
  return from % 2 === 0;
}
