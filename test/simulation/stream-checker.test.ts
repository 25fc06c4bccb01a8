import { expect } from "chai";

import { check } from "./checker.js";
import type { LogRecord } from "./log.js";
import {
  alike,
  armedAfter,
  armedLate,
  before,
  calmMesh,
  cutLink,
  isArming,
  isSent,
  moved,
  otherHome,
  senderLost,
  takenAgain,
  unsaid,
  unseen,
  watching,
} from "./mesh-story.js";
import { also, caught, type Change, compose, gap, home, without } from "./story.js";

const rows: readonly (readonly [what: string, change: Change, finds: readonly string[]])[] = [
  ["one event that a multicatch at the other transmitter lost in silence", unseen, ["silent"]],
  [
    "the same loss when its origin and its sender died, which had not been told",
    compose(unseen, unsaid, senderLost),
    [],
  ],
  [
    "the same when the sender had been told that it is handled",
    compose(unseen, senderLost),
    ["silent"],
  ],
  ["the same loss when it was reported with its count", compose(unseen, also(gap(1))), []],
  [
    "the same loss when it was reported once, and a new home of the sender had it, too",
    compose(unseen, also(gap(1)), moved, also(takenAgain)),
    [],
  ],
  ["the same loss when it was reported without one", compose(unseen, also(gap(undefined))), []],
  [
    "the same loss when the cell had moved, and had it still reported by its old home",
    compose(unseen, also(watching("m", home), { ...gap(1), peer: otherHome })),
    [],
  ],
  [
    "the same loss when the cell had moved, and reported one of its new home",
    compose(unseen, also(watching("m", home), gap(1))),
    ["silent"],
  ],
  [
    "an event of the new home of a cell that had moved, and reported it of its old one",
    compose(before(isSent, watching("m", home)), unseen, also({ ...gap(1), peer: otherHome })),
    [],
  ],
  [
    "two of them, of which it reported one",
    compose(
      before(isSent, watching("m", home)),
      without((it) => it.action === "caught" && (it.id === "s:3" || it.id === "s:4")),
      also({ ...gap(1), peer: otherHome }),
    ),
    ["silent"],
  ],
  [
    "the same event when it was sent after that report",
    compose(before(isSent, watching("m", home), { ...gap(1), peer: otherHome }), unseen),
    ["silent"],
  ],
  [
    "the same event when it reported one before it had moved",
    compose(before(isSent, { ...gap(1), home: otherHome }, watching("m", home)), unseen),
    ["silent"],
  ],
  [
    "two losses of which one was reported",
    compose(
      without((it) => it.action === "caught" && (it.id === "s:3" || it.id === "s:4")),
      also(gap(1)),
    ),
    ["silent"],
  ],
  [
    "the same when the other event was sent before the catch, and repeated after the loss",
    compose(
      without((it) => it.action === "caught" && (it.id === "s:3" || it.id === "s:4")),
      armedLate,
      also({ ...gap(1), home: otherHome }),
      moved,
      also(takenAgain),
    ),
    [],
  ],
  [
    "an event that was taken before the catch, handled after it, and repeated to another home",
    compose(unseen, armedAfter("sent", "accepted"), moved, also(takenAgain)),
    [],
  ],
  [
    "the same when all of that came after the catch had begun",
    compose(unseen, moved, also(takenAgain)),
    ["silent"],
  ],
  [
    "an event sent before the catch that only its sender's next home confirmed, behind newer ones",
    compose(sentFirst, confirmedLate("s:1")),
    [],
  ],
  ["the same when it was sent after the catch had begun", confirmedLate("s:1"), ["silent"]],
  [
    "the same when it was sent before the catch, and no newer ones came before",
    compose(
      sentFirst,
      confirmedLate("s:1"),
      without((it) => it.action === "caught"),
    ),
    ["silent"],
  ],
  [
    "an event, behind newer ones and a gap, that its sender's first home may have held for a repeat",
    compose(afterGap, alike, confirmedLate("s:3")),
    [],
  ],
  ["the same when there was no gap", compose(alike, confirmedLate("s:3")), ["silent"]],
  [
    "the same when the gap came after it",
    compose(alike, confirmedLate("s:3"), also(gap(0))),
    ["silent"],
  ],
  ["the same when no other event has its key", compose(afterGap, confirmedLate("s:3")), ["silent"]],
  [
    "the same when no newer ones came",
    compose(
      afterGap,
      alike,
      confirmedLate("s:3"),
      without((it) => it.id === "s:4"),
    ),
    ["silent"],
  ],
  [
    "the same when that home had said that it took it for new",
    compose(afterGap, alike, unseen, moved, also(takenAgain)),
    ["silent"],
  ],
  ["a loss that came after a gap was reported", compose(unseen, afterGap), ["silent"]],
  [
    "the same loss when the link was cut as the catch was armed",
    compose(unseen, before(isWatching, cutLink(100))),
    [],
  ],
  [
    "an event that came behind a newer one when its sender had moved",
    compose(unseen, moved, also(caught("s:3"))),
    ["order"],
  ],
  [
    "the same when the link was cut as the catch was armed",
    compose(unseen, moved, also(caught("s:3")), before(isWatching, cutLink(100))),
    [],
  ],
];

/*
 * Goal:   the checker finds each loss of a stream that is not reported, and asks for no report that
 *         nobody can give.
 * Method: a log of a calm run of two transmitters; each test makes one change to it.
 * Replay: npm test -- --grep "checker of streams"
 */
describe("simulation: the checker of streams", () => {
  for (const [what, change, finds] of rows) {
    it(`${finds.length > 0 ? "finds" : "forgives"} ${what}`, () => {
      const violations = check(change(calmMesh()));

      expect([...new Set(violations.map(({ rule }) => rule))]).to.deep.equal(finds);
    });
  }
});

/** As if `s:1` was sent before anybody was armed. */
function sentFirst(log: LogRecord[]): LogRecord[] {
  const isFirst = (it: LogRecord): boolean => it.id === "s:1" && isSent(it);
  return compose(without(isFirst), before(isArming, ...log.filter(isFirst)))(log);
}

/** As if its first home had taken an event, but the sender heard that only from the next one. */
function confirmedLate(id: string): Change {
  const unheard = without((it) => {
    return it.id === id && (it.action === "accepted" || it.action === "caught");
  });
  return compose(unheard, moved, also({ ...takenAgain, id }));
}

/** As if `m` had told a gap before anything was sent. */
function afterGap(log: LogRecord[]): LogRecord[] {
  return before(isSent, gap(undefined))(log);
}

function isWatching({ action, mode }: LogRecord): boolean {
  return action === "armed" && mode === "multi";
}
