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

/** What these wishes come to together; `undefined` if there is none. */
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

/**
 * The wishes of all members, each kind once: there are few, and a cell that comes to a thousand
 * others costs no more than the first.
 */
export class Wishes {
  private readonly kinds = new Map<string, { readonly wish: GroupTerms; count: number }>();

  add(wish: GroupTerms): void {
    const key = keyOf(wish);
    const kind = this.kinds.get(key);
    if (kind === undefined) this.kinds.set(key, { wish, count: 1 });
    else kind.count++;
  }

  remove(wish: GroupTerms): void {
    const key = keyOf(wish);
    const kind = this.kinds.get(key);
    if (kind !== undefined && --kind.count === 0) this.kinds.delete(key);
  }

  /** What they come to together; `undefined` if there is none. */
  get terms(): GroupTerms | undefined {
    return termsOf([...this.kinds.values()].map(({ wish }) => wish));
  }
}

function keyOf({ redeliver, affinity, attemptsMax, ackTimeoutMs }: GroupTerms): string {
  return `${redeliver} ${affinity} ${attemptsMax} ${ackTimeoutMs}`;
}
