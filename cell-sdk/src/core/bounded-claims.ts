import type { Claim, FieldMap, SeqRange } from "@thynapse/protocol";

/**
 * Ranges that all claims list together. They travel in one `HELO`, whose payload is at most 1 MiB:
 * a range takes up to 61 bytes, and each of a thousand claims up to 290 besides.
 */
export const claimedRangesMax = 12_000;

/** Ranges of numbers, by sender. */
export type RangesBySender = readonly (readonly [string, readonly (readonly [number, number])[]])[];

/** All that a claim could list. */
export interface WholeClaim {
  readonly pattern: string;
  readonly held: RangesBySender;
  readonly settled: RangesBySender;
}

/**
 * What one `HELO` lists of all claims: what is held before what is settled, the newest ranges of
 * each sender, and each catch and each sender its share. What is left out counts as nobody's: it
 * may be handled again.
 *
 * @see PROTOCOL.md §10.9
 */
export function boundedClaims(claims: readonly WholeClaim[]): Claim[] {
  const held = newest(
    claims.map((claim) => claim.held),
    claimedRangesMax,
  );
  const settled = newest(
    claims.map((claim) => claim.settled),
    claimedRangesMax - sum(held.map(({ length }) => length)),
  );
  return claims
    .map(({ pattern }, at) => ({ pattern, held: held[at] ?? [], settled: settled[at] ?? [] }))
    .filter((claim) => claim.held.length + claim.settled.length > 0);
}

/** Writes a claim as `HELO` has it. */
export function writeClaim({ pattern, held, settled }: Claim): FieldMap {
  const rows = (ranges: readonly SeqRange[]): unknown[] =>
    ranges.map(({ sender, first, last }) => [sender, first, last]);
  return { pattern, held: rows(held), settled: rows(settled) };
}

/** The newest ranges of each list, so many together. */
function newest(lists: readonly RangesBySender[], rangesMax: number): SeqRange[][] {
  const room = shares(lists.map(sizeOf), rangesMax);
  return lists.map((senders, at) => {
    const counts = shares(
      senders.map(([, { length }]) => length),
      room[at] ?? 0,
    );
    return senders.flatMap(([sender, ranges], each) =>
      ranges
        .slice(ranges.length - (counts[each] ?? 0))
        .map(([first, last]) => ({ sender, first, last })),
    );
  });
}

/** Shares room out evenly; what a small part leaves is the larger ones'. */
function shares(sizes: readonly number[], roomMax: number): number[] {
  const given = sizes.map(() => 0);
  let room = roomMax;
  let left = sizes.length;
  for (const [at, size] of [...sizes.entries()].sort(([, a], [, b]) => a - b)) {
    const share = Math.min(size, Math.floor(room / left--));
    given[at] = share;
    room -= share;
  }
  return given;
}

function sizeOf(senders: RangesBySender): number {
  return sum(senders.map(([, { length }]) => length));
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
