/** The options in force: what the members' wishes come to together. @see PROTOCOL.md §10.1 */
export interface GroupTerms {
  readonly redeliver: boolean;
  readonly affinity: boolean;
  readonly attemptsMax: number;
  readonly ackTimeoutMs: number;
}

/** What is in force before anybody has said anything. */
export const defaultTerms: GroupTerms = Object.freeze({
  redeliver: true,
  affinity: false,
  attemptsMax: 5,
  ackTimeoutMs: 30_000,
});

/**
 * What these wishes come to together; `undefined` if there is none.
 *
 * Done for each cell that comes or goes, over all of its group: it makes nothing on the way.
 */
export function termsOf(wishes: Iterable<GroupTerms>): GroupTerms | undefined {
  let [redeliver, affinity] = [true, false];
  let [attemptsMax, ackTimeoutMs] = [Number.POSITIVE_INFINITY, 0];
  for (const wish of wishes) {
    redeliver &&= wish.redeliver;
    affinity ||= wish.affinity;
    attemptsMax = Math.min(attemptsMax, wish.attemptsMax);
    ackTimeoutMs = Math.max(ackTimeoutMs, wish.ackTimeoutMs);
  }
  if (attemptsMax === Number.POSITIVE_INFINITY) return undefined;
  return { redeliver, affinity, attemptsMax, ackTimeoutMs };
}
