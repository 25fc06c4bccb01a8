import { windowBytesMax } from "@thynapse/protocol";
import type { RunRecord } from "./run-record.js";
import { sliceOfRun } from "./run-resend.js";

/** What the flow needs of the outbox. */
export interface RunFlowHost {
  /** Sends a command; only called while the flow is attached and the pipe is open. */
  command(part: Buffer): void;
  /** The part to send of a run that was sent before, or was closed on another attachment. */
  rewrite(part: Buffer, record: RunRecord, isFirst: boolean): Buffer;
}

/** A new attachment, as far as runs go. */
export interface FlowAttachment {
  /** Differs from that of every other attachment; at least 1. */
  readonly number: number;
  readonly windowBytes: number;
}

/**
 * Runs on the wire, not accepted, up to which the cell counts as idle and sends what it has at
 * once.
 */
const eagerRunsMax = 16;
const busyDelayMinMs = 20;
const busyDelayMaxMs = 1000;
/** After a transmitter was busy so many bytes go out first, lest all come back again. */
const probeBytes = 64 * 1024;

/**
 * Which closed run goes out when: in order, at most a window full of bytes unaccepted, not into a
 * full pipe, and not while the transmitter is busy.
 *
 * @see PROTOCOL.md §11.4
 */
export class RunFlow {
  private readonly host: RunFlowHost;
  private queue: RunRecord[] = [];
  private head = 0;
  private queuedBytes = 0;
  private wireBytes = 0;
  private wireRuns = 0;
  /** 0: detached. */
  private attachment = 0;
  private windowBytes = windowBytesMax;
  private pipeOpen = true;
  private isHeld = false;
  private busyUntilMs = Number.POSITIVE_INFINITY;
  private busyDelayMs = busyDelayMinMs;
  /** Bytes that may be on the wire, if less than the window: twice as many with each answer. */
  private probeBytesMax = Number.POSITIVE_INFINITY;

  constructor(host: RunFlowHost) {
    this.host = host;
  }

  get deadlineMs(): number {
    return this.busyUntilMs;
  }

  /** Bytes of closed runs that are not accepted, whether they were sent or not. */
  get unacceptedBytes(): number {
    return this.queuedBytes + this.wireBytes;
  }

  get hasRoom(): boolean {
    return this.unacceptedBytes < this.windowBytes;
  }

  /** Whether a run that is not full should be sent now rather than filled further. */
  get isIdle(): boolean {
    return this.isSending && this.head === this.queue.length && this.wireRuns < eagerRunsMax;
  }

  /** Sends `records`, ascending, before anything else. */
  attach({ number, windowBytes }: FlowAttachment, records: readonly RunRecord[]): void {
    this.attachment = number;
    this.windowBytes = Math.min(windowBytes, windowBytesMax);
    this.pipeOpen = true;
    this.isHeld = false;
    this.notBusy();
    this.fill(records);
    this.pump();
  }

  /** Sends nothing more on this attachment. */
  hold(): void {
    this.isHeld = true;
  }

  detach(): void {
    this.attachment = 0;
    this.wireBytes = 0;
    this.wireRuns = 0;
  }

  /** The connection takes no more for now, or takes something again. */
  setPipe(open: boolean): void {
    this.pipeOpen = open;
    if (open) this.pump();
  }

  push(record: RunRecord): void {
    this.queue.push(record);
    this.queuedBytes += record.bytes;
    this.pump();
  }

  /** Events of a run were answered. */
  confirm(record: RunRecord, first: number, last: number): void {
    if (record.sentOn !== this.attachment || !record.confirm(first, last)) return;
    this.wireBytes -= record.bytes;
    this.wireRuns--;
  }

  /**
   * A run is no longer kept: its answer, if one is still due, is not waited for. Without this a run
   * that is sent again just before it is dropped would count as on the wire for good.
   */
  forget(record: RunRecord): void {
    if (record.sentOn !== this.attachment || record.unconfirmed === 0) return;
    record.unconfirmed = 0;
    this.wireBytes -= record.bytes;
    this.wireRuns--;
  }

  /** Goes on after answers. */
  accepted(): void {
    if (this.busyUntilMs === Number.POSITIVE_INFINITY) {
      this.busyDelayMs = busyDelayMinMs;
      this.probeBytesMax *= 2;
    }
    this.pump();
  }

  /** A part of `record` was refused as busy: nothing goes out for a while, then that run again. */
  busy(record: RunRecord, nowMs: number): void {
    record.again = true;
    if (this.busyUntilMs !== Number.POSITIVE_INFINITY) return;
    this.busyUntilMs = nowMs + this.busyDelayMs;
    this.busyDelayMs = Math.min(this.busyDelayMs * 2, busyDelayMaxMs);
    this.probeBytesMax = probeBytes;
  }

  /** @param kept all runs that may be sent again, ascending. */
  tick(nowMs: number, kept: () => readonly RunRecord[]): void {
    if (nowMs < this.busyUntilMs) return;
    this.busyUntilMs = Number.POSITIVE_INFINITY;
    const waiting = new Set(this.queue.slice(this.head));
    this.fill(kept().filter((record) => record.again || waiting.has(record)));
    this.pump();
  }

  private notBusy(): void {
    this.busyUntilMs = Number.POSITIVE_INFINITY;
    this.busyDelayMs = busyDelayMinMs;
    this.probeBytesMax = Number.POSITIVE_INFINITY;
  }

  private fill(records: readonly RunRecord[]): void {
    this.queue = [...records];
    this.head = 0;
    this.queuedBytes = records.reduce((sum, record) => sum + record.bytes, 0);
  }

  private get isSending(): boolean {
    if (this.attachment === 0 || !this.pipeOpen || this.isHeld) return false;
    return this.busyUntilMs === Number.POSITIVE_INFINITY;
  }

  private pump(): void {
    const wireBytesMax = Math.min(this.windowBytes, this.probeBytesMax);
    while (this.isSending && this.head < this.queue.length) {
      const record = this.queue[this.head] as RunRecord;
      if (this.wireBytes > 0 && this.wireBytes + record.bytes > wireBytesMax) return;
      this.head++;
      this.queuedBytes -= record.bytes;
      this.send(record);
    }
    if (this.head * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
  }

  private send(record: RunRecord): void {
    const { part, repeated } = record;
    if (part === undefined || repeated?.length === 0) return;
    const onWire = record.sentOn === this.attachment && record.unconfirmed > 0;
    if (!onWire) {
      this.wireBytes += record.bytes;
      this.wireRuns++;
    }
    const isFirst = record.sentOn === 0;
    const isFresh = isFirst && record.closedOn === this.attachment;
    record.sent(this.attachment);
    record.part = isFresh ? part : this.host.rewrite(part, record, isFirst);
    this.host.command(repeated === undefined ? record.part : this.some(record, repeated));
  }

  /** The part of a run that goes out again; the answers to the rest are known. */
  private some(record: RunRecord, indexes: readonly number[]): Buffer {
    const sent = new Set(indexes);
    for (let index = 0; index < record.count; index++) {
      if (!sent.has(index)) record.confirm(record.seqAt(index), record.seqAt(index));
    }
    return sliceOfRun(record.part as Buffer, indexes);
  }
}
