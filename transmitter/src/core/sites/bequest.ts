import type { SeqRange, Thid } from "@thynapse/protocol";
import type { Senders } from "../events/senders.js";
import type { Group } from "../groups/group.js";
import type { Groups } from "../groups/groups.js";
import type { Hosting } from "./hosting.js";
import type { Links } from "./links.js";
import { once, type Pacing } from "./pacing.js";
import { claimWords } from "./range-words.js";

/** What the last words of a transmitter are taken from. */
export interface BequestParts {
  readonly links: () => Links;
  readonly groups: () => Groups;
  readonly senders: Senders;
  readonly hosting: Hosting;
  readonly pacing: Pacing;
}

/**
 * Tells others what a transmitter that ends knows to be settled: whoever has not read its last
 * confirms repeats those events, and no one else could say that they are done.
 *
 * @see PROTOCOL.md §18.7
 */
export function bequeath(parts: BequestParts, peers: readonly Thid[], nowMs: number): void {
  for (const group of parts.groups().all) {
    const words = once(() => bequestOf(parts, group));
    for (const peer of peers) parts.pacing.tell(peer, words, nowMs);
  }
}

function bequestOf({ senders, hosting }: BequestParts, group: Group): Buffer[] {
  const settled = [...handledOf(senders, group), ...hosting.allSettledOf(group)];
  return settled.length === 0 ? [] : claimWords(group, { held: [], settled });
}

/**
 * What is handled of each sender and may be repeated: it has not said that it knows. What the group
 * has not got, because it was full, is not.
 */
function handledOf(senders: Senders, { number }: Group): SeqRange[] {
  return [...senders.all].flatMap((sender) => {
    const ranges = sender.done.ranges();
    const missed = sender.missedBy(number);
    if (missed === undefined) return rowsOf(sender.id, ranges);
    return rowsOf(
      sender.id,
      ranges.flatMap(([first, last]) => missed.missing(first, last)),
    );
  });
}

function rowsOf(sender: Thid, ranges: readonly (readonly [number, number])[]): SeqRange[] {
  return ranges.map(([first, last]) => ({ sender, first, last }));
}
