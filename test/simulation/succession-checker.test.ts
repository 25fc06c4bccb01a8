import { expect } from "chai";

import { check } from "./checker.js";
import type { LogRecord } from "./log.js";
import {
  attached,
  before,
  calmMesh,
  drained,
  otherHome,
  started,
  succeeded,
} from "./mesh-story.js";
import { also, type Change, compose, isHandling, without } from "./story.js";

/** An event that the group did not get, and whose sender is gone. */
const orphaned = compose(
  without((it) => it.id === "s:3" && (isHandling(it) || it.action === "handled")),
  also({ id: "", cell: "s", action: "died", timeMs: 0 }),
);

const rows: readonly (readonly [what: string, change: Change, finds: readonly string[]])[] = [
  ["which the successor of its home has taken over", succeeded, ["lost"]],
  ["which nobody has taken over", drained, []],
  ["which it had taken along to another home", movedTo(started(otherHome)), ["lost"]],
  [
    "which it had taken along to a home that is no more",
    movedTo({ ...started(otherHome), action: "crashed" }),
    [],
  ],
  [
    "whose successor is no more",
    compose(succeeded, also({ ...started(otherHome), action: "crashed" })),
    [],
  ],
];

/** The sender had moved before it died, and something befell its new home then. */
function movedTo(then: LogRecord): Change {
  return compose(
    before(({ action }) => action === "died", attached("s", otherHome)),
    also(then),
  );
}

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
