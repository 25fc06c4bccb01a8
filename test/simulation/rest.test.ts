import { expect } from "chai";

import { Patience } from "./rest.js";

describe("simulation: patience with what drains", () => {
  it("lasts while less is left than ever before, and its time longer", () => {
    const patience = new Patience(1000);
    const looks = [
      [0, 90],
      [900, 50],
      [1800, 60],
      [1899, 50],
    ] as const;
    expect(looks.map(([ms, left]) => patience.isOver(left, ms))).to.not.include(true);

    expect(patience.isOver(49, 1900)).to.equal(false);
    expect(patience.isOver(49, 2899)).to.equal(false);
    expect(patience.isOver(49, 2900)).to.equal(true);
  });

  it("ends where as much comes back as is settled", () => {
    const patience = new Patience(1000);
    const outcomes = [0, 250, 500, 750, 1000].map((ms) => patience.isOver(5 + (ms % 500), ms));

    expect(outcomes).to.deep.equal([false, false, false, false, true]);
  });
});
