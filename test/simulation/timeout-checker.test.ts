import { expect } from "chai";

import { check } from "./checker.js";
import type { LogRecord } from "./log.js";
import { acked, begun, calm, type Change, handled, isHandling, terms, without } from "./story.js";

const ackTimeoutMs = 100;

const rows: readonly (readonly [what: string, hadMs: number, isKeyed: boolean, string[]])[] = [
  ["whose cell had others of its key until its time was up", 95, true, []],
  ["whose cell had others of its key, and time left", 50, true, ["twice"]],
  ["whose cell had others, of which none was to end before it", 95, false, ["twice"]],
];

/*
 * Goal:   the checker knows when a delivery comes again since nobody settled it in time.
 * Method: a log of a calm run; the last event waits in its cell, is handled there at the last moment,
 *         and comes to another one all the same.
 * Replay: npm test -- --grep "checker of time-outs"
 */
describe("simulation: the checker of time-outs", () => {
  for (const [what, hadMs, isKeyed, finds] of rows) {
    it(`${finds.length > 0 ? "finds" : "forgives"} an event that comes again, ${what}`, () => {
      const log = calm().map((it) => ({
        ...it,
        ...(it.terms && { terms: { ...terms, affinity: isKeyed, ackTimeoutMs } }),
      }));
      const violations = check(overdue(hadMs)(log));

      expect(violations.map(({ rule }) => rule)).to.deep.equal(finds);
    });
  }
});

/** A cell has the last event for so long, begins it 5 ms before the end, and is late by 15 ms. */
function overdue(hadMs: number): Change {
  const at = (timeMs: number, record: LogRecord): LogRecord => ({ ...record, timeMs });
  return (log) => [
    ...without((it) => it.id === "s:4" && (isHandling(it) || it.action === "handled"))(log),
    at(200 - hadMs, { ...begun("s:4", "b"), action: "given" }),
    at(195, begun("s:4", "b")),
    at(200, acked("s:4", "b")),
    at(215, begun("s:4", "a", { attempt: 2, repeat: true })),
    at(216, acked("s:4", "a", 2)),
    at(217, handled("s:4")),
  ];
}
