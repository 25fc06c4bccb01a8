import type { Cell, Receipt, SendOptions } from "@thynapse/cell-sdk";
import { setTimeout as delay } from "node:timers/promises";
import { CliFault, exitCode, faultOf, isMeshError } from "./fault.js";

/** What became of the events that were sent. */
export interface SendSummary {
  readonly sent: number;
  readonly accepted: number;
  readonly handled: number;
  readonly refused: number;
  /** Events that the mesh knew already, by their idempotency key or after a failover. */
  readonly repeats: number;
  /** Events that nobody caught. */
  readonly matched0: number;
}

/** How events are sent. */
export interface SenderOptions {
  readonly channel: string;
  readonly options: SendOptions;
  /** Aborts when nothing more is to be sent. */
  readonly ending: AbortSignal;
}

/**
 * Sends events as fast as the outbox takes them, and counts what becomes of them.
 *
 * Memory is bounded by the outbox: while it has no room nothing is read.
 */
export class Sender {
  readonly #cell: Cell;
  readonly #how: SenderOptions;
  #sent = 0;
  #received = 0;
  #refused = 0;
  #repeats = 0;
  #matched0 = 0;
  #allAccepted = false;
  #wake: (() => void) | undefined;
  /** The receipt of the last event: all there is to know where there was one. */
  last: Receipt | undefined;
  /** Why the first event that was refused was. */
  refusal: CliFault | undefined;

  constructor(cell: Cell, how: SenderOptions) {
    this.#cell = cell;
    this.#how = how;
  }

  /** Sends one event. Await what it returns, if anything: the outbox has no room. */
  send(body: unknown): Promise<void> | undefined {
    const { channel, options } = this.#how;
    this.#sent++;
    this.#cell.send(channel, body, options).then(this.#take, this.#refuse);
    return this.#cell.hasRoom ? undefined : this.#room();
  }

  /**
   * Waits until nothing is open any more.
   *
   * @throws {CliFault} 3 after `timeoutMs`, saying how many are not handled.
   */
  async settle(timeoutMs: number): Promise<void> {
    if (this.#open === 0) return;
    const stop = new AbortController();
    const { ending, options } = this.#how;
    void this.#cell.flush().then(
      () => (this.#allAccepted = true),
      () => undefined,
    );
    const settled = new Promise<void>((resolve) => (this.#wake = resolve));
    const signal = AbortSignal.any([ending, stop.signal]);
    const late = delay(timeoutMs, "late", { signal }).catch(() => "ended");
    const how = await Promise.race([settled, late]);
    stop.abort();
    if (how !== "late") return;
    const { sent, accepted } = this.summary;
    const until = options.until ?? "accepted";
    throw new CliFault(
      exitCode.timedOut,
      `${this.#open} of ${sent} events not ${until} in time, ${accepted} accepted`,
      until === "handled"
        ? { fix: "is a cell that catches them slow? --until accepted does not wait for it" }
        : {},
    );
  }

  /** What became of the events so far. */
  get summary(): SendSummary {
    const handled = this.#how.options.until === "handled" ? this.#received : 0;
    const known = this.#sent - this.#refused;
    return {
      sent: this.#sent,
      accepted: this.#open === 0 || this.#allAccepted ? known : this.#received,
      handled,
      refused: this.#refused,
      repeats: this.#repeats,
      matched0: this.#matched0,
    };
  }

  get #open(): number {
    return this.#sent - this.#received - this.#refused;
  }

  async #room(): Promise<void> {
    const { ending } = this.#how;
    if (ending.aborted) return;
    const stop = new AbortController();
    const ended = new Promise<void>((resolve) => {
      ending.addEventListener("abort", () => resolve(), { signal: stop.signal });
    });
    await Promise.race([this.#cell.room(), ended]);
    stop.abort();
  }

  readonly #take = (receipt: Receipt): void => {
    this.#received++;
    this.last = receipt;
    if (receipt.matched === 0) this.#matched0++;
    if (receipt.repeat) this.#repeats++;
    if (this.#open === 0) this.#wake?.();
  };

  readonly #refuse = (thrown: unknown): void => {
    this.#refused++;
    const fault = faultOf(thrown);
    const exit =
      isMeshError(thrown) && fault.exit === exitCode.failed ? exitCode.refused : fault.exit;
    this.refusal ??= new CliFault(exit, fault.message, { fix: fault.fix, cause: thrown });
    if (this.#open === 0) this.#wake?.();
  };
}
