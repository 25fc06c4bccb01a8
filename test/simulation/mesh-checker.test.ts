import { expect } from "chai";

import { check } from "./checker.js";
import type { LogRecord } from "./log.js";
import {
  alike,
  armed,
  armedLate,
  attached,
  before,
  calmMesh,
  cutLink,
  drained,
  isArming,
  isSent,
  moved,
  otherHome,
  started,
  takenAgain,
  unsaid,
  unseen,
} from "./mesh-story.js";
import type { RuleName } from "./rules/rule.js";
import {
  acked,
  also,
  begun,
  caught,
  type Change,
  compose,
  fault,
  group,
  handled,
  home,
  isHandling,
  swapped,
  without,
} from "./story.js";

/*
 * Goal:   the checker knows that a mesh is one: what was armed at one transmitter must be known at
 *         every other one, unless they were out of touch.
 * Method: a log of a calm run of two transmitters; each test makes one change to it.
 * Replay: npm test -- --grep "checker of meshes"
 */
describe("simulation: the checker of meshes", () => {
  it("finds nothing in a log that keeps every promise", () => {
    expect(rulesOf(calmMesh())).to.deep.equal([]);
  });

  for (const { name, change, finds } of rows()) {
    const verb = finds.length > 0 ? "finds" : "forgives";
    it(`${verb} ${name}`, () => {
      expect(rulesOf(change(calmMesh()))).to.deep.equal([...finds].sort());
    });
  }
});

interface Row {
  readonly name: string;
  readonly change: Change;
  readonly finds: readonly RuleName[];
}

