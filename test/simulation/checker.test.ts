import { expect } from "chai";

import { check } from "./checker.js";
import type { LogRecord } from "./log.js";
import { type RuleName, ruleNames } from "./rules/rule.js";
import {
  acked,
  also,
  begun,
  calm,
  caught,
  type Change,
  comesBack,
  compose,
  deserted,
  fault,
  gap,
  group,
  handled,
  home,
  isHandling,
  moved,
  output,
  swapped,
  terms,
  unsettled,
  without,
} from "./story.js";

/*
 * Goal:   the checker finds what it is for: a log with one flaw is found guilty of that flaw and of
 *         nothing else.
 * Method: a log of a calm run that keeps every promise; each test makes one change to it.
 * Replay: npm test -- --grep "checker"
 */
describe("simulation: the checker", () => {
  it("finds nothing in a log that keeps every promise", () => {
    expect(rulesOf(calm())).to.deep.equal([]);
  });

  for (const { name, change, finds } of flaws()) {
    it(`finds ${name}`, () => {
      expect(rulesOf(change(calm()))).to.deep.equal([...finds].sort());
    });
  }

  for (const { name, change } of excuses()) {
    it(`forgives ${name}`, () => {
      expect(rulesOf(change(calm()))).to.deep.equal([]);
    });
  }

  it("has a flaw for every promise that it knows", () => {
    const found = new Set(flaws().flatMap(({ finds }) => finds));

    expect(Object.keys(ruleNames).filter((name) => !found.has(name as RuleName))).to.deep.equal([]);
  });
});

interface Row {
  readonly name: string;
  readonly change: Change;
}

function flaws(): (Row & { readonly finds: readonly RuleName[] })[] {
  const again = { attempt: 2, repeat: true };
  return [
    {
      name: "one event that never reached its group",
      change: without((it) => it.id === "s:3" && isHandling(it)),
      finds: ["lost", "early"],
    },
    {
      name: "one event whose sender never heard of it",
      change: without((it) => it.id === "s:3" && it.action === "handled"),
      finds: ["unconfirmed"],
    },
    {
      name: "an event that nobody sent",
      change: also(begun("s:9", "a"), acked("s:9", "a")),
      finds: ["invented"],
    },
    {
      name: "one event that was handled twice",
      change: also(begun("s:2", "b", again), acked("s:2", "b", 2)),
      finds: ["twice"],
    },
    {
      name: "one event that was given twice under one attempt",
      change: also(begun("s:2", "b"), acked("s:2", "b")),
      finds: ["twice"],
    },
    {
      name: "a repeat that is not marked",
      change: compose(
        moved("a", "t.2"),
        also(begun("s:2", "b", { home: "t.2" }), acked("s:2", "b")),
      ),
      finds: ["unmarked"],
    },
    {
      name: "a repeat that is not marked, though its sender was elsewhere meanwhile",
      change: compose(comesBack, also(begun("s:1", "a"), acked("s:1", "a"), handled("s:1"))),
      finds: ["unmarked"],
    },
    {
      name: "an output that went out twice",
      change: also(output("o:1", 1), output("o:2", 1)),
      finds: ["committed"],
    },
    {
      name: "an output of an attempt that was not acked",
      change: also(output("o:1", 7)),
      finds: ["committed"],
    },
    {
      name: "two events of a stream in the wrong order",
      change: swapped(
        (it) => it.id === "s:2" && it.action === "caught",
        (it) => it.id === "s:3" && it.action === "caught",
      ),
      finds: ["order"],
    },
    {
      name: "an event that a multicatch got twice",
      change: also(caught("s:4")),
      finds: ["order"],
    },
    {
      name: "an event that a multicatch lost in silence",
      change: without((it) => it.id === "s:4" && it.action === "caught"),
      finds: ["silent"],
    },
    {
      name: "a gap that is larger than what was lost",
      change: compose(
        without((it) => it.id === "s:4" && it.action === "caught"),
        also(gap(2)),
      ),
      finds: ["gaps"],
    },
    {
      name: "an event that began twice in a group of at most once",
      change: compose(
        (log) =>
          log.map((it) => ({ ...it, ...(it.terms && { terms: { ...terms, redeliver: false } }) })),
        also(fault("a"), begun("s:1", "b", again), acked("s:1", "b", 2)),
      ),
      finds: ["atMostOnce"],
    },
    {
      name: "an event at a cell that does not catch it",
      change: (log) =>
        log.map((it) => (it.id === "s:2" && isHandling(it) ? { ...it, cell: "m" } : it)),
      finds: ["member"],
    },
    {
      name: "an event at a cell that has dropped its catch",
      change: also(
        { id: "", cell: "m", action: "dropped", mode: "multi", pattern: "orders.*", timeMs: 0 },
        caught("s:4"),
      ),
      finds: ["member"],
    },
    {
      name: "a delivery beyond the credit",
      change: also(
        {
          id: "",
          cell: "a",
          action: "credit",
          mode: "any",
          pattern: "orders.*",
          count: 1,
          timeMs: 0,
        },
        { id: "s:1", cell: "a", action: "given", pattern: "orders.*", attempt: 2, timeMs: 0 },
        { id: "s:2", cell: "a", action: "given", pattern: "orders.*", attempt: 2, timeMs: 0 },
      ),
      finds: ["credit"],
    },
    {
      name: "an event that was confirmed before it was settled",
      change: swapped(
        (it) => it.id === "s:4" && it.action === "acked",
        (it) => it.id === "s:4" && it.action === "handled",
      ),
      finds: ["early"],
    },
    {
      name: "an event that overtook another one of its key",
      change: compose(
        (log) =>
          log.map((it) => ({ ...it, ...(it.terms && { terms: { ...terms, affinity: true } }) })),
        swapped(
          (it) => it.id === "s:1" && it.action === "acked",
          (it) => it.id === "s:2" && it.action === "begun",
        ),
      ),
      finds: ["keyOrder"],
    },
    {
      name: "an event that was confirmed for a group whose members had all died",
      change: compose(deserted([]), unsettled),
      finds: ["early", "lost"],
    },
  ];
}

