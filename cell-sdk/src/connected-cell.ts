import { checkExtras, encodeExtras, MeshError, parsePattern, type Thid } from "@thynapse/protocol";
import type { Answers, Gathering } from "./answers.js";
import { AnycatchRunner } from "./anycatch-runner.js";
import { askOnce, askParts, gatherReplies } from "./asking.js";
import type { Catch, CatchStream, Delivery } from "./catch.js";
import { CatchHandle } from "./catch-handle.js";
import { AnycatchStream, MulticatchStream } from "./catch-streams.js";
import type { Cell, Closing } from "./cell.js";
import type { CaughtEvent } from "./core/caught-event.js";
import type { ClosedStatus } from "./core/status.js";
import type { MulticatchSupply } from "./core/multicatch-supply.js";
import type { Anycatch } from "./core/anycatch.js";
import type { CellDriver } from "./driver.js";
import { failureText } from "./handler-failure.js";
import type { AnycatchHandler, MulticatchHandler } from "./handlers.js";
import { MulticatchRunner } from "./multicatch-runner.js";
import type {
  AnycatchOptions,
  AskOptions,
  GatherOptions,
  MulticatchOptions,
  SendOptions,
} from "./options.js";
import {
  type ResolvedConnect,
  resolveAnycatch,
  resolveAsk,
  resolveGather,
  resolveMulticatch,
  resolveSend,
} from "./resolve-options.js";
import { abortError, type Sending, SentEvent } from "./sending.js";
import type { StatusStream } from "./status-stream.js";
import type { Waiter } from "./core/outbox-waiters.js";
import type { Destination } from "./core/run-record.js";
import { WaitingSend } from "./core/waiting-sends.js";
import { pick, wishOfAnycatch, wishOfMulticatch } from "./wishes.js";

/** The cell of this process, over the rules and whoever drives them. */
export class ConnectedCell implements Cell {
  readonly closed: Promise<Closing>;
  private readonly options: ResolvedConnect;
  private readonly driver: CellDriver;

  /** @param ended settles with the last status of the cell. */
  constructor(options: ResolvedConnect, driver: CellDriver, ended: Promise<ClosedStatus>) {
    this.options = options;
    this.driver = driver;
    this.closed = ended.then(({ unconfirmed, error }) => {
      if (error !== undefined) throw error;
      return { unconfirmed };
    });
    // Who does not ask for it learns it from the status.
    this.closed.catch(() => undefined);
  }

  get id(): Thid {
    return this.options.id;
  }

  get service(): string {
    return this.options.service;
  }

  get status(): StatusStream {
    return this.driver.status;
  }

  get hasRoom(): boolean {
    return this.driver.core.outbox.hasRoom;
  }

