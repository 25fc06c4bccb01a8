import { expect } from "chai";

import type { Anycatch } from "../../cell-sdk/src/core/anycatch.js";
import { type CoreRig } from "./core-rig.js";
import { ack, deliver, take, working } from "./working.js";

describe("cell: credit", () => {
  const creditsOf = (rig: CoreRig): unknown[] => rig.all("CRED").map(({ map }) => map["credit"]);

  /** Hands out as much as the credit allows and has all of it acked, in so much time for each. */
  function round(rig: CoreRig, supply: Anycatch, state: { next: number }, msEach: number): void {
    const count = supply.creditWanted;
    const bodies = Array.from({ length: count }, () => 0);
    deliver(rig, { number: state.next }, { first: state.next, bodies });
    state.next += count;
    rig.act((core) => {
      for (let n = 0; n < count; n++) {
        const delivery = take(supply);
        rig.nowMs += msEach;
        core.nowMs = rig.nowMs;
        delivery.ack();
        supply.finished(delivery);
      }
      expect(supply.take()).to.equal(undefined);
    });
  }

  it("starts at the concurrency and doubles while the cell runs dry, up to 8192", () => {
    const { rig, supply } = working({ concurrency: 4, credit: undefined });
    expect(rig.effects.length).to.be.above(0);
    const state = { next: 1 };
    for (let n = 0; n < 14; n++) round(rig, supply, state, 0.0001);

    expect(creditsOf(rig)).to.deep.equal([8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192]);
  });

  it("asks for no more than the handlers do in 20 ms", () => {
    const { rig, supply } = working({ credit: undefined });
    const state = { next: 1 };
    for (let n = 0; n < 20; n++) round(rig, supply, state, 1);

    expect(supply.creditWanted).to.be.within(16, 24);
  });

  it("falls again when the handlers become slow", () => {
    const { rig, supply } = working({ credit: undefined });
    const state = { next: 1 };
    for (let n = 0; n < 8; n++) round(rig, supply, state, 0.001);
    const before = supply.creditWanted;
    for (let n = 0; n < 2; n++) round(rig, supply, state, 20);

    expect(supply.creditWanted).to.be.below(before / 4);
  });

  it("does not grow while it is not used up", () => {
    const { rig, supply } = working({ concurrency: 4, credit: undefined });
    for (let number = 1; number < 20; number++) {
      deliver(rig, { number }, { first: number, bodies: [1] });
      rig.act(() => {
        ack(supply);
        supply.take();
      });
    }

    expect(creditsOf(rig)).to.deep.equal([]);
  });

  it("is fixed by the option, and zero while the catch is paused", () => {
    const { rig, supply } = working({ credit: 7 });
    expect(rig.said.some(({ command }) => command === "CRED")).to.equal(false);
    const state = { next: 1 };
    for (let n = 0; n < 3; n++) round(rig, supply, state, 0.001);
    rig.act(() => supply.pause());
    rig.act(() => supply.resume());

    expect(creditsOf(rig)).to.deep.equal([0, 7]);
  });
});
