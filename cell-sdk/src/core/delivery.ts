import {
  checkBodyBytes,
  checkChannel,
  checkExtras,
  decodeMessagePack,
  type EventExtras,
  encodeBody,
  encodeExtras,
  type FieldMap,
  keysMax,
  MeshError,
  type Outcome,
  outputsBytesMax,
  type Run,
  reasonCharsMax,
  toMeshError,
} from "@thynapse/protocol";
import { CaughtEvent } from "./caught-event.js";

/** What names the deliveries of one run: the events have the numbers `number`, `number` + 1, … */
export interface DeliveryBatch {
  readonly origin: string;
  readonly number: number;
  readonly attempt: number;
  readonly repeat: boolean;
  /** The attachment that it came in: its name means nothing in another one. */
  readonly session: number;
}

/** The name of one delivery. @see PROTOCOL.md §10.3 */
export interface DeliveryKey {
  readonly origin: string;
  readonly number: number;
  readonly attempt: number;
}

/** [tag, bytes] */
export type PackedBody = readonly [number, Uint8Array];

/** [channel, tag, bytes, extras?] */
export type PackedOutput = readonly [string, number, Uint8Array, EventExtras?];

/** Outputs of one delivery, as a transmitter takes them. */
const outputsMax = 16_384;
/** Keys of their extras: all of them travel in one command, which has a few of its own. */
const outputKeysMax = keysMax - 16;

/** What a settlement says besides its outcome. */
export interface SettlementDetail {
  readonly reason?: string;
  readonly result?: PackedBody;
  readonly outputs?: readonly PackedOutput[];
}

/** What a delivery needs of its catch. */
export interface DeliveryHost {
  settle(delivery: HeldDelivery, outcome: Outcome, detail: SettlementDetail | undefined): void;
  progress(delivery: HeldDelivery): void;
  reply(delivery: HeldDelivery, index: number, body: PackedBody): void;
}

/**
 * - `held`: this cell has it and has not said what became of it.
 * - `settled`: it has.
 * - `taken`: the transmitter took it back; whatever the handler says now changes nothing.
 */
export type DeliveryState = "held" | "settled" | "taken";

/**
 * One event that was given to this cell alone, and what its handler can do about it. Hot path: one
 * object for each event; what few handlers use is made when it is used.
 */
export class HeldDelivery<T = unknown> extends CaughtEvent<T> {
  /** @internal */
  state: DeliveryState = "held";
  /** @internal Where it stands among those that run. */
  slot = -1;
  private readonly host: DeliveryHost;
  private named: DeliveryBatch;
  /** Its place in the batch. */
  private position: number;
  private outputs: PackedOutput[] | undefined;
  private outputBytes = 0;
  private outputKeys = 0;
  private replies = 0;
  private aborting: AbortController | undefined;

  // Five parameters: an options object for each event would cost as much as the event.
  constructor(run: Run, index: number, data: T, host: DeliveryHost, batch: DeliveryBatch) {
    super(run, index, data);
    this.host = host;
    this.named = batch;
    this.position = index;
  }

  override get attempt(): number {
    return this.named.attempt;
  }

  override get repeat(): boolean {
    return this.named.repeat;
  }

  /** Aborts when the delivery is taken back, or when the cell waits for its handler no longer. */
  get signal(): AbortSignal {
    if (this.aborting === undefined) {
      this.aborting = new AbortController();
      if (this.state === "taken") this.aborting.abort(takenBack());
    }
    return this.aborting.signal;
  }

  /** Settles it as done; `result` is the answer if the event asks. */
  ack(result?: unknown): void {
    if (this.state !== "held") return;
    const packed = this.ask === undefined || result === undefined ? undefined : packBody(result);
    const { outputs } = this;
    if (outputs === undefined) this.settle("ack", packed && { result: packed });
    else this.settle("ack", packed === undefined ? { outputs } : { result: packed, outputs });
  }

  /** Has it delivered again after a back-off. */
  nack(reason?: string): void {
    this.settle("nack", withReason(reason));
  }

  /** Gives it back for another cell; not counted as an attempt. */
  release(): void {
    this.settle("release", undefined);
  }

  /** Puts it to the dead letters. */
  reject(reason?: string): void {
    this.settle("reject", withReason(reason));
  }

  /** Says that the work goes on: its time-out begins anew. */
  progress(): void {
    if (this.state === "held") this.host.progress(this);
  }

