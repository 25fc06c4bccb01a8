import type { Books, EventBook, GroupBook } from "./books.js";
import type { Membership } from "./membership.js";

/**
 * When a group was done with an event, as far as the log says: it was acked, became a dead letter,
 * or ended in one of the other ways that its sender or the group allows. `undefined` if it was not.
 */
export function outcomeMs(
  { books, membership }: { readonly books: Books; readonly membership: Membership },
  event: EventBook,
  group: GroupBook,
  nowMs: number,
): number | undefined {
  // A time to live ends it at the latest.
  const isOpen = group.isAtMostOnce && endedMs(event, group) > nowMs;
  if (isOpen && mayBeDropped(books, membership, event, group)) return event.sentMs;
  const ownMs = ownOutcomeMs(event, group, nowMs);
  if (ownMs !== undefined) return ownMs;
  if (event.wish.same === undefined) return undefined;
  const others = books.same.get(event.wish.same) ?? [];
  const ends = others.map((other) => ownOutcomeMs(other, group, nowMs) ?? nowMs + 1);
  const first = Math.min(...ends);
  return first <= nowMs ? first : undefined;
}

function ownOutcomeMs(event: EventBook, group: GroupBook, nowMs: number): number | undefined {
  let endMs = endedMs(event, group);
  if (event.wish.ttlMs !== undefined) endMs = Math.min(endMs, event.sentMs + event.wish.ttlMs);
  return endMs <= nowMs ? endMs : undefined;
}

/** When somebody said that it is over; `Infinity` if nobody did. */
function endedMs(event: EventBook, group: GroupBook): number {
  let endMs = event.deadMs.get(group) ?? Number.POSITIVE_INFINITY;
  for (const { end, endMs: handledMs } of event.handlings.get(group) ?? []) {
    // A handler of an ask that fails settles it: the asker is told so.
    const settles = end === "acked" || (event.wish.isAsk === true && isFailure(end));
    if (settles) endMs = Math.min(endMs, handledMs);
  }
  return event.isRefused ? Math.min(endMs, event.sentMs) : endMs;
}

function isFailure(end: string | undefined): boolean {
  return end === "nacked" || end === "rejected";
}

/** At most once: what repeats, and what has left the origin and may not have come, may vanish. */
function mayBeDropped(
  books: Books,
  membership: Membership,
  event: EventBook,
  group: GroupBook,
): boolean {
  if ((event.handlings.get(group)?.length ?? 0) > 0) return true;
  // A delivery may be lost on its way to a cell whose connection is.
  const involved = [event.sender, ...membership.membersOf(group)];
  if (involved.some((cell) => books.homes.isFaultySince(cell, event.sentMs))) return true;
  const sites = involved.map((cell) => membership.siteOf(cell));
  const homes = [...sites, ...event.musts.map(({ home }) => home)];
  if (homes.some((home) => books.homes.isTroubledSince(home, event.sentMs))) return true;
  for (const { home } of event.musts) {
    const startedMs = books.homes.startedMs.get(home) ?? 0;
    if (startedMs > event.sentMs || membership.attachedMs(event.sender, home) > event.sentMs) {
      return true;
    }
  }
  return false;
}
