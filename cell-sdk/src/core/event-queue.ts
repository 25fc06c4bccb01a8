import { type Run, toMeshError, type MeshError } from "@thynapse/protocol";
import { CaughtEvent } from "./caught-event.js";

interface QueuedRun {
  readonly run: Run;
  /** The next index to take; a position in `indexes` if there are some. */
  at: number;
  readonly end: number;
  readonly indexes: Uint32Array | undefined;
}

/**
 * Events that wait for a handler, as the runs that they came in. Hot path: an event becomes an
 * object only when it is taken.
 */
export class EventQueue {
  /** Bytes of the runs in the queue. */
  bytes = 0;
  private runs: QueuedRun[] = [];
  private head = 0;
  private readonly onBad: (error: MeshError) => void;

  /** @param onBad called for a body that cannot be decoded; its event is skipped. */
  constructor(onBad: (error: MeshError) => void) {
    this.onBad = onBad;
  }

  get isEmpty(): boolean {
    return this.head === this.runs.length;
  }

  /** Whether there is more than one run. */
  get hasMany(): boolean {
    return this.head + 1 < this.runs.length;
  }

  /** Adds the events of a run from `from` on, or those of `indexes`. */
  push(run: Run, from: number, indexes: Uint32Array | undefined): void {
    const end = indexes === undefined ? run.count : indexes.length;
    const at = indexes === undefined ? from : 0;
    if (at >= end) return;
    this.runs.push({ run, at, end, indexes });
    this.bytes += run.bytes.length;
  }

  /** Takes the next event. */
  shift(): CaughtEvent | undefined {
    while (this.head < this.runs.length) {
      const queued = this.runs[this.head] as QueuedRun;
      const { run, indexes } = queued;
      const at = queued.at++;
      const index = indexes === undefined ? at : (indexes[at] as number);
      if (queued.at === queued.end) this.leave(queued);
      try {
        return new CaughtEvent(run, index, run.dataAt(index));
      } catch (thrown) {
        this.onBad(toMeshError(thrown));
      }
    }
    return undefined;
  }

  /** Drops the run that has waited longest. @returns how many events that were. */
  dropOldest(): number {
    const oldest = this.runs[this.head];
    if (oldest === undefined) return 0;
    this.leave(oldest);
    return oldest.end - oldest.at;
  }

  clear(): void {
    this.runs = [];
    this.head = 0;
    this.bytes = 0;
  }

  private leave(queued: QueuedRun): void {
    this.bytes -= queued.run.bytes.length;
    this.head++;
    if (this.head * 2 > this.runs.length) {
      this.runs = this.runs.slice(this.head);
      this.head = 0;
    }
  }
}
