import { expect } from "chai";
import fc from "fast-check";

import type { Encoding } from "@thynapse/protocol";
import { CoreBench, type BenchCell } from "../../core-bench.js";
import { drawDamaged, drawNonsense } from "./damage.js";
import { anyBytes, type Dice, oneIn, pick, shrinkingDice } from "./dice.js";
import { drawCommand, encodeSaid, type Voice } from "./said.js";

const seed = Number(process.env["SEED"] ?? 1);

/** As many examples as the time of a run allows; each is a conversation of up to 60 messages. */
const numRuns = process.env["FUZZ"] === "full" ? 1000 : 50;

/*
 * Goal:   whatever cells say, in whatever order, the core answers it or counts it, and never breaks.
 * Method: two cells, one in J and one in M, say right, damaged and senseless things while time passes. Nothing may
 *         throw, no error may be INTERNAL, and a good request must still be answered.
 * Replay: SEED=<n> npm run test:fuzz
 */
describe(`fuzz: the core of a transmitter (seed ${seed})`, () => {
  it("answers or counts whatever two cells say, without a defect", () => {
    fc.assert(
      fc.property(shrinkingDice, fc.integer({ min: 1, max: 60 }), (dice, length) => {
        const bench = new CoreBench({ errorBudget: 1_000_000 });
        const cells = [greeted(bench, dice, "J"), greeted(bench, dice, "M")];
        for (let at = 0; at < length; at++) converse(bench, dice, cells);
        bench.pass(5000);

        expect(bench.logged.filter(({ level }) => level === "error")).to.deep.equal([]);
        expect(bench.core.counters.values.internalErrors).to.equal(0);
        for (const cell of cells) expectServed(cell);
      }),
      // An example is a conversation: to make it smaller takes longer than to look at it.
      { numRuns, seed, endOnFailure: true },
    );
  });

  it("answers or counts whatever is offered to the event socket", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 50 }), (topics) => {
        const bench = new CoreBench();
        for (const topic of topics) {
          expect(bench.core.subscribed(Buffer.from(topic), bench.nowMs)).to.equal(false);
          bench.core.unsubscribed(Buffer.from(topic), bench.nowMs);
        }

        expect(bench.core.counters.values.subscriptionsRefused).to.equal(topics.length);
        expect(bench.core.takeEffects(bench.nowMs)).to.deep.equal([]);
      }),
      { numRuns, seed },
    );
  });
});

interface Talker {
  readonly cell: BenchCell;
  readonly voice: Voice;
}

function greeted(bench: CoreBench, dice: Dice, encoding: Encoding): Talker {
  const cell = bench.cell("fuzzed", { encoding, session: 1 + dice.roll(2) });
  const { id, service } = cell;
  cell.catch("a.**", pick(dice, ["multi", "any"]));
  return { cell, voice: { id, service, encoding, origin: String(cell.welcome["origin"]) } };
}

function converse(bench: CoreBench, dice: Dice, talkers: readonly Talker[]): void {
  const { cell, voice } = pick(dice, talkers);
  if (oneIn(dice, 6)) bench.pass(1 + dice.roll(3000));
  if (oneIn(dice, 10)) settleSomething(dice, cell);
  else if (oneIn(dice, 4)) cell.sayPart(drawNonsense(dice));
  else if (oneIn(dice, 2)) cell.sayPart(drawDamaged(dice, voice));
  else if (oneIn(dice, 20)) cell.sayPart(anyBytes(dice, 3), anyBytes(dice, 9), "");
  else cell.sayPart(encodeSaid(voice.encoding, drawCommand(dice, voice)));
}

function settleSomething(dice: Dice, cell: BenchCell): void {
  const [delivery] = cell.take("DLVR");
  if (delivery !== undefined)
    cell.settle(delivery, pick(dice, ["ack", "nack", "release", "reject"]));
}

/** A good request: the cell says HELO again, whether it said GBYE or not, and catches something. */
function expectServed({ cell, voice }: Talker): void {
  const { id, service } = voice;
  // A damaged HELO may have been right in its way, and have made this connection another cell's.
  cell.say("GBYE");
  cell.take();
  cell.say("HELO", { id, service });
  expect(cell.take("WLCM")).to.have.length(1);
  cell.say("CTCH", { pattern: "good", mode: "multi" });
  expect(cell.takeOne("CGHT").fields["pattern"]).to.equal("good");
}
