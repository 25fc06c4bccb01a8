import { eventThid, frameHeadBytes, MeshError, readRun, type Thid } from "@thynapse/protocol";
import type { Acceptance, ConfirmStage, ConfirmWatcher, Destination } from "./core/run-record.js";

/** What became of an event. */
export interface Receipt {
  readonly seq: number;
  /** Groups and streams that the event matched; 0: nobody catches its channel. */
  readonly matched: number;
  /** The origin knew this event already. */
  readonly repeat: boolean;
  /** The identity of the event, computed at each call. */
  readonly thid: Thid;
}

/**
 * An event on its way. Await it for the receipt; leave it alone otherwise: a refusal that nobody
 * waits for is a `refused` status and never an unhandled rejection.
 */
export interface Sending extends PromiseLike<Receipt> {
  /** The sender's number for the event; 0 while it waits for room in the outbox. */
  readonly seq: number;
}

/** Hot path: one small object for each event; a promise is made only for who awaits it. */
export class SentEvent implements Sending {
  private readonly destination: Destination;
  private readonly index: number;
  private readonly until: ConfirmStage;
  private readonly signal: AbortSignal | undefined;

  constructor(destination: Destination, index: number, until: ConfirmStage, signal?: AbortSignal) {
    this.destination = destination;
    this.index = index;
    this.until = until;
    this.signal = signal;
  }

  get seq(): number {
    return this.destination.seqAt(this.index);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- To be awaited is what it is for.
  then<R = Receipt, E = never>(
    onReceipt?: ((receipt: Receipt) => R | PromiseLike<R>) | null,
    onRefused?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return this.receipt().then(onReceipt, onRefused);
  }

  private receipt(): Promise<Receipt> {
    const { destination, index, until, signal } = this;
    return new Promise((resolve, reject) => {
      const watcher: ConfirmWatcher = {
        until,
        confirmed: (acceptance) => {
          signal?.removeEventListener("abort", abort);
          resolve(new EventReceipt(acceptance));
        },
        refused: (error) => {
          signal?.removeEventListener("abort", abort);
          reject(error);
        },
      };
      const abort = (): void => {
        destination.unwatch(watcher);
        reject(abortError(signal));
      };
      if (signal?.aborted === true) abort();
      else {
        signal?.addEventListener("abort", abort, { once: true });
        destination.watch(index, watcher);
      }
    });
  }
}

class EventReceipt implements Receipt {
  readonly seq: number;
  readonly matched: number;
  readonly repeat: boolean;
  readonly #part: Buffer | undefined;
  readonly #index: number;

  constructor({ seq, matched, repeat, part, index }: Acceptance) {
    this.seq = seq;
    this.matched = matched;
    this.repeat = repeat;
    this.#part = part;
    this.#index = index;
  }

  get thid(): Thid {
    const { seq } = this;
    const part = this.#part;
    const index = this.#index;
    if (part === undefined) {
      throw new MeshError("NOT_FOUND", "the event is no longer kept: its THID cannot be computed", {
        hint: "await the receipt within 2 s of its confirm",
      });
    }
    const run = readRun(part, frameHeadBytes);
    return eventThid({
      sender: run.header.sender,
      seq,
      channel: run.channelAt(index),
      tag: run.tagAt(index),
      body: run.bodyAt(index),
    });
  }
}

/** The error of what was given up by its caller. */
export function abortError(signal: AbortSignal | undefined): MeshError {
  return new MeshError("ABORTED", "given up by its signal", { cause: signal?.reason });
}
