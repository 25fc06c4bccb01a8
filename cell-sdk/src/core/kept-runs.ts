import { keptBytesMax, keptMs } from "@thynapse/protocol";
import type { RunRecord } from "./run-record.js";

interface Kept {
  readonly record: RunRecord;
  /** In ms of `clockMs`. */
  readonly untilMs: number;
}

/** Of a silence so much counts, in ms: two heartbeats. */
const silenceMsMax = 500;

/**
 * Runs that are done and are kept a while longer, in case a transmitter dies before its event
 * sockets have carried what it confirmed: the last 8 MiB, each for 2 s in which the transmitter is
 * heard. It may have died at the beginning of a silence; and who was frozen may hear it by what
 * came long ago.
 *
 * @see PROTOCOL.md §11.5
 */
export class KeptRuns {
  private queue: Kept[] = [];
  private head = 0;
  private bytes = 0;
  /** For how long a transmitter has been heard, in ms. */
  private clockMs = 0;
  private heardMs = Number.NEGATIVE_INFINITY;
  private readonly drop: (record: RunRecord) => void;

  constructor(drop: (record: RunRecord) => void) {
    this.drop = drop;
  }

  /** The transmitter is heard: time has passed in which it lived. */
  heard(nowMs: number): void {
    this.clockMs += Math.min(nowMs - this.heardMs, silenceMsMax);
    this.heardMs = nowMs;
    this.trim();
  }

  add(record: RunRecord): void {
    this.bytes += record.bytes;
    this.queue.push({ record, untilMs: this.clockMs + keptMs });
    this.trim();
  }

  /** Drops what is too old or too much. */
  private trim(): void {
    for (;;) {
      const oldest = this.queue[this.head];
      if (oldest === undefined) break;
      if (oldest.untilMs > this.clockMs && this.bytes <= keptBytesMax) break;
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
