import { catchBytesMax } from "@thynapse/protocol";
import type { AnycatchWish } from "./core/anycatch-host.js";
import type { MulticatchWish } from "./core/multicatch-supply.js";
import type { AnycatchOptions, MulticatchOptions } from "./options.js";

/**
 * Completes the options of a multicatch.
 *
 * @param failed called with what `onGap` throws, or the promise that it returns is rejected with
 */
export function wishOfMulticatch(
  pattern: string,
  options: MulticatchOptions,
  echo: boolean,
  failed: (thrown: unknown) => void,
): MulticatchWish {
  const { onGap } = options;
  const told = async (count: number | undefined): Promise<unknown> =>
    onGap?.({ kind: "gap", pattern, count });
  return {
    pattern,
    concurrency: options.concurrency ?? 1,
    echo: options.echo ?? echo,
    bufferBytesMax: options.bufferBytesMax ?? catchBytesMax,
    dropOldest: options.overflow === "drop-oldest",
    onGap: (count) => void told(count).catch(failed),
  };
}

/** Completes the options of an anycatch; what is left out is the transmitter's default. */
export function wishOfAnycatch(pattern: string, options: AnycatchOptions): AnycatchWish {
  return {
    pattern,
    concurrency: options.concurrency ?? 1,
    credit: options.credit,
    redeliver: options.redeliver,
    affinity: options.affinity,
    attemptsMax: options.attemptsMax,
    ackTimeoutMs: options.ackTimeoutMs,
  };
}

/** Tells the handler from the options: either may be left out. */
export function pick<H extends (...args: never[]) => unknown, O extends object>(
  second: unknown,
  third: O | undefined,
): { readonly handler: H | undefined; readonly given: O | undefined } {
  if (typeof second === "function") return { handler: second as H, given: third };
  return { handler: undefined, given: second as O | undefined };
}