  /**
   * Sends an event through the settlement.
   *
   * @throws {MeshError} what is wrong with the event; `TOO_LARGE` past 1 MiB (channels, bodies and
   *   options) or 16 384 events for all outputs together, `TOO_MANY_KEYS` past 9 984 options and
   *   headers; `STALE_ATTEMPT` after the settlement.
   */
  send(channel: string, data: unknown, options?: Readonly<Record<string, unknown>>): void {
    if (this.state === "settled") {
      throw new MeshError("STALE_ATTEMPT", "the delivery is settled: it sends nothing any more", {
        fault: "local",
      });
    }
    const [tag, bytes] = packBody(data);
    const name = checkChannel(channel);
    const packed = options === undefined ? undefined : encodeExtras(checkExtras(options));
    // As they are now: the caller may change its headers afterwards.
    const extras = packed && (decodeMessagePack(packed) as EventExtras);
    this.charge(name.length + bytes.length + (packed?.length ?? 0), extras);
    (this.outputs ??= []).push(
      extras === undefined ? [name, tag, bytes] : [name, tag, bytes, extras],
    );
  }

  /** Sends one part of the answer. @throws {MeshError} as `send`. */
  reply(part: unknown): void {
    if (this.state !== "held" || this.ask === undefined) return;
    this.host.reply(this, this.replies++, packBody(part));
  }

  /** @internal */
  get name(): DeliveryKey {
    const { origin, number, attempt } = this.named;
    return { origin, number: number + this.position, attempt };
  }

  /** @internal */
  get batch(): DeliveryBatch {
    return this.named;
  }

  /** @internal The name in pieces, for the hot path. */
  get origin(): string {
    return this.named.origin;
  }

  /** @internal */
  get number(): number {
    return this.named.number + this.position;
  }

  /** @internal The transmitter knows it by another name now. */
  rename(batch: DeliveryBatch, position: number): void {
    this.named = batch;
    this.position = position;
  }

  /** @internal The transmitter gave it to another cell. */
  takeBack(): void {
    if (this.state !== "held") return;
    this.state = "taken";
    this.aborting?.abort(takenBack());
  }

  /** @internal Nobody waits for its handler any longer. */
  abandon(error: MeshError): void {
    this.aborting?.abort(error);
  }

  /** Counts one more output, or refuses it: all of them are settled in one command. */
  private charge(outputBytes: number, extras: EventExtras | undefined): void {
    const bytes = this.outputBytes + outputBytes;
    const keys = this.outputKeys + keyCount(extras);
    if (bytes > outputsBytesMax) {
      const text = `outputs of one delivery take at most ${outputsBytesMax} bytes`;
      throw new MeshError("TOO_LARGE", text);
    }
    if ((this.outputs?.length ?? 0) >= outputsMax) {
      throw new MeshError("TOO_LARGE", `one delivery has at most ${outputsMax} outputs`);
    }
    if (keys > outputKeysMax) {
      const text = `outputs of one delivery have at most ${outputKeysMax} options and headers`;
      throw new MeshError("TOO_MANY_KEYS", text);
    }
    this.outputBytes = bytes;
    this.outputKeys = keys;
  }

  private settle(outcome: Outcome, detail: SettlementDetail | undefined): void {
    if (this.state !== "held") return;
    this.state = "settled";
    this.host.settle(this, outcome, detail);
  }
}

/** Makes the delivery of an event; with an error, and no data, if its body cannot be decoded. */
export function makeDelivery(
  run: Run,
  index: number,
  { host, batch }: { readonly host: DeliveryHost; readonly batch: DeliveryBatch },
): { readonly delivery: HeldDelivery; readonly error?: MeshError } {
  try {
    const data = run.dataAt(index);
    return { delivery: new HeldDelivery<unknown>(run, index, data, host, batch) };
  } catch (thrown) {
    const delivery = new HeldDelivery<unknown>(run, index, undefined, host, batch);
    return { delivery, error: toMeshError(thrown) };
  }
}

/**
 * Encodes a body for a command; the caller may change its bytes afterwards. @throws {MeshError} as
 * `encodeBody`.
 */
export function packBody(data: unknown): PackedBody {
  const { tag, bytes } = encodeBody(data);
  checkBodyBytes(bytes.length);
  return [tag, data === bytes ? Buffer.from(bytes) : bytes];
}

/** What a handler replies to a gather: a body, or its error. @throws {MeshError} as `packBody`. */
export function packOutcome(outcome: unknown): FieldMap {
  if (!(outcome instanceof MeshError)) return { body: packBody(outcome) };
  return { code: outcome.code, message: reasonText(outcome.reason) };
}

function withReason(reason: string | undefined): SettlementDetail | undefined {
  return reason === undefined ? undefined : { reason: reasonText(reason) };
}

/** A text as short as a reason may be; half a character, as a cut leaves it, is replaced. */
function reasonText(text: string): string {
  return text.slice(0, reasonCharsMax).toWellFormed();
}

function keyCount(extras: EventExtras | undefined): number {
  if (extras === undefined) return 0;
  return Object.keys(extras).length + Object.keys(extras.headers ?? {}).length;
}

function takenBack(): MeshError {
  return new MeshError("STALE_ATTEMPT", "the delivery was taken back");
}
