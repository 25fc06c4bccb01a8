import { expect } from "chai";

import { Counters } from "../../transmitter/src/core/counters.js";
import { Dedupe, keysMax } from "../../transmitter/src/core/events/dedupe.js";
import type { Entry } from "../../transmitter/src/core/events/entry.js";
import { Sender } from "../../transmitter/src/core/events/senders.js";
import { cpuMs } from "../support/cpu-ms.js";

const windowMs = 1000;
const sender = new Sender("a".repeat(40), 0);

describe("idempotency keys that are remembered", () => {
  it("are the youngest, as many as there is room for", () => {
    const dedupe = remembering(keysMax);
    // It is as old as its last event.
    dedupe.note("k0", sender, 1, 0);
    dedupe.note("another", sender, 2, 0);

    expect(isKnown(dedupe, "k0", 0)).to.equal(true);
    expect(isKnown(dedupe, "another", 0)).to.equal(true);
    expect(isKnown(dedupe, "k1", 0)).to.equal(false);
    expect(isKnown(dedupe, "k2", 0)).to.equal(true);
  });

  it("are forgotten when their time is over, and known when they come again", () => {
    const dedupe = remembering(2);
    dedupe.note("k0", sender, 1, 600);
    expect(["k0", "k1"].map((id) => isKnown(dedupe, id, windowMs))).to.deep.equal([true, false]);
    expect(isKnown(dedupe, "k0", 600 + windowMs)).to.equal(false);

    dedupe.note("k1", sender, 1, 2000);
    expect(isKnown(dedupe, "k1", 2999)).to.equal(true);
    expect(isKnown(dedupe, "k1", 3000)).to.equal(false);
  });

  it("cost no more where each new one takes the place of an old one", () => {
    const dedupe = new Dedupe(windowMs, new Counters());
    const fill = (from: number): number => cpuMs(() => note(dedupe, from, keysMax));
    const whileRoomMs = fill(0);
    const whenFullMs = Math.min(fill(keysMax), fill(2 * keysMax));
    expect(whenFullMs / whileRoomMs).to.be.below(5);
  });
});

function remembering(count: number): Dedupe {
  const dedupe = new Dedupe(windowMs, new Counters());
  note(dedupe, 0, count);
  return dedupe;
}

function note(dedupe: Dedupe, from: number, count: number): void {
  for (let n = from; n < from + count; n++) dedupe.note(`k${n}`, sender, 1, 0);
}

function isKnown(dedupe: Dedupe, id: string, nowMs: number): boolean {
  const entry = { repeated: () => undefined, later: () => () => undefined };
  return dedupe.isRepeat(id, entry as unknown as Entry, 9, nowMs);
}