function excuses(): Row[] {
  const again = { attempt: 2, repeat: true };
  return [
    {
      name: "an event that was handled again because its cell had died",
      change: also(fault("a"), begun("s:1", "b", again), acked("s:1", "b", 2)),
    },
    {
      name: "an event that came again because it was given back",
      change: compose(
        without((it) => it.id === "s:1" && it.action === "handled"),
        (log) =>
          log.map((it) =>
            it.id === "s:1" && it.action === "acked" ? { ...it, action: "returned" } : it,
          ),
        also(begun("s:1", "b", again), acked("s:1", "b", 2), handled("s:1")),
      ),
    },
    {
      name: "an event that came again under one attempt, as its sender was elsewhere meanwhile",
      change: compose(
        comesBack,
        also(begun("s:1", "a", { repeat: true }), acked("s:1", "a"), handled("s:1")),
      ),
    },
    {
      name: "a loss that was reported with its count",
      change: compose(
        without((it) => it.id === "s:4" && it.action === "caught"),
        also(gap(1)),
      ),
    },
    {
      name: "an event that a group gave up",
      change: (log) =>
        log.map(
          (it): LogRecord =>
            it.id === "s:3" && it.action === "acked"
              ? { id: "s:3", cell: "", action: "dead", ...group, timeMs: it.timeMs }
              : it,
        ),
    },
    {
      name: "an event of a group of at most once that vanished, and whose time to live is not over",
      change: compose(
        (log) =>
          log.map((it) => ({
            ...it,
            ...(it.terms && { terms: { ...terms, affinity: true, redeliver: false } }),
            ...(it.id === "s:2" && it.action === "sent" && { wish: { ttlMs: 15 } }),
          })),
        without((it) => it.id === "s:2" && isHandling(it)),
        (log) => [fault("s"), ...log],
      ),
    },
    {
      name: "a sender that died before it heard of its event",
      change: compose(
        without((it) => it.id === "s:4" && it.action === "handled"),
        also({ id: "", cell: "s", action: "died", timeMs: 0 }),
      ),
    },
    {
      name: "an event that was lost with its transmitter before anything was said of it",
      change: compose(
        without(
          (it) =>
            it.id === "s:4" &&
            (isHandling(it) || it.action === "handled" || it.action === "caught"),
        ),
        also(
          { id: "", cell: "", action: "crashed", home, timeMs: 0 },
          { id: "", cell: "s", action: "died", timeMs: 0 },
          gap(undefined),
        ),
      ),
    },
    {
      name: "an event for a group that ended with a cell that was armed again after it said farewell",
      change: compose(deserted(["armed"]), unsettled),
    },
  ];
}

function rulesOf(log: LogRecord[]): RuleName[] {
  return [...new Set(check(log).map(({ rule }) => rule))].sort();
}
