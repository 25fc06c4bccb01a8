import { encodeBody, encodeExtras, hashThid, readRun, RunWriter } from "@thynapse/protocol";
import { expect } from "chai";

import { KeyOwners, keyOf } from "../../transmitter/src/core/groups/affinity.js";
import { KeyLines } from "../../transmitter/src/core/groups/key-lines.js";
import { isBack, type Span, singles, wholeSpan } from "../../transmitter/src/core/groups/ledger.js";
import { SeededRandom } from "../simulation/random.js";

/*
 * Goal:   at each moment a member gets of its keys what came first, of those that are free.
 * Method: events come, go out, come back, are settled and held back, members come and go, as the
 *         seed draws; all of it is worked out anew, the slow way, after each step.
 */
describe("lines of keys", () => {
  for (let seed = 1; seed <= 8; seed++) {
    it(`offer each member what came first of its free keys (seed ${seed})`, () => {
      const random = new SeededRandom(seed);
      const group = new SlowLines();
      const fresh = spans(random, 200);
      const out: Span[] = [];
      const back: Span[] = [];
      for (let step = 0; step < 800; step++) {
        const what = random.int(0, 9);
        if (what < 3 && fresh.length > 0) group.push(fresh.shift() as Span);
        else if (what < 6) {
          const given = group.give([...group.members][random.int(0, 5)]);
          if (given !== undefined) out.push(given);
        } else if (what === 6 && out.length > 0) group.settle(drawn(random, out));
        else if (what === 7 && out.length > 0) group.comeBack(drawn(random, out));
        else if (what === 8 && out.length > 0) {
          const span = random.chance(0.5) ? out[random.int(0, out.length - 1)] : undefined;
          if (span === undefined && back.length > 0) group.letGo(drawn(random, back));
          else if (span !== undefined) {
            group.holdBack(span);
            back.push(span);
          }
        } else if (what === 9 && random.chance(0.2)) group.comeOrGo(`cell ${random.int(0, 7)}`);
        group.check();
      }
      expect(group.givenCount).to.be.greaterThan(50);
    });
  }
});

/** Lines of keys, and the same worked out the slow way. */
class SlowLines {
  readonly owners = new KeyOwners();
  readonly members = new Set<string>();
  givenCount = 0;
  private readonly lines = new KeyLines(this.owners);
  private readonly waiting = new Set<Span>();
  private readonly out = new Set<Span>();
  /** What is held back; some of it more than once. */
  private readonly held: Span[] = [];

  push(span: Span): void {
    this.lines.push(keyOf(span) as string, span);
    this.waiting.add(span);
  }

  /** Gives a member what it can get first. */
  give(member: string | undefined): Span | undefined {
    const line = this.lines.readyFor(member ?? "")?.first;
    if (line === undefined) return undefined;
    const span = this.lines.take(line);
    this.givenCount++;
    this.waiting.delete(span);
    this.owners.take(span);
    this.out.add(span);
    return span;
  }

  settle(span: Span): void {
    this.owners.release(span);
    this.out.delete(span);
  }

  comeBack(span: Span): void {
    this.settle(span);
    span.attempt++;
    this.push(span);
  }

  holdBack(span: Span): void {
    this.owners.holdBack(span);
    this.held.push(span);
  }

  letGo(span: Span): void {
    this.owners.letGo(span);
    this.held.splice(this.held.indexOf(span), 1);
  }

  comeOrGo(member: string): void {
    if (!this.members.delete(member)) this.members.add(member);
    this.owners.changed();
  }

  check(): void {
    this.lines.update(() => Array.from(this.members, (id) => ({ id })));
    for (const member of this.members) {
      const free = this.freeFor(member);
      const ready = this.lines.readyFor(member);
      expect(ready?.size ?? 0).to.equal(free.length);
      expect(ready?.first?.spans.first).to.equal(free[0]);
    }
    expect(this.lines.events).to.equal(this.waiting.size);
  }

  private freeFor(member: string): Span[] {
    const firsts = new Map<string, Span>();
    for (const span of [...this.waiting].sort((a, b) => a.from - b.from)) {
      const key = keyOf(span) as string;
      if (!firsts.has(key)) firsts.set(key, span);
    }
    return [...firsts]
      .filter(([key, span]) => !this.isBusy(key, span) && this.ownerOf(key) === member)
      .map(([, span]) => span)
      .sort((a, b) => Number(isBack(b)) - Number(isBack(a)) || a.from - b.from);
  }

  private isBusy(key: string, { from }: Span): boolean {
    const isBefore = (span: Span): boolean => keyOf(span) === key && span.from < from;
    return [...this.out].some((span) => keyOf(span) === key) || this.held.some(isBefore);
  }

  private ownerOf(key: string): string | undefined {
    const hashes = Array.from(this.members, (id) => [hashThid(Buffer.from(`${key} ${id}`)), id]);
    return hashes.sort().at(-1)?.[1];
  }
}

/** Takes one of these out, whichever the seed draws. */
function drawn(random: SeededRandom, from: Span[]): Span {
  return from.splice(random.int(0, from.length - 1), 1)[0] as Span;
}

/** Events of some keys, one span each. */
function spans(random: SeededRandom, count: number): Span[] {
  const writer = new RunWriter(256);
  const { tag, bytes } = encodeBody(null);
  for (let n = 0; n < count; n++) {
    writer.append("a", tag, bytes, 1, encodeExtras({ key: `k${random.int(0, 40)}` }));
  }
  const opening = { sender: "a".repeat(40), service: "s", session: 1, floor: 1, time: 5, first: 1 };
  const prefix = Buffer.from("M EVNT ");
  const run = readRun(writer.close(opening, prefix), prefix.length);
  const parts = { entry: undefined, upstream: undefined, receivedMs: 0 };
  return singles(wholeSpan({ run, firstNumber: 1, origin: "o", ...parts }, false));
}
