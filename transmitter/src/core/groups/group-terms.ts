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

/** What these wishes come to together: at least one. */
export function termsOf(wishes: readonly GroupTerms[]): GroupTerms {
  return {
    redeliver: wishes.every((wish) => wish.redeliver),
    affinity: wishes.some((wish) => wish.affinity),
    attemptsMax: Math.min(...wishes.map((wish) => wish.attemptsMax)),
    ackTimeoutMs: Math.max(...wishes.map((wish) => wish.ackTimeoutMs)),
  };
}
