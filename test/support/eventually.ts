import { setTimeout as delay } from "node:timers/promises";

/** How long `eventually` keeps asking. */
export interface EventuallyOptions {
  /** Time after which the last failure is final, in ms: default 5000. */
  readonly withinMs?: number;
}

const POLL_MS = 5;

/**
 * Calls `check` until it neither throws nor rejects, and resolves with what it returned.
 *
 * Asserts inside `check` are what is waited for, so a test on real sockets never sleeps for a
 * guessed time. A check that is still running at the end of `withinMs` counts as a failure.
 *
 * @throws the last error of `check`, with the time that was waited added to its message.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { withinMs = 5000 }: EventuallyOptions = {},
): Promise<T> {
  const endMs = performance.now() + withinMs;
  let lastError: unknown = new Error("the check never finished");

  for (;;) {
    try {
      return await finishBefore(check, endMs);
    } catch (error) {
      if (error !== CUT_OFF) lastError = error;
    }
    if (performance.now() >= endMs) throw named(lastError, withinMs);
    await delay(POLL_MS);
  }
}

const CUT_OFF = Symbol("cut off");

async function finishBefore<T>(check: () => T | Promise<T>, endMs: number): Promise<T> {
  const result = check();
  if (!(result instanceof Promise)) return result;

  const stop = new AbortController();
  const cutOff = delay(Math.max(0, endMs - performance.now()), undefined, {
    signal: stop.signal,
  }).then(() => Promise.reject(CUT_OFF));
  cutOff.catch(() => {});
  try {
    return await Promise.race([result, cutOff]);
  } finally {
    stop.abort();
  }
}

function named(error: unknown, withinMs: number): unknown {
  if (error instanceof Error) error.message = `not within ${withinMs} ms: ${error.message}`;
  return error;
}
