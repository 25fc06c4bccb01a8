import { expect } from "chai";

import { check } from "./checker.js";
import type { LogRecord } from "./log.js";
import {
  acked,
  begun,
  calm,
  type Change,
  compose,
  fault,
  handled,
  home,
  isHandling,
  without,
} from "./story.js";

const stayed = without((it) => it.home === "u.1");
const unmarked: Change = (log) => log.map((it) => ({ ...it, ...(it.repeat && { repeat: false }) }));
const wasHandled: Change = (log) => {
  return log.map((it) => (it.action === "nacked" ? { ...it, action: "acked" } : it));
};
/** The cell that begins it last had been out of touch: it may have had it first. */
const beganLate = compose(wasHandled, unmarked, (log) => [fault("a"), ...log]);

const rows: readonly (readonly [what: string, change: Change, finds: readonly string[]])[] = [
  ["whose sender was elsewhere meanwhile", (log) => log, []],
  ["whose sender was elsewhere meanwhile, unmarked", unmarked, ["unmarked"]],
  ["whose sender stayed", stayed, ["twice"]],
  ["which was handled before its sender went elsewhere", wasHandled, ["twice"]],
  ["which was handled then, at a cell that began late", beganLate, []],
];

/*
 * Goal:   the checker knows that attempts begin anew where a sender has come back, as its other home
 *         had taken over what had failed here.
 * Method: a log of a calm run; the second attempt at an event fails, its sender goes to another
 *         transmitter and comes back, and another cell has the event under the first attempt.
 * Replay: npm test -- --grep "checker of returns"
 */
describe("simulation: the checker of returns", () => {
  for (const [what, change, finds] of rows) {
    it(`${finds.length > 0 ? "finds" : "forgives"} a lower attempt at an event ${what}`, () => {
      const violations = check(change(returned(calm())));

      expect(violations.map(({ rule }) => rule)).to.deep.equal(finds);
    });
  }
});

function returned(log: LogRecord[]): LogRecord[] {
  const attached = { id: "", cell: "s", action: "attached", timeMs: 0 } as const;
  const records: LogRecord[] = [
    begun("s:1", "b", { attempt: 2, repeat: true }),
    { ...acked("s:1", "b", 2), action: "nacked" },
    { ...attached, home: "u.1" },
    { ...attached, home },
    begun("s:1", "a", { repeat: true }),
    acked("s:1", "a"),
    handled("s:1"),
  ];
  const rest = without((it) => it.id === "s:1" && (isHandling(it) || it.action === "handled"))(log);
  return [...rest, ...records.map((it, at) => ({ ...it, timeMs: 100 + at }))];
}
