import { expect } from "chai";

import { type LivedOnTerms, runLivedOn } from "./lived-on-world.js";

const rows: readonly (readonly [what: string, terms: LivedOnTerms, gaps: number])[] = [
  [
    "alone with its senders, from the only other one",
    { count: 2, cuts: [[0, 1]], troubleMs: 7000 },
    1,
  ],
  [
    "the same, when it is started again at once",
    { count: 2, cuts: [[0, 1]], troubleMs: 7000, isBack: true },
    1,
  ],
  [
    "alone with its senders, from two others",
    {
      count: 3,
      cuts: [
        [0, 1],
        [0, 2],
      ],
      troubleMs: 7000,
    },
    2,
  ],
  [
    "with another one, from one that is alone",
    {
      count: 3,
      cuts: [
        [0, 2],
        [1, 2],
      ],
      troubleMs: 7000,
    },
    1,
  ],
  [
    "the same, when it is started again at once",
    {
      count: 3,
      cuts: [
        [0, 2],
        [1, 2],
      ],
      troubleMs: 7000,
      isBack: true,
    },
    1,
  ],
  ["while another one is frozen", { count: 3, frozen: 2, troubleMs: 7000 }, 1],
  [
    "with a cut so short that its senders repeat all",
    { count: 2, cuts: [[0, 1]], troubleMs: 2000 },
    0,
  ],
];

/*
 * Goal:   what an origin confirmed while others were cut off from it, and could not tell them since
 *         it died, is reported by the cells that missed it: as a gap of which nobody knows the size.
 * Method: worlds with one such death; the checker finds what is lost in silence.
 * Replay: npm run test:simulation -- --grep "lived on"
 */
describe("simulation: an origin that lived on without others", () => {
  for (const [what, terms, gaps] of rows) {
    it(`is known for it by those that missed its events: ${what}`, function () {
      for (const seed of [1, 2, 3]) {
        const { world, waits, gaps: seen } = runLivedOn(seed, terms);

        expect([...world.checker.violations.map(({ what: it }) => it), waits]).to.deep.equal([
          undefined,
        ]);
        expect(seen.length, `seed ${seed}`).to.equal(gaps);
      }
    });
  }
});
