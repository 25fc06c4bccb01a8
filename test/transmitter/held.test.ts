import { expect } from "chai";

import { readRun, RunWriter } from "@thynapse/protocol";
import { Held, type SpanName } from "../../transmitter/src/core/groups/held.js";
import { type Span, spanCount, wholeSpan } from "../../transmitter/src/core/groups/ledger.js";
import { SeededRandom } from "../simulation/random.js";

const origins = ["one.1", "two.1", "three.7"] as const;
const timeoutMs = 300;

/*
 * Goal:   what is held is what a plain list of deliveries is, whatever is given and taken.
 * Method: both are told the same, drawn from a seed, and compared after each step.
 */
describe("what a cell holds", () => {
  for (const concurrency of [1, 5, 1000]) {
    it(`is what a list of single deliveries is, ${concurrency} of them begun`, () => {
      const [held, list] = [new Held(), new PlainList()];
      const draws = new Draws(concurrency);
      for (let nowMs = 1; nowMs <= 2000; nowMs++) {
        const taken = draws.step(held, list, nowMs);
        held.begin(concurrency, nowMs);
        list.begin(concurrency, nowMs);
        draws.giveAgain(taken);

        const deliveries = [...held].flatMap(linesOf);
        expect(deliveries).to.deep.equal(list.all.map(lineOf));
        expect(held.count).to.equal(deliveries.length);
        expect(held.begunMs).to.be.at.most(Math.min(...list.all.map(({ begunMs }) => begunMs)));
      }
      expect(draws.counts).to.satisfy((counts: number[]) => counts.every((count) => count > 10));
      expect(held.takeAll().flatMap(linesOf)).to.deep.equal(list.all.map(lineOf));
      expect([...held]).to.deep.equal([]);
    });
  }

  it("gives back one of two that an origin has given one name, and keeps the other", () => {
    const held = new Held();
    const name = { origin: "one.1", first: 1, last: 200, attempt: 1 };
    for (let n = 0; n < 2; n++) for (let at = 1; at <= 200; at++) held.push(spanOf("one.1", at, 1));

    expect(held.take(name)).to.have.length(200);
    expect(held.count).to.equal(200);
    expect(held.take(name)).to.have.length(200);
    expect([...held]).to.deep.equal([]);
  });
});

/** One delivery, as the plain list knows it. */
interface Delivery {
  readonly origin: string;
  readonly number: number;
  readonly attempt: number;
  begunMs: number;
}

/** The same as what is tested, without any index. */
class PlainList {
  all: Delivery[] = [];

  push(span: Span): void {
    for (let number = span.from; number < span.to; number++) {
      const { attempt, begunMs } = span;
      this.all.push({ origin: span.lot.origin, number, attempt, begunMs });
    }
  }

  take({ origin, first, last, attempt }: SpanName): Delivery[] {
    return this.takeIf((it) => {
      const isNumber = first <= it.number && it.number <= last;
      return it.origin === origin && it.attempt === attempt && isNumber;
    });
  }

  takeIf(isWanted: (delivery: Delivery) => boolean): Delivery[] {
    const taken = this.all.filter(isWanted);
    this.all = this.all.filter((it) => !taken.includes(it));
    return taken;
  }

  begin(count: number, nowMs: number): void {
    for (const one of this.all.slice(0, count)) one.begunMs = Math.min(one.begunMs, nowMs);
  }
}

/** What is done with both, by chance. */
class Draws {
  /** How often each thing was done. */
  readonly counts = [0, 0, 0, 0];
  private readonly random: SeededRandom;
  private readonly next = origins.map(() => 1);
  private readonly waiting: Span[] = [];

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  /** Does one thing. @returns what was taken. */
  step(held: Held, list: PlainList, nowMs: number): Span[] {
    const what = held.count > 400 ? 1 : this.below(12);
    if (what === 0) {
      this.counts[0]!++;
      const overdue = held.takeOverdue(timeoutMs, nowMs);
      const expected = list.takeIf(({ begunMs }) => begunMs + timeoutMs <= nowMs);
      expectSame(overdue, expected);
      return overdue;
    }
    if (what < 6) return this.take(held, list);
    if (what === 6) {
      const delivery = list.all[this.below(list.all.length)];
      if (delivery === undefined) return [];
      this.counts[1]!++;
      const alone = held.isolate((span) => (has(span, delivery) ? delivery.number : undefined));
      expect(linesOf(alone!)).to.deep.equal([lineOf(delivery)]);
      expect(held.find(delivery.origin, delivery.number, delivery.attempt)).to.equal(alone);
      return [];
    }
    this.counts[2]!++;
    const span = this.waiting.splice(this.below(this.waiting.length), 1)[0] ?? this.fresh();
    held.push(span);
    list.push(span);
    return [];
  }

  /** What was taken may be given again, as the next attempt. */
  giveAgain(taken: readonly Span[]): void {
    for (const span of taken) {
      if (this.below(3) > 0) continue;
      span.attempt++;
      span.begunMs = Number.POSITIVE_INFINITY;
      this.waiting.push(span);
    }
  }

  private take(held: Held, list: PlainList): Span[] {
    const near = list.all[this.below(list.all.length)];
    if (near === undefined) return [];
    const first = Math.max(1, near.number - this.below(3));
    const last = first + (this.below(4) === 0 ? this.below(60) : this.below(2));
    const attempt = near.attempt + (this.below(6) === 0 ? 1 : 0);
    const name = { origin: near.origin, first, last, attempt };
    const taken = held.take(name);
    if (taken.length === 0) this.counts[3]!++;
    expectSame(taken, list.take(name));
    return taken;
  }

  private fresh(): Span {
    const at = this.below(origins.length);
    const count = this.below(2) === 0 ? 1 : 1 + this.below(30);
    const from = this.next[at] as number;
    this.next[at] = from + count + this.below(2);
    return spanOf(origins[at] as string, from, count);
  }

  private below(end: number): number {
    return Math.floor(this.random.float() * end);
  }
}

function spanOf(origin: string, firstNumber: number, count: number): Span {
  const writer = new RunWriter(64);
  for (let n = 0; n < count; n++) writer.append("a", 0, Buffer.alloc(0));
  const opening = { sender: "a".repeat(40), service: "s", session: 1, floor: 1, first: 1, time: 1 };
  const run = readRun(writer.close(opening, Buffer.alloc(0)), 0);
  const lot = { run, firstNumber, origin, entry: undefined, upstream: undefined, receivedMs: 0 };
  const span = wholeSpan(lot, false);
  span.attempt = 1;
  return span;
}

function has({ lot, from, to, attempt }: Span, delivery: Delivery): boolean {
  const isNumber = from <= delivery.number && delivery.number < to;
  return lot.origin === delivery.origin && attempt === delivery.attempt && isNumber;
}

function expectSame(taken: readonly Span[], expected: readonly Delivery[]): void {
  expect(taken.flatMap(linesOf).sort()).to.deep.equal(expected.map(lineOf).sort());
}

function linesOf(span: Span): string[] {
  const { lot, from, attempt, begunMs } = span;
  return Array.from({ length: spanCount(span) }, (_, at) =>
    lineOf({ origin: lot.origin, number: from + at, attempt, begunMs }),
  );
}

function lineOf({ origin, number, attempt, begunMs }: Delivery): string {
  return `${origin} ${number} attempt ${attempt} since ${begunMs}`;
}
