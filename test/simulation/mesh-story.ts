import type { LogRecord } from "./log.js";
import {
  acked,
  also,
  begun,
  caught,
  type Change,
  compose,
  group,
  handled,
  home,
  terms,
  without,
} from "./story.js";

export const otherHome = "u.1";

/**
 * A run of two transmitters without faults: `s` sends at one of them; `a`, alone in its group, and
 * `m`, which gets everything, are attached at the other one.
 */
export function calmMesh(): LogRecord[] {
  const log: LogRecord[] = [];
  const add = (...records: LogRecord[]): void => {
    for (const it of records) log.push({ ...it, timeMs: log.length + 1 });
  };
  add(started(home), started(otherHome), attached("s", home));
  add(attached("a", otherHome), attached("m", otherHome));
  add(armed("a", otherHome), watching("m", otherHome));
  const ids = [1, 2, 3, 4].map((number) => `s:${number}`);
  for (const id of ids) {
    add({ id, cell: "s", action: "sent", channel: "orders.paid", timeMs: 0 });
    add({ id, cell: "s", action: "accepted", home, repeat: false, timeMs: 0 });
  }
  for (const id of ids) add(begun(id, "a"), acked(id, "a"), caught(id));
  for (const id of ids) add(handled(id));
  return log;
}

export function started(at: string): LogRecord {
  return { id: "", cell: "", action: "started", home: at, timeMs: 0 };
}

export function attached(cell: string, at: string): LogRecord {
  return { id: "", cell, action: "attached", home: at, timeMs: 0 };
}

/** A cell is a member of the group. */
export function armed(cell: string, at: string): LogRecord {
  return { id: "", cell, action: "armed", mode: "any", ...group, home: at, terms, timeMs: 0 };
}

/** A cell multicatches. */
export function watching(cell: string, at: string): LogRecord {
  const catches = { mode: "multi" as const, pattern: "orders.*" };
  return { id: "", cell, action: "armed", ...catches, home: at, timeMs: 0 };
}

/** The link between the two is cut for so long. */
export function cutLink(durationMs: number): LogRecord {
  const link = { home, peer: otherHome };
  return { id: "", cell: "", action: "fault", ...link, count: durationMs, timeMs: 0 };
}

/** The transmitter of the sender ends by its own will. */
export const drained: Change = also(
  { ...started(home), action: "drained" },
  { ...started(home), action: "crashed" },
);

/** The same, and the other one has taken over what it had not settled. */
export const succeeded: Change = also(
  { ...started(home), action: "drained", peer: otherHome },
  { ...started(home), action: "crashed" },
);

/** `m` did not get `s:3`. */
export const unseen: Change = without((it) => it.id === "s:3" && it.action === "caught");

/** `s` was not told that `s:3` is handled. */
export const unsaid: Change = without((it) => it.id === "s:3" && it.action === "handled");

/** The sender attaches to the other transmitter. */
export const moved: Change = also(attached("s", otherHome));

/** That one takes `s:3`, too. */
export const takenAgain = {
  id: "s:3",
  cell: "s",
  action: "accepted",
  home: otherHome,
  timeMs: 0,
} as const;

/** The sender dies with its transmitter. */
export const senderLost: Change = also(
  { ...started(home), action: "crashed" },
  { id: "", cell: "s", action: "died", timeMs: 0 },
);

/** Puts a record before the first one that is meant, at the same time. */
export function before(
  isMeant: (record: LogRecord) => boolean,
  ...records: LogRecord[]
): (log: LogRecord[]) => LogRecord[] {
  return (log) => {
    const at = log.findIndex(isMeant);
    const { timeMs } = log[at] as LogRecord;
    return log.toSpliced(at, 0, ...records.map((it) => ({ ...it, timeMs })));
  };
}

export function isArming({ action, mode }: LogRecord): boolean {
  return action === "armed" && mode === "any";
}

export function isSent({ action }: LogRecord): boolean {
  return action === "sent";
}

/** As if `a` was armed when the old home had `s:3`, and the others come after that. */
export const armedLate: Change = armedAfter("sent", "accepted", "handled");

/** As if `a` and `m` were armed after that had become of `s:3`. */
export function armedAfter(...actions: LogRecord["action"][]): Change {
  return (log) => {
    const isEarly = ({ id, action }: LogRecord): boolean =>
      id === "s:3" && actions.includes(action);
    const rest = log.filter((it) => !isEarly(it));
    const at = rest.findIndex(isArming);
    return rest.toSpliced(at, 0, ...log.filter(isEarly)).map((it, index) => {
      return { ...it, timeMs: index + 1 };
    });
  };
}

/** `s:0` never reached the group: `s:3`, with its key, must, unless it was taken for a repeat. */
export function alike(log: LogRecord[]): LogRecord[] {
  const first = log.find((it) => it.id === "s:3" && isSent(it)) as LogRecord;
  const wish = { same: "one" };
  const marked = log.map((it) => (it === first ? { ...it, wish } : it));
  return compose(before(isSent, { ...first, id: "s:0", wish }), also(handled("s:0")))(marked);
}
