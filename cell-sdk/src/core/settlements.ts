import { type Outcome, outcomes, toMeshError } from "@thynapse/protocol";
import type { DeliveryBatch, HeldDelivery, SettlementDetail } from "./delivery.js";
import { writeCommand } from "./wire.js";

/** A catch whose deliveries are settled. */
export interface SettlingCatch {
  /** Its number on this connection; `undefined` while it is not granted. */
  readonly catchNumber: number | undefined;
  /**
   * A settlement that is more than an ack was taken, and its outputs are handled; or it was not
   * taken.
   */
  confirmed(delivery: HeldDelivery, isTaken: boolean): void;
}

/** [outcome, first, count, attempt, detail?] */
type Row = [number, number, number, number, SettlementDetail?];

/** What names a delivery that is settled without a handler. */
interface PlainName {
  readonly name: { readonly origin: string; readonly attempt: number };
  readonly number: number;
}

interface Batch {
  readonly source: SettlingCatch;
  readonly origin: string;
  readonly rows: Row[];
  bytes: number;
  /** Those of its deliveries whose settlement is more than an ack. */
  readonly kept: KeptName[];
}

/** A delivery, and the name by which it was settled. */
interface KeptName {
  readonly delivery: HeldDelivery;
  readonly batch: DeliveryBatch;
}

/** Bytes of one settlement command beyond which another one is begun. */
const commandBytes = 256 * 1024;
const rowBytes = 24;
/** Rows of one command. */
const rowsMax = 16_384;
/** Settlements of one command that are more than acks: a detail is a key, and 10 000 may be. */
const keptMax = 8192;

/**
 * Settlements of this cell: gathered over a turn, contiguous acks as one range, sent with rising
 * references, and kept until they are confirmed. With the connection all of them end: deliveries
 * get other names on the next one.
 *
 * @see PROTOCOL.md §10.3 to §10.6
 */
export class Settlements {
  stale = 0;
  private readonly command: (part: Buffer) => void;
  private readonly due: () => void;
  private open: Batch[] = [];
  private current: Batch | undefined;
  private unconfirmed = new Map<number, Batch>();
  private lastRef = 0;

  /** @param due called when something waits to be sent after nothing did. */
  constructor(command: (part: Buffer) => void, due: () => void) {
    this.command = command;
    this.due = due;
  }

  /** Whether nothing waits to be sent or to be confirmed. */
  get isEmpty(): boolean {
    return this.open.length === 0 && this.unconfirmed.size === 0;
  }

  /** Whether something waits to be sent. */
  get flushDue(): boolean {
    return this.open.length > 0;
  }

  /**
   * Notes what became of a delivery. Hot path: an ack next to the one before costs no more than a
   * comparison.
   */
  add(
    source: SettlingCatch,
    delivery: HeldDelivery,
    outcome: Outcome,
    detail: SettlementDetail | undefined,
  ): void {
    const { origin, number, attempt } = delivery;
    const code = outcomes.indexOf(outcome);
    if (detail === undefined) {
      const batch = this.batchOf(source, origin);
      addPlain(batch, code, number, attempt);
      if (outcome !== "ack") batch.kept.push({ delivery, batch: delivery.batch });
      return;
    }
    const row: Row = [code, number, 1, attempt, detail];
    if (detail.outputs !== undefined) {
      // Alone in its command, so that the answer is about it alone.
      const kept = [{ delivery, batch: delivery.batch }];
      this.begin({ source, origin, rows: [row], bytes: 0, kept });
      this.current = undefined;
      return;
    }
    const batch = this.batchOf(source, origin);
    batch.rows.push(row);
    batch.kept.push({ delivery, batch: delivery.batch });
    batch.bytes += rowBytes + (detail.result?.[1].length ?? 0) + (detail.reason?.length ?? 0);
  }

  /** Settles a delivery that needs no handler. */
  plain(source: SettlingCatch, outcome: Outcome, { name, number }: PlainName): void {
    const code = outcomes.indexOf(outcome);
    addPlain(this.batchOf(source, name.origin), code, number, name.attempt);
  }

  /** Sends what can be sent. */
  flush(): void {
    if (this.open.length === 0) return;
    const due = this.open;
    this.open = [];
    this.current = undefined;
    for (const batch of due) {
      const { catchNumber } = batch.source;
      if (catchNumber !== undefined) this.send(batch, catchNumber);
    }
  }

  /** The transmitter has taken the settlements with these references, of those that wait. */
  confirmed(first: number, last: number): void {
    const { unconfirmed } = this;
    if (last - first < unconfirmed.size) {
      for (let ref = first; ref <= last; ref++) this.finish(ref, true);
      return;
    }
    for (const ref of unconfirmed.keys()) {
      if (ref >= first && ref <= last) this.finish(ref, true);
    }
  }

  /** The transmitter refuses a settlement: the delivery was not this cell's any more. */
  refused(ref: unknown): void {
    this.stale++;
    if (typeof ref === "number") this.finish(ref, false);
  }

  /** The connection is lost, and with it every name that a settlement could use. */
  detach(): void {
    this.open = [];
    this.current = undefined;
    this.unconfirmed = new Map();
    this.lastRef = 0;
  }

  private batchOf(source: SettlingCatch, origin: string): Batch {
    const { current } = this;
    if (
      current?.source === source &&
      current.origin === origin &&
      current.bytes < commandBytes &&
      current.rows.length < rowsMax &&
      current.kept.length < keptMax
    ) {
      return current;
    }
    const batch = { source, origin, rows: [], bytes: 0, kept: [] };
    this.begin(batch);
    this.current = batch;
    return batch;
  }

  private begin(batch: Batch): void {
    if (this.open.push(batch) === 1) this.due();
  }

  private send(batch: Batch, catchNumber: number): void {
    const ref = ++this.lastRef;
    this.unconfirmed.set(ref, batch);
    const { origin, rows } = batch;
    const settlement = { catch: catchNumber, origin, ref };
    try {
      this.command(writeCommand("SETL", { ...settlement, settled: rows }));
    } catch (thrown) {
      // They count as not taken: what they were to be is not what the transmitter hears.
      for (const { delivery } of batch.kept) batch.source.confirmed(delivery, false);
      this.command(writeCommand("SETL", { ...settlement, settled: nackedRows(rows, thrown) }));
    }
  }

  private finish(ref: number, isTaken: boolean): void {
    const batch = this.unconfirmed.get(ref);
    if (batch === undefined) return;
    this.unconfirmed.delete(ref);
    for (const { delivery, batch: named } of batch.kept) {
      // One that was renamed meanwhile is settled again by its new name, and that is what counts.
      if (isTaken || delivery.batch === named) batch.source.confirmed(delivery, isTaken);
    }
  }
}

/** Adds a row, or makes the last one longer. */
function addPlain(batch: Batch, code: number, number: number, attempt: number): void {
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

/** The rows of a batch that cannot be written, with nacks in place of all that says more. */
function nackedRows(rows: readonly Row[], thrown: unknown): Row[] {
  const reason = `the settlement cannot be written: ${toMeshError(thrown).code}`;
  const nack = outcomes.indexOf("nack");
  return rows.map(([outcome, first, count, attempt, detail]) =>
    detail === undefined
      ? [outcome, first, count, attempt]
      : [nack, first, count, attempt, { reason }],
  );
}
