import type { SeqRange, Thid } from "@thynapse/protocol";
import type { Senders } from "../events/senders.js";
import type { Group } from "../groups/group.js";
import type { Groups } from "../groups/groups.js";
import type { Hosting } from "./hosting.js";
import type { Links } from "./links.js";
import { claimWords } from "./range-words.js";

/** What the last words of a transmitter are taken from. */
export interface BequestParts {
  readonly links: () => Links;
  readonly groups: () => Groups;
  readonly senders: Senders;
  readonly hosting: Hosting;
}

/**
 * Tells all others what a transmitter that ends knows to be settled: whoever has not read its last
 * confirms repeats those events, and no one else could say that they are done.
 *
 * @see PROTOCOL.md §18.7
 */
export function bequeath(parts: BequestParts, nowMs: number): void {
  const peers = parts.links().linkedPeers();
  if (peers.length === 0) return;
  for (const group of parts.groups().all) {
    const settled = [...handledOf(parts.senders, group), ...parts.hosting.allSettledOf(group)];
    if (settled.length === 0) continue;
    for (const part of claimWords(group, { held: [], settled })) {
      for (const peer of peers) parts.links().send(peer, part, nowMs);
    }
  }
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