  room(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.driver.core.outbox.whenRoom({ resolve, reject });
    });
  }

  send(channel: string, data: unknown, options?: SendOptions): Sending {
    if (options !== undefined) return this.sendWith(channel, data, options);
    const { outbox } = this.driver.core;
    const destination = outbox.send(channel, data);
    const index = outbox.lastIndex;
    this.driver.sent();
    return new SentEvent(destination, index, "accepted");
  }

  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.driver.core.outbox.whenFlushed({ resolve, reject });
      this.driver.flush();
    });
  }

  ask<R>(channel: string, data: unknown, options?: AskOptions & { parts?: false }): Promise<R>;
  ask<R>(channel: string, data: unknown, options: AskOptions & { parts: true }): Answers<R>;
  ask(channel: string, data: unknown, options?: AskOptions): Promise<unknown> | Answers<unknown> {
    if (options?.parts === true) {
      return askParts(this.driver, { channel, data }, resolveAsk(options));
    }
    return askOnce(this.driver, { channel, data }, resolveAsk(options));
  }

  gather<R>(channel: string, data?: unknown, options?: GatherOptions): Gathering<R> {
    const question = { channel, data: data ?? null };
    return gatherReplies(this.driver, question, resolveGather(options)) as Gathering<R>;
  }

  multicatch(
    pattern: string,
    handler: MulticatchHandler<never>,
    options?: MulticatchOptions,
  ): Promise<Catch>;
  multicatch<T>(pattern: string, options?: MulticatchOptions): Promise<CatchStream<CaughtEvent<T>>>;
  async multicatch(
    pattern: string,
    second?: MulticatchHandler<never> | MulticatchOptions,
    third?: MulticatchOptions,
  ): Promise<Catch> {
    const { handler, given } = pick<MulticatchHandler, MulticatchOptions>(second, third);
    const options = resolveMulticatch(given);
    const { driver } = this;
    const { text } = parsePattern(pattern);
    const gapFailed = (cause: unknown): void => {
      const message = `onGap failed: ${failureText(cause)}`;
      driver.status.tell({ kind: "warning", message, pattern: text, cause });
    };
    const wish = wishOfMulticatch(text, options, this.options.echo, gapFailed);
    const begin = (waiter: Waiter): CatchHandle => {
      const supply: MulticatchSupply = driver.core.multicatch(wish, waiter);
      if (handler === undefined) return new MulticatchStream(driver, supply);
      driver.take(supply, new MulticatchRunner(driver, supply, handler));
      return new CatchHandle(driver, supply);
    };
    return this.arm(begin, options.signal);
  }

  anycatch(
    pattern: string,
    handler: AnycatchHandler<never>,
    options?: AnycatchOptions,
  ): Promise<Catch>;
  anycatch<T>(pattern: string, options?: AnycatchOptions): Promise<CatchStream<Delivery<T>>>;
  async anycatch(
    pattern: string,
    second?: AnycatchHandler<never> | AnycatchOptions,
    third?: AnycatchOptions,
  ): Promise<Catch> {
    const { handler, given } = pick<AnycatchHandler, AnycatchOptions>(second, third);
    const options = resolveAnycatch(given);
    const { driver } = this;
    const wish = wishOfAnycatch(parsePattern(pattern).text, options);
    const begin = (waiter: Waiter): CatchHandle => {
      const supply: Anycatch = driver.core.anycatch(wish, waiter);
      if (handler === undefined) return new AnycatchStream(driver, supply);
      driver.take(supply, new AnycatchRunner(driver, supply, handler));
      return new CatchHandle(driver, supply);
    };
    return this.arm(begin, options.signal);
  }

  close(): Promise<Closing> {
    const { drainTimeoutMs } = this.options;
    this.driver.act((nowMs) => this.driver.core.close(nowMs, drainTimeoutMs));
    return this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private sendWith(channel: string, data: unknown, given: SendOptions): Sending {
    const options = resolveSend(given);
    const { until = "accepted", signal } = options;
    const { outbox } = this.driver.core;
    const destination = outbox.send(channel, data, encodeExtras(checkExtras(options)));
    const index = outbox.lastIndex;
    if (signal !== undefined) withdrawOn(signal, destination);
    this.driver.sent();
    return new SentEvent(destination, index, until, signal);
  }

  /** Begins a catch and waits until it is armed, or its signal aborts. */
  private async arm(
    begin: (waiter: Waiter) => CatchHandle,
    signal: AbortSignal | undefined,
  ): Promise<Catch> {
    if (signal?.aborted === true) throw abortError(signal);
    let handle: CatchHandle | undefined;
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        reject(abortError(signal));
        void handle?.release();
      };
      handle = this.driver.act(() => begin({ resolve, reject }));
      signal?.addEventListener("abort", abort, { once: true });
      handle.onReleased(() => signal?.removeEventListener("abort", abort));
    }).catch((refusal: unknown) => {
      handle?.refused();
      throw refusal;
    });
    if (handle === undefined) throw new MeshError("INTERNAL", "a catch without a handle");
    return handle;
  }
}

/** An event that still waits for room is not sent once its signal aborts. */
function withdrawOn(signal: AbortSignal, destination: Destination): void {
  if (!(destination instanceof WaitingSend) || destination.isRefused) return;
  const withdraw = (): void => destination.withdraw(abortError(signal));
  if (signal.aborted) {
    withdraw();
    return;
  }
  signal.addEventListener("abort", withdraw, { once: true });
  destination.onLeft = () => signal.removeEventListener("abort", withdraw);
}
