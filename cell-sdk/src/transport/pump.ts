import { setImmediate as nextTurn } from "node:timers/promises";

/** A socket that messages come from. */
export interface MessageSource {
  readonly closed: boolean;
  receive(): Promise<Buffer[]>;
}

/** How long a pump may go on before everything else has its turn. */
const budgetMs = 2;
/** Messages between two looks at the clock. */
const clockMessages = 8;

/**
 * Hands every message of a socket on, until the socket is closed. While messages are waiting it
 * does not leave the turn, but for a moment every 2 ms: timers and heartbeats must not starve.
 *
 * @param onFailed called if the socket fails by itself.
 */
export async function pump(
  source: MessageSource,
  handle: (parts: Buffer[]) => void,
  onFailed: (error: unknown) => void,
): Promise<void> {
  let turnMs = performance.now();
  let messages = 0;
  try {
    while (!source.closed) {
      handle(await source.receive());
      if (++messages < clockMessages) continue;
      messages = 0;
      if (performance.now() - turnMs < budgetMs) continue;
      await nextTurn();
      turnMs = performance.now();
    }
  } catch (error) {
    if (!source.closed) onFailed(error);
  }
}
