import { expect } from "chai";

import { Counters } from "../../transmitter/src/core/counters.js";
import { Dedupe, keysMax } from "../../transmitter/src/core/events/dedupe.js";
import { Entry } from "../../transmitter/src/core/events/entry.js";
import { OwnEvents } from "../../transmitter/src/core/events/own-events.js";
import { runOf } from "./run-of.js";

const windowMs = 120_000;
const { sender } = new OwnEvents("0".repeat(40), 0);

describe("idempotency keys", () => {
  it("are forgotten after the window, and the oldest at the bound (§11.6)", () => {
    const { note, isKnown } = keys();
    for (let at = 0; at < keysMax; at++) note(at, at < 10 ? 0 : 1000);

    expect(isKnown(0, 0)).to.equal(true);
    expect(isKnown(9, windowMs)).to.equal(false);
    expect(isKnown(10, windowMs)).to.equal(true);
    for (let at = keysMax; at < keysMax + 15; at++) note(at, windowMs);
    expect(isKnown(14, windowMs)).to.equal(false);
    expect(isKnown(15, windowMs)).to.equal(true);
  });
});

function keys(): {
  note: (key: number, nowMs: number) => void;
  isKnown: (key: number, nowMs: number) => boolean;
} {
  const dedupe = new Dedupe(windowMs, new Counters());
  const told: boolean[] = [];
  const sink = {
    accepted: (...[, , , repeat]: [number, number, number, boolean]) => told.push(repeat),
    handled: () => undefined,
    refused: () => undefined,
  };
  const entry = new Entry(runOf("x"), { sender, sink, onHandled: () => undefined });
  return {
    note: (key, nowMs) => dedupe.note(`key ${key}`, sender, 1, nowMs),
    isKnown: (key, nowMs) => {
      const isRepeat = dedupe.isRepeat(`key ${key}`, entry, 1, nowMs);
      expect(told.splice(0)).to.deep.equal(isRepeat ? [true] : []);
      return isRepeat;
    },
  };
}
