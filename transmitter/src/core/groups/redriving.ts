import { parsePattern, type Run } from "@thynapse/protocol";
import { Entry } from "../events/entry.js";
import type { Group } from "./group.js";
import type { Groups } from "./groups.js";
import { Sender } from "../events/senders.js";

/** Where a dead letter goes. */
export interface Redrive {
  readonly service: string;
  readonly pattern: string;
  readonly nowMs: number;
}

/**
 * Gives a dead letter to its group again, under its old identity; the sender was told its fate long
 * ago.
 *
 * @returns that group, which is made if there is none, and may have no cells.
 */
export function redrive(groups: Groups, run: Run, { service, pattern, nowMs }: Redrive): Group {
  const sender = new Sender(run.header.sender, nowMs);
  const entry = new Entry(run, { sender, sink: sender, onHandled: () => {} });
  const group = groups.open(service, parsePattern(pattern));
  groups.redrive(group, run, entry, nowMs);
  return group;
}
