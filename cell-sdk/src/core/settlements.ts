import { type Outcome, outcomes } from "@thynapse/protocol";
import type { HeldDelivery, SettlementDetail } from "./delivery.js";
import { writeCommand } from "./wire.js";

/** A catch whose deliveries are settled. */
export interface SettlingCatch {
  /** Its number on this connection; `undefined` while it is not granted. */
  readonly catchNumber: number | undefined;
  /** Whether nobody takes its settlements any more. */
  readonly isEnded: boolean;
  /** A settlement with outputs needs no further care: they are handled, or it was not taken. */
  outputsDone(delivery: HeldDelivery, isTaken: boolean): void;
}

/** [outcome, first, count, attempt, detail?] */
type Row = [number, number, number, number, SettlementDetail?];

interface Batch {
  readonly source: SettlingCatch;
  readonly origin: string;
  readonly rows: Row[];
  bytes: number;
  /** The delivery of its only row, if that has outputs. */
  readonly withOutputs: HeldDelivery | undefined;
}

/** Bytes of one settlement command beyond which another one is begun. */
const commandBytes = 256 * 1024;
const rowBytes = 24;
/** Rows of one command. */
const rowsMax = 16_384;

/**
 * Settlements of this cell: gathered over a turn, contiguous acks as one range, sent with rising references, and kept
 * until they are confirmed. What is not confirmed when the connection is lost goes out again on the next one.
 *
 * @see PROTOCOL.md §10.3 to §10.6
 */
export class Settlements {
  stale = 0;
  private readonly command: (part: Buffer) => void;
  private open: Batch[] = [];
  private current: Batch | undefined;
  private unconfirmed = new Map<number, Batch>();
  private lastRef = 0;

  constructor(command: (part: Buffer) => void) {
    this.command = command;
  }

  /** Whether nothing waits to be sent or to be confirmed. */
  get isEmpty(): boolean {
    return this.open.length === 0 && this.unconfirmed.size === 0;
  }

  /** Whether something waits to be sent. */
  get flushDue(): boolean {
    return this.open.length > 0;
  }

  /** Notes what became of a delivery. Hot path: an ack next to the one before costs no more than a comparison. */
  add(
    source: SettlingCatch,
    delivery: HeldDelivery,
    outcome: Outcome,
    detail: SettlementDetail | undefined,
  ): void {
    const { origin, number, attempt } = delivery;
    const code = outcomes.indexOf(outcome);
    if (detail === undefined) {
      this.plain(source, origin, code, number, attempt);
      return;
    }
    const row: Row = [code, number, 1, attempt, detail];
    if (detail.outputs === undefined) {
      const batch = this.batchOf(source, origin);
      batch.rows.push(row);
      batch.bytes += rowBytes + (detail.result?.[1].length ?? 0) + (detail.reason?.length ?? 0);
    } else {
      // Alone in its command, so that the answer is about it alone.
      this.open.push({ source, origin, rows: [row], bytes: 0, withOutputs: delivery });
      this.current = undefined;
    }
  }

  /** Acks a delivery that needs no handler. */
  ack(source: SettlingCatch, name: { origin: string; attempt: number }, number: number): void {
    this.plain(source, name.origin, 0, number, name.attempt);
  }

  /** Sends what can be sent. */
  flush(): void {
    if (this.open.length === 0) return;
    const later: Batch[] = [];
    for (const batch of this.open) {
      if (batch.source.isEnded) continue;
      if (batch.source.catchNumber === undefined) later.push(batch);
      else this.send(batch, batch.source.catchNumber);
    }
    this.open = later;
    this.current = undefined;
  }

  /** The transmitter has taken the settlements with these references. */
  confirmed(first: number, last: number): void {
    for (let ref = first; ref <= Math.min(last, this.lastRef); ref++) this.finish(ref, true);
  }

  /** The transmitter refuses a settlement: the delivery was not this cell's any more. */
  refused(ref: unknown): void {
    this.stale++;
    if (typeof ref === "number") this.finish(ref, false);
  }

  /** The connection is lost: what was not confirmed goes out again on the next one. */
  detach(): void {
    this.open = [...this.unconfirmed.values(), ...this.open];
    this.current = undefined;
    this.unconfirmed = new Map();
    this.lastRef = 0;
  }

  private plain(
    source: SettlingCatch,
    origin: string,
    code: number,
    number: number,
    attempt: number,
  ): void {
    const batch = this.batchOf(source, origin);
    const { rows } = batch;
    const before = rows[rows.length - 1];
    if (
      before !== undefined &&
      before[1] + before[2] === number &&
      before[3] === attempt &&
      before[0] === code &&
      before[4] === undefined
    ) {
      before[2]++;
      return;
    }
    rows.push([code, number, 1, attempt]);
    batch.bytes += rowBytes;
  }

  private batchOf(source: SettlingCatch, origin: string): Batch {
    const { current } = this;
    if (
      current?.source === source &&
      current.origin === origin &&
      current.bytes < commandBytes &&
      current.rows.length < rowsMax
    ) {
      return current;
    }
    const batch = { source, origin, rows: [], bytes: 0, withOutputs: undefined };
    this.open.push(batch);
    this.current = batch;
    return batch;
  }

  private send(batch: Batch, catchNumber: number): void {
    const ref = ++this.lastRef;
    this.unconfirmed.set(ref, batch);
    const { origin, rows } = batch;
    this.command(writeCommand("SETL", { catch: catchNumber, origin, ref, settled: rows }));
  }

  private finish(ref: number, isTaken: boolean): void {
    const batch = this.unconfirmed.get(ref);
    if (batch === undefined) return;
    this.unconfirmed.delete(ref);
    if (batch.withOutputs !== undefined) batch.source.outputsDone(batch.withOutputs, isTaken);
  }
}
