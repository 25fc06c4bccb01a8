import { keptBytesMax, keptMs } from "@thynapse/protocol";
import type { RunRecord } from "./run-record.js";

interface Kept {
  readonly record: RunRecord;
  readonly untilMs: number;
}

/** What is old may wait so long for others, in ms: one look for many. */
const lookMs = 250;

/**
 * Runs that are done and are kept a while longer, in case a transmitter dies before its event
 * sockets have carried what it confirmed: the last 8 MiB, 2 s each.
 *
 * @see PROTOCOL.md §11.5
 */
export class KeptRuns {
  private queue: Kept[] = [];
  private head = 0;
  private bytes = 0;
  private readonly drop: (record: RunRecord) => void;

  constructor(drop: (record: RunRecord) => void) {
    this.drop = drop;
  }

  /** When `trim` is due; infinite if never. */
  get deadlineMs(): number {
    const oldest = this.queue[this.head];
    return oldest === undefined ? Number.POSITIVE_INFINITY : oldest.untilMs + lookMs;
  }

  add(record: RunRecord, nowMs: number): void {
    this.bytes += record.bytes;
    this.queue.push({ record, untilMs: nowMs + keptMs });
    this.trim(nowMs);
  }

  /** Drops what is too old or too much. */
  trim(nowMs: number): void {
    for (;;) {
      const oldest = this.queue[this.head];
      if (oldest === undefined) break;
      if (oldest.untilMs > nowMs && this.bytes <= keptBytesMax) break;
      this.head++;
      this.bytes -= oldest.record.bytes;
      this.drop(oldest.record);
    }
    if (this.head > 64 && this.head * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
  }
}
