import { expect } from "chai";

import { defaultTerms, Wishes } from "../../transmitter/src/core/groups/group-terms.js";

const strict = { ...defaultTerms, redeliver: false, attemptsMax: 3 };
const slow = { ...defaultTerms, affinity: true, ackTimeoutMs: 60_000 };

describe("transmitter core: the wishes of a group (§10.1)", () => {
  it("come to what the most careful of them asks for", () => {
    const wishes = new Wishes();
    for (const wish of [defaultTerms, strict, slow]) wishes.add(wish);

    expect(wishes.terms).to.deep.equal({ ...strict, affinity: true, ackTimeoutMs: 60_000 });
  });

  it("count for as long as one member has them", () => {
    const wishes = new Wishes();
    for (const wish of [defaultTerms, strict, { ...strict }]) wishes.add(wish);

    wishes.remove({ ...strict });
    expect(wishes.terms).to.deep.equal(strict);
    wishes.remove(strict);
    expect(wishes.terms).to.deep.equal(defaultTerms);
    wishes.remove(defaultTerms);
    expect(wishes.terms).to.equal(undefined);
  });
});
