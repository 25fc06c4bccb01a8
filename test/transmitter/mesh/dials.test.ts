import { expect } from "chai";

import { Dials } from "../../../transmitter/src/core/mesh/dials.js";

/** Dials, and what is connected to. */
function dialling(): {
  readonly dials: Dials;
  readonly open: Set<string>;
  readonly there: Set<string>;
  readonly dialled: string[];
} {
  const [open, there] = [new Set<string>(), new Set<string>()];
  const dialled: string[] = [];
  const actions = {
    dial(address: string) {
      dialled.push(address);
      open.add(address);
    },
    hangUp: (address: string) => void open.delete(address),
  };
  const dials = new Dials("own", actions, (address) =>
    there.has(address) ? [{ isUp: true }] : [],
  );
  return { dials, open, there, dialled };
}

describe("dials", () => {
  it("holds 256 addresses that others have named and where nobody answers; each makes way after 10 s", () => {
    const { dials, open } = dialling();
    const taken = Array.from({ length: 1000 }, (_, n) => dials.tryOut(`a${n}`, 0));
    expect(taken.filter(Boolean)).to.have.length(256);
    expect(open.size).to.equal(256);
    expect(dials.tryOut("a0", 9999)).to.equal(true);
    expect(dials.tryOut("next", 9999)).to.equal(false);

    expect(dials.tryOut("next", 10_000)).to.equal(true);
    expect([open.size, open.has("a0"), open.has("next")]).to.deep.equal([256, false, true]);
  });

  it("holds all where somebody has answered", () => {
    const { dials, open, there } = dialling();
    for (let n = 0; n < 1000; n++) {
      expect(dials.tryOut(`a${n}`, 0)).to.equal(true);
      there.add(`a${n}`);
      dials.dial(`a${n}`);
    }
    expect(open.size).to.equal(1000);
  });

  it("dials again where somebody new was seen, who may be elsewhere by the same name", () => {
    const { dials, dialled } = dialling();
    dials.tryOut("a", 0);
    dials.tryOut("a", 1);
    expect(dialled).to.deep.equal(["a"]);

    dials.dial("a");
    dials.dial("a");
    dials.dial("own");

    expect(dialled).to.deep.equal(["a", "a", "a"]);
  });

  it("holds what is shown something for as long as that takes", () => {
    const { dials, open } = dialling();
    dials.tryOut("own", 0, 50);
    dials.tryOut("twin", 0, 50);
    expect(dials.deadlineMs).to.equal(50);
    dials.tick(50);
    expect([open.size, dials.deadlineMs]).to.deep.equal([0, Number.POSITIVE_INFINITY]);
  });
});
