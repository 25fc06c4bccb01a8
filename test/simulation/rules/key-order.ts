import type { LogRecord } from "../log.js";
import type { EventBook, GroupBook } from "./books.js";
import { outcomeMs } from "./outcome.js";
import type { Rule, RuleParts } from "./rule.js";

/**
 * Groups with affinity: of one sender and key, an event begins only when the one before it has
 * ended.
 *
 * Held against the whole log, because what a sender is told of an event may come later than the
 * event itself.
 */
export class KeyOrderRule implements Rule {
  private readonly parts: RuleParts;

  constructor(parts: RuleParts) {
    this.parts = parts;
  }

  take(_record: LogRecord): void {}

  finish(nowMs: number): void {
    const lines = new Map<GroupBook, Map<string, EventBook[]>>();
    for (const event of this.parts.books.events.values()) {
      // What goes nowhere under another event's idempotency key has no place of its own.
      if (event.key === undefined || event.wish.same !== undefined) continue;
      for (const group of new Set(event.musts.map((must) => must.group))) {
        if (group.hasAffinity) lineOf(lines, group, `${event.sender} ${event.key}`).push(event);
      }
    }
    for (const [group, byKey] of lines) {
      for (const line of byKey.values()) this.check(group, line, nowMs);
    }
  }

  private check(group: GroupBook, line: EventBook[], nowMs: number): void {
    line.sort((a, b) => a.number - b.number);
    for (const [at, event] of line.entries()) {
      const before = line[at - 1];
      if (before === undefined) continue;
      const homes = homesOf(before, group);
      const endedMs = outcomeMs(this.parts, before, group, nowMs) ?? Number.POSITIVE_INFINITY;
      for (const { home, begunMs } of event.handlings.get(group) ?? []) {
        if (begunMs >= endedMs || !homes.has(home) || !homesOf(event, group).has(home)) continue;
        const times = `began at ${begunMs.toFixed(1)}, ${before.id} ended at ${endedMs.toFixed(1)}`;
        this.parts.broken("keyOrder", `${event.id} in ${group.name} ${times}`, begunMs);
      }
    }
  }
}

/** The transmitters that had the event for the group. */
function homesOf(event: EventBook, group: GroupBook): Set<string> {
  return new Set(event.musts.filter((must) => must.group === group).map(({ home }) => home));
}

function lineOf(
  lines: Map<GroupBook, Map<string, EventBook[]>>,
  group: GroupBook,
  name: string,
): EventBook[] {
  let byKey = lines.get(group);
  if (byKey === undefined) {
    byKey = new Map();
    lines.set(group, byKey);
  }
  let line = byKey.get(name);
  if (line === undefined) {
    line = [];
    byKey.set(name, line);
  }
  return line;
}
