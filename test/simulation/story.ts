import type { LogRecord } from "./log.js";

export const home = "t.1";
export const group = { service: "billing", pattern: "orders.*" };
export const terms = { redeliver: true, affinity: false, ackTimeoutMs: 30_000 };
/** A change to a log. */
export type Change = (log: LogRecord[]) => LogRecord[];

/** A run without faults: `s` sends, `a` and `b` are a group, `m` gets everything. */
export function calm(): LogRecord[] {
  const log: LogRecord[] = [];
  const add = (...records: LogRecord[]): void => {
    for (const it of records) log.push({ ...it, timeMs: log.length + 1 });
  };
  add({ id: "", cell: "", action: "started", home, timeMs: 0 });
  for (const cell of ["s", "a", "b", "m"])
    add({ id: "", cell, action: "attached", home, timeMs: 0 });
  for (const cell of ["a", "b"]) {
    add({ id: "", cell, action: "armed", mode: "any", ...group, home, terms, timeMs: 0 });
  }
  add({ id: "", cell: "m", action: "armed", mode: "multi", pattern: "orders.*", home, timeMs: 0 });
  const ids = [1, 2, 3, 4].map((number) => `s:${number}`);
  for (const id of ids) {
    add({ id, cell: "s", action: "sent", channel: "orders.paid", key: "k", timeMs: 0 });
    add({ id, cell: "s", action: "accepted", home, repeat: false, timeMs: 0 });
  }
  for (const [at, id] of ids.entries()) {
    const cell = at % 2 === 0 ? "a" : "b";
    add(begun(id, cell), acked(id, cell), caught(id));
  }
  for (const id of ids) add(handled(id));
  return log;
}

export function begun(id: string, cell: string, more: Partial<LogRecord> = {}): LogRecord {
  const base = { id, cell, action: "begun" as const, ...group, channel: "orders.paid", key: "k" };
  return { ...base, attempt: 1, repeat: false, home, timeMs: 0, ...more };
}

export function acked(id: string, cell: string, attempt = 1): LogRecord {
  return { id, cell, action: "acked", ...group, attempt, timeMs: 0 };
}

export function caught(id: string): LogRecord {
  return {
    id,
    cell: "m",
    action: "caught",
    pattern: "orders.*",
    channel: "orders.paid",
    timeMs: 0,
  };
}

export function handled(id: string): LogRecord {
  return { id, cell: "s", action: "handled", home, timeMs: 0 };
}

export function gap(count: number | undefined): LogRecord {
  const base = { id: "", cell: "m", action: "gap" as const, pattern: "orders.*", home, timeMs: 0 };
  return count === undefined ? base : { ...base, count };
}

export function output(id: string, attempt: number): LogRecord {
  return { ...caught(id), cause: `s:1 billing orders.* ${attempt} 0` };
}

export function fault(cell: string): LogRecord {
  return { id: "", cell, action: "fault", count: 0, timeMs: 0 };
}

export function isHandling({ action }: LogRecord): boolean {
  return action === "begun" || action === "acked";
}

export function without(isMeant: (record: LogRecord) => boolean): Change {
  return (log) => log.filter((record) => !isMeant(record));
}

/** Adds records at the end, each at a time of its own. */
export function also(...records: LogRecord[]): Change {
  return (log) => [...log, ...records.map((it, at) => ({ ...it, timeMs: 100 + at }))];
}

/** Lets two records change their places, and with them their times. */
export function swapped(
  isOne: (it: LogRecord) => boolean,
  isOther: (it: LogRecord) => boolean,
): Change {
  return (log) => {
    const one = log.findIndex(isOne);
    const other = log.findIndex(isOther);
    const [first, second] = [log[one] as LogRecord, log[other] as LogRecord];
    return log.map((it, at) => {
      if (at === one) return { ...second, timeMs: first.timeMs };
      return at === other ? { ...first, timeMs: second.timeMs } : it;
    });
  };
}

/** The transmitter is started again, and a cell attaches there. */
export function moved(cell: string, newHome: string): Change {
  return also(
    { id: "", cell: "", action: "crashed", home, timeMs: 0 },
    { id: "", cell: "", action: "started", home: newHome, timeMs: 0 },
    { id: "", cell, action: "attached", home: newHome, timeMs: 0 },
  );
}

export function compose(...changes: Change[]): Change {
  return (log) => changes.reduce((changed, change) => change(changed), log);
}

/**
 * All cells of the group die; `c`, which has said farewell before, is the last one if it was armed
 * all the same.
 */
export function deserted(actions: readonly "armed"[]): Change {
  const about = { id: "", timeMs: 0, home };
  const c = { ...about, cell: "c" };
  return also(
    { ...c, action: "attached" },
    { ...c, action: "left" },
    ...actions.map((action) => ({ ...c, action, mode: "any" as const, ...group, terms })),
    ...["a", "b", "c"].map((cell) => ({ ...about, cell, action: "died" as const })),
  );
}

/** Adds an event that no group gets, and that is confirmed all the same. */
export const unsettled: Change = (log) => {
  const sent = { id: "s:5", cell: "s", channel: "orders.paid", key: "k", timeMs: 0 };
  const accepted = { ...sent, action: "accepted" as const, home, repeat: false };
  const records = [{ ...sent, action: "sent" as const }, accepted, caught("s:5"), handled("s:5")];
  return [...log, ...records.map((it, at) => ({ ...it, timeMs: 200 + at }))];
};

/** `a` could not handle `s:1`, and `s` goes to another transmitter, which takes it over, and back. */
export function comesBack(log: LogRecord[]): LogRecord[] {
  const nacked = log.map((it): LogRecord => {
    return it.id === "s:1" && it.action === "acked" ? { ...it, action: "nacked" } : it;
  });
  const attached = { id: "", cell: "s", action: "attached" as const, timeMs: 0 };
  return compose(
    without((it) => it.id === "s:1" && it.action === "handled"),
    also({ ...attached, home: "u.1" }, { ...attached, home }),
  )(nacked);
}
