import type { AnycatchOptions, CaughtEvent } from "@thynapse/cell-sdk";

import type { CatchTerms } from "../../../simulation/log.js";

/** The fields of a record that say which event it is about. */
export function nameOf(event: CaughtEvent): { id: string; channel: string; key?: string } {
  const { sender, seq, channel, key } = event;
  return { id: `${sender}:${seq}`, channel, ...(key !== undefined && { key }) };
}

/** What a catch promises with these options, defaults filled in. */
export function armedTerms(options: AnycatchOptions = {}): CatchTerms {
  const { redeliver = true, affinity = false, ackTimeoutMs = 30_000 } = options;
  return { redeliver, affinity, ackTimeoutMs };
}
