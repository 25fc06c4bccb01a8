import {
  type AskTerms,
  checkExtras,
  encodeExtras,
  type EventExtras,
  type MeshError,
} from "@thynapse/protocol";
import type { Answers, Gathering, Reply } from "./answers.js";
import { type AskWatcher, DeafWatcher, type PendingAsk } from "./core/asks.js";
import type { EventSource } from "./core/caught-event.js";
import type { CellDriver } from "./driver.js";
import type { AskOptions, GatherOptions } from "./options.js";
import { abortError } from "./sending.js";
import { Mailbox } from "./mailbox.js";

/** How long an ask waits unless it says otherwise. */
const askTimeoutMs = 5000;

/** What is asked. */
export interface Question {
  readonly channel: string;
  readonly data: unknown;
}

/** Asks, and resolves with the first result. @throws {MeshError} as `Cell.ask`. */
export function askOnce(
  driver: CellDriver,
  question: Question,
  options: AskOptions,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const watcher = new FirstResult(resolve, reject);
    begin(driver, question, { options, terms: termsOf(options), watcher });
  });
}

/**
 * Asks for an answer in parts. @throws {MeshError} at once what `send` throws; the rest when it is
 * iterated.
 */
export function askParts(
  driver: CellDriver,
  question: Question,
  options: AskOptions,
): Answers<unknown> {
  const mailbox = new Mailbox<unknown>();
  const watcher = Object.assign(new DeafWatcher(), {
    part: (data: unknown) => mailbox.put(data),
    result: (data: unknown) => mailbox.put(data),
    restarted: () => mailbox.clear(),
    ended: () => mailbox.end(),
    failed: (error: MeshError) => mailbox.end(error),
  });
  const terms = { ...termsOf(options), parts: true };
  const forget = begin(driver, question, { options, terms, watcher });
  return mailbox.iterate(forget);
}

/** Asks every cell that listens. */
export function gatherReplies(
  driver: CellDriver,
  question: Question,
  options: GatherOptions,
): Gathering<unknown> {
  const mailbox = new Mailbox<Reply>();
  const missing = new Map<string, EventSource>();
  const failed: { readonly from: EventSource; readonly error: Error }[] = [];
  const watcher = Object.assign(new DeafWatcher(), {
    expected: (cells: readonly EventSource[]) => {
      for (const cell of cells) missing.set(cell.id, cell);
    },
    result: (data: unknown, from: EventSource | undefined) => {
      if (from === undefined) return;
      missing.delete(from.id);
      mailbox.put({ data, from });
    },
    cellFailed: (error: MeshError, from: EventSource) => {
      missing.delete(from.id);
      failed.push({ from, error });
    },
    ended: () => mailbox.end(),
    failed: (error: MeshError) => mailbox.end(error),
  });
  const terms = { ...termsOf(options), gather: true };
  const forget = begin(driver, question, { options, terms, watcher });
  return {
    [Symbol.asyncIterator]: () => mailbox.iterate(forget)[Symbol.asyncIterator](),
    failed,
    get missing() {
      return [...missing.values()];
    },
  };
}

/** Passes on the first result; hot path, so it is a class of its own. */
class FirstResult extends DeafWatcher {
  private readonly resolve: (data: unknown) => void;
  private readonly reject: (error: Error) => void;

  constructor(resolve: (data: unknown) => void, reject: (error: Error) => void) {
    super();
    this.resolve = resolve;
    this.reject = reject;
  }

  override result(data: unknown): void {
    this.resolve(data);
  }

  override ended(): void {
    this.resolve(undefined);
  }

  override failed(error: MeshError): void {
    this.reject(error);
  }
}

interface Asking {
  readonly options: AskOptions | GatherOptions;
  readonly terms: AskTerms;
  readonly watcher: AskWatcher;
}

function termsOf(options: AskOptions | GatherOptions): AskTerms {
  const { timeoutMs = askTimeoutMs } = options;
  return "retry" in options && options.retry === true ? { timeoutMs, retry: true } : { timeoutMs };
}

let usual: { readonly terms: AskTerms; readonly packed: Uint8Array | undefined } | undefined;

/** Most asks have the same terms and nothing else: those are packed once. */
function packExtras(
  terms: AskTerms,
  headers: EventExtras["headers"],
  key: EventExtras["key"],
): Uint8Array | undefined {
  if (headers !== undefined || key !== undefined) {
    return encodeExtras(checkExtras({ headers, key, ask: terms }));
  }
  if (usual === undefined || !areEqual(usual.terms, terms)) {
    usual = { terms, packed: encodeExtras(checkExtras({ ask: terms })) };
  }
  return usual.packed;
}

function areEqual(a: AskTerms, b: AskTerms): boolean {
  const isAlike = a.timeoutMs === b.timeoutMs && a.retry === b.retry;
  return isAlike && a.gather === b.gather && a.parts === b.parts;
}

/** Sends the question; returns what ends the wait. */
function begin(driver: CellDriver, { channel, data }: Question, asking: Asking): () => void {
  const { terms, options, watcher } = asking;
  const { signal, headers } = options;
  if (signal?.aborted === true) throw abortError(signal);
  const key = "key" in options ? options.key : undefined;
  const extras = packExtras(terms, headers, key);
  const kept = {
    timeoutMs: terms.timeoutMs,
    gather: terms.gather === true,
    parts: terms.parts === true,
    restart: "restart" in options && options.restart === true,
    onEnd: signal && (() => signal.removeEventListener("abort", abort)),
  };
  let ask: PendingAsk | undefined;
  const forget = (): void => {
    if (ask !== undefined) driver.core.asks.forget(ask);
  };
  const abort = (): void => {
    forget();
    watcher.failed(abortError(signal));
  };
  // Before it is asked: it may end at once, refused by a full outbox.
  signal?.addEventListener("abort", abort, { once: true });
  try {
    ask = driver.act(() => driver.core.ask({ channel, data, extras }, kept, watcher));
  } catch (thrown) {
    signal?.removeEventListener("abort", abort);
    throw thrown;
  }
  driver.dueAt(ask.deadlineMs);
  driver.sent();
  return forget;
}
