import { expect } from "chai";

import { check } from "./checker.js";
import { calmMesh, drained, otherHome, started, succeeded } from "./mesh-story.js";
import { also, type Change, compose, isHandling, without } from "./story.js";

/** An event that the group did not get, and whose sender is gone. */
const orphaned = compose(
  without((it) => it.id === "s:3" && (isHandling(it) || it.action === "handled")),
  also({ id: "", cell: "s", action: "died", timeMs: 0 }),
);

const rows: readonly (readonly [what: string, change: Change, finds: readonly string[]])[] = [
  ["which the successor of its home has taken over", succeeded, ["lost"]],
  ["which nobody has taken over", drained, []],
  [
    "whose successor is no more",
    compose(succeeded, also({ ...started(otherHome), action: "crashed" })),
    [],
  ],
];

/*
 * Goal:   the checker knows who has to settle what a transmitter had accepted that has drained.
 * Method: a log of a calm run; the sender of an unsettled event dies, and its home drains.
 * Replay: npm test -- --grep "checker of successions"
 */
describe("simulation: the checker of successions", () => {
  for (const [what, change, finds] of rows) {
    it(`${finds.length > 0 ? "finds" : "forgives"} an event that is not settled, ${what}`, () => {
      const violations = check(compose(orphaned, change)(calmMesh()));

      expect(violations.map(({ rule }) => rule)).to.deep.equal(finds);
    });
  }
});
