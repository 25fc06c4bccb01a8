import { expect } from "chai";

import { Detector } from "../../../transmitter/src/core/mesh/detector.js";
import { SeededRandom } from "../../simulation/random.js";

const limits = { heartbeatMs: 250, acceptablePauseMs: 1000, threshold: 8 };

/** A detector that has heard `count` heartbeats, each up to `jitterMs` late; and when the last was. */
function heardFor(count: number, jitterMs = 0): { detector: Detector; lastMs: number } {
  const random = new SeededRandom(1);
  const detector = new Detector(limits, 0);
  let lastMs = 0;
  for (let n = 1; n <= count; n++) {
    lastMs = n * limits.heartbeatMs + random.float() * jitterMs;
    detector.heard(lastMs);
  }
  return { detector, lastMs };
}

/** After how long a silence a peer counts as dead, to the millisecond. */
function patienceMs({ detector, lastMs }: ReturnType<typeof heardFor>): number {
  let silentMs = 0;
  while (!detector.isOverdue(lastMs + silentMs)) silentMs++;
  return silentMs;
}

describe("detector", () => {
  it("finds a peer dead after about a second and a half that spoke regularly", () => {
    expect(patienceMs(heardFor(100))).to.be.within(1400, 1600);
  });

  it("is more patient with one that is often late", () => {
    const regular = patienceMs(heardFor(100));
    const late = patienceMs(heardFor(100, 200));
    expect(late).to.be.within(regular + 50, 2200);
  });

  it("waits for one that it has hardly heard", () => {
    expect(patienceMs(heardFor(0))).to.be.within(1400, 2500);
  });

  it("never suspects within the acceptable pause, whatever came before", () => {
    for (const jitterMs of [0, 20, 100, 240]) {
      expect(patienceMs(heardFor(200, jitterMs))).to.be.greaterThan(1200);
    }
  });

  it("grows surer with every millisecond of silence", () => {
    const { detector, lastMs } = heardFor(100);
    let before = 0;
    for (let silentMs = 0; silentMs < 20_000; silentMs += 10) {
      const phi = detector.phi(lastMs + silentMs);
      expect(phi).to.be.at.least(before);
      before = phi;
    }
    expect(before).to.be.greaterThan(100);
  });

  it("forgives a silence that was our own", () => {
    const { detector, lastMs } = heardFor(100);
    detector.pardon(5000);
    expect(detector.isOverdue(lastMs + 5250)).to.equal(false);
    expect(detector.isOverdue(lastMs + 5000 + 1700)).to.equal(true);
  });

  it("does not learn from a pause, nor from a clock that went back", () => {
    const { detector, lastMs } = heardFor(100);
    detector.heard(lastMs + 5000);
    detector.heard(lastMs + 1000);
    expect(detector.lastMs).to.equal(lastMs + 5000);
    expect(patienceMs({ detector, lastMs: lastMs + 5000 })).to.be.within(1400, 1600);
  });
});