function rows(): Row[] {
  const unhandled = without((it) => it.id === "s:3" && isHandling(it));
  const again = { home: otherHome, repeat: true };
  const untold = without(({ id, action }) => {
    return id === "s:3" && (action === "accepted" || action === "handled");
  });
  const refused = { id: "s:3", cell: "s", action: "refused", home, timeMs: 0 } as const;
  const takenOver = compose(moved, also(takenAgain, { ...handled("s:3"), home: otherHome }));
  const twice = (more: Partial<LogRecord>): Change =>
    compose(moved, also(begun("s:2", "a", more), acked("s:2", "a")));
  const isThird = (it: LogRecord): boolean => it.id === "s:3" && isSent(it);
  const empty = { id: "", cell: "z", mode: "any", ...group, timeMs: 0 } as const;
  const [asking, dropping] = [
    { ...empty, action: "credit", count: 1, home: otherHome },
    { ...empty, action: "dropped" },
  ] as const;
  // The only member is away, and the group is kept for it.
  const kept = (...records: LogRecord[]): Change =>
    compose(
      unhandled,
      before(isThird, { id: "", cell: "a", action: "detached", home: otherHome, timeMs: 0 }),
      before(isThird, ...records),
      before(({ action }) => action === "begun", armed("a", otherHome)),
    );
  return [
    {
      name: "an event for a group that ended with one that had asked for it, and may have had it",
      change: kept(attached("z", otherHome), asking, dropping),
      finds: [],
    },
    {
      name: "an event for a group that is kept, though one drops it that had not asked for it",
      change: kept(attached("z", otherHome), dropping),
      finds: ["early", "lost"],
    },
    {
      name: "an event for a group of which one that is there has not dropped it",
      change: kept(attached("z", otherHome), asking, armed("y", otherHome), dropping),
      finds: ["early", "lost"],
    },
    {
      name: "one event that never reached its group at the other transmitter",
      change: unhandled,
      finds: ["early", "lost"],
    },
    {
      name: "one event that is lost in a cut which began when all knew of the group",
      change: compose(unhandled, before(isSent, cutLink(9000))),
      finds: ["early", "lost"],
    },
    {
      name: "the same event when the link was cut as the group was armed",
      change: compose(unhandled, before(isArming, cutLink(9000))),
      finds: [],
    },
    {
      name: "the same event when the group's transmitter was paused then",
      change: compose(unhandled, before(isArming, { ...fault(""), home: otherHome, count: 100 })),
      finds: [],
    },
    {
      name: "one event of a transmitter that started later, and had welcomed its sender",
      change: compose(
        unhandled,
        (log) => log.toSpliced(0, 1),
        before(isSent, started(home)),
        (log) =>
          log
            .filter((it) => it.cell !== "s" || it.action !== "attached")
            .flatMap((it) => (it.id === "s:1" && isSent(it) ? [attachedAt(it.timeMs), it] : [it])),
      ),
      finds: ["early", "lost"],
    },
    {
      name: "an event that came twice by two transmitters though nothing was wrong",
      change: twice(again),
      finds: ["twice"],
    },
    {
      name: "the same when the link between them was cut",
      change: compose(before(isSent, cutLink(100)), twice(again)),
      finds: [],
    },
    {
      name: "the same when neither is marked",
      change: compose(before(isSent, cutLink(100)), twice({ ...again, repeat: false })),
      finds: ["unmarked"],
    },
    {
      name: "two events of a stream that changed places on a link",
      change: swapped(
        (it) => it.id === "s:2" && it.action === "caught",
        (it) => it.id === "s:3" && it.action === "caught",
      ),
      finds: ["order"],
    },
    {
      name: "an event that came late when its sender had moved",
      change: compose(unseen, moved, also(caught("s:3"))),
      finds: ["order"],
    },
    {
      name: "one that the old home may have known by the key of an earlier one (§11.6)",
      change: compose(unseen, alike, moved, also(caught("s:3"))),
      finds: [],
    },
    {
      name: "the same when its sender had not moved",
      change: compose(unseen, alike, also(caught("s:3"))),
      finds: ["order"],
    },
    {
      name: "one that the old home had refused for one group, and passed on to streams (§8.9)",
      change: compose(unseen, untold, also(refused), moved, also(caught("s:3"))),
      finds: [],
    },
    {
      name: "the same when its sender stayed",
      change: compose(unseen, untold, also(refused), also(caught("s:3"))),
      finds: ["order"],
    },
    {
      name: "an event that a multicatch got by two transmitters",
      change: compose(moved, also(caught("s:4"))),
      finds: ["order"],
    },
    {
      name: "an event whose sender moved, confirmed by the new home before it was settled",
      change: compose(
        without(({ id, action }) => id === "s:4" && (action === "acked" || action === "handled")),
        moved,
        also({ id: "s:4", cell: "s", action: "accepted", ...again, timeMs: 0 }),
        also({ ...handled("s:4"), home: otherHome }),
        also(acked("s:4", "a")),
      ),
      finds: ["early"],
    },
    {
      name: "an event that the new home has confirmed for a group armed after the old one had it",
      change: compose(unhandled, armedLate, takenOver),
      finds: [],
    },
    {
      name: "one that the old home, which lives, may have known by the key of an earlier one (§11.6)",
      change: compose(unhandled, alike, untold, takenOver),
      finds: [],
    },
    {
      name: "the same when the sender had no other home",
      change: compose(unhandled, alike),
      finds: ["early", "lost"],
    },
    {
      name: "one for a group armed after the old home had it, when that is no more",
      change: compose(
        unhandled,
        armedLate,
        unsaid,
        also({ ...started(home), action: "crashed" }),
        takenOver,
      ),
      finds: ["early", "lost"],
    },
    {
      name: "the same when that has drained, and may have told the new home that it was settled",
      change: compose(unhandled, armedLate, unsaid, drained, takenOver),
      finds: [],
    },
    {
      name: "the same when it died after its sender had come to the new home",
      change: compose(
        unhandled,
        armedLate,
        unsaid,
        also(attached("s", otherHome), { ...started(home), action: "crashed" }, takenAgain, {
          ...handled("s:3"),
          home: otherHome,
        }),
      ),
      finds: [],
    },
    {
      name: "one that the group did not get when the old home, which knew of it, has drained",
      change: compose(unhandled, unsaid, drained, takenOver),
      finds: ["early", "lost"],
    },
    {
      name: "one for a group armed after the old home had it, when its sender knew that it was handled",
      change: compose(
        unhandled,
        armedLate,
        also({ ...started(home), action: "crashed" }),
        takenOver,
      ),
      finds: [],
    },
  ];
}

function attachedAt(timeMs: number): LogRecord {
  return { ...attached("s", home), timeMs };
}

function rulesOf(log: LogRecord[]): RuleName[] {
  return [...new Set(check(log).map(({ rule }) => rule))].sort();
}
