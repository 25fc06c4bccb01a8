import { closeSync, openSync, readSync, writeSync } from "node:fs";

import type { LogEntry, LogRecord } from "../simulation/log.js";

/**
 * The time in ms on the machine's monotonic clock: every process of a machine reads the same one, so the records of
 * different processes stand in one order.
 */
export function sharedClockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What all records of one writer have in common. */
export type LogDefaults = Pick<LogRecord, "cell"> & Partial<LogRecord>;

/**
 * The log of one process, a JSON line for each record. Each is with the kernel before `write` returns, so what a process
 * did before it was killed stands in its log.
 */
export class RunLog {
  private readonly file: number;

  /** @param defaults what stands in every record; written once, as the first line. */
  constructor(path: string, defaults: LogDefaults) {
    this.file = openSync(path, "a");
    writeSync(this.file, `${JSON.stringify(defaults)}\n`);
  }

  write(entry: LogEntry): void {
    writeSync(this.file, `${JSON.stringify({ ...entry, timeMs: sharedClockMs() })}\n`);
  }

  close(): void {
    closeSync(this.file);
  }
}

/** Reads the records of one log, in the order in which they were written. A line that was cut off ends it. */
export function* recordsOf(path: string): Generator<LogRecord> {
  let defaults: LogDefaults | undefined;
  for (const line of linesOf(path)) {
    const record = JSON.parse(line) as LogRecord;
    // A spread would be a copy of each record, and cost five times as much.
    if (defaults === undefined) defaults = record;
    else yield Object.assign(record, defaults);
  }
}

/** Puts logs, each in the order of its times, into one. */
export function* merged(logs: readonly Iterable<LogRecord>[]): Generator<LogRecord> {
  const heads: { record: LogRecord; readonly rest: Iterator<LogRecord> }[] = [];
  for (const log of logs) {
    const rest = log[Symbol.iterator]();
    const { value, done } = rest.next();
    if (done !== true) heads.push({ record: value, rest });
  }
  while (heads.length > 0) {
    let first = 0;
    for (let at = 1; at < heads.length; at++) {
      if (heads[at]!.record.timeMs < heads[first]!.record.timeMs) first = at;
    }
    const head = heads[first]!;
    yield head.record;
    const { value, done } = head.rest.next();
    if (done === true) heads.splice(first, 1);
    else head.record = value;
  }
}

const chunkBytes = 1 << 20;

/** The complete lines of a file, without having all of it in memory. */
function* linesOf(path: string): Generator<string> {
  const file = openSync(path, "r");
  try {
    const chunk = Buffer.alloc(chunkBytes);
    let left = "";
    for (;;) {
      // All that is written is ASCII: a chunk never ends within a character.
      const size = readSync(file, chunk);
      if (size === 0) return;
      const lines = (left + chunk.toString("latin1", 0, size)).split("\n");
      left = lines.pop() ?? "";
      yield* lines;
    }
  } finally {
    closeSync(file);
  }
}
