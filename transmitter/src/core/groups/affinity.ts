import { hashThid, type Thid } from "@thynapse/protocol";
import type { Holder } from "./holder.js";
import type { Span } from "./ledger.js";

/**
 * Which cell of a group a key belongs to: the one with the highest hash of (key, cell), so that a
 * change of the membership moves no key but those of the cell that came or went. A key with a
 * delivery in hand stays where it is, and gets no second one until that is settled: order per key.
 */
export class KeyOwners {
  /** Keys that let nothing pass, and the deliveries for which they do not. */
  private readonly busy = new Map<string, Set<number>>();
  private readonly chosen = new Map<string, Thid>();
  /** Keys of events that are held back for claims, and how many each has. */
  private readonly heldBack = new Map<string, number>();

  /** Forgets the choices, not what is in hand: call it when the membership changes. */
  changed(): void {
    this.chosen.clear();
  }

  isBusy(key: string): boolean {
    return this.busy.has(key) || this.heldBack.has(key);
  }

  /** The member that the key belongs to now, wherever its cell is attached. */
  ownerOf(key: string, members: Iterable<Holder>): Holder | undefined {
    const known = this.chosen.get(key);
    let best: Holder | undefined;
    let bestHash = "";
    for (const member of members) {
      if (member.id === known) return member;
      if (known !== undefined) continue;
      const hash = hashThid(Buffer.from(`${key} ${member.id}`));
      if (hash > bestHash) {
        best = member;
        bestHash = hash;
      }
    }
    if (best !== undefined) {
      if (this.chosen.size >= chosenMax) this.chosen.clear();
      this.chosen.set(key, best.id);
    }
    return best;
  }

  /** The delivery of this key is out, or waits out a back-off: none of its events passes. */
  take(span: Span): void {
    const key = keyOf(span);
    if (key === undefined) return;
    const numbers = this.busy.get(key);
    if (numbers === undefined) this.busy.set(key, new Set([span.from]));
    else numbers.add(span.from);
  }

  /** The delivery of this key was settled, or has come back. */
  release(span: Span): void {
    const key = keyOf(span);
    const numbers = key === undefined ? undefined : this.busy.get(key);
    // Cells that came back may have claimed several of one key: the others keep it busy.
    if (numbers?.delete(span.from) === true && numbers.size === 0) this.busy.delete(key as string);
  }

  /** Events are held back for claims: none behind them of their keys may pass. */
  holdBack(span: Span): void {
    for (const key of keysOf(span)) this.heldBack.set(key, (this.heldBack.get(key) ?? 0) + 1);
  }

  /** They are held back no longer. */
  letGo(span: Span): void {
    for (const key of keysOf(span)) {
      const rest = (this.heldBack.get(key) ?? 0) - 1;
      if (rest > 0) this.heldBack.set(key, rest);
      else this.heldBack.delete(key);
    }
  }
}

const chosenMax = 65_536;

/** The keys of all events of a span, for each event that has one. */
function keysOf({ lot, from, to }: Span): string[] {
  const keys: string[] = [];
  if (lot.run.extras === undefined) return keys;
  for (let number = from; number < to; number++) {
    const key = lot.run.extrasAt(number - lot.firstNumber)?.key;
    if (key !== undefined) keys.push(key);
  }
  return keys;
}

/** The key of the first event of a span; spans of keyed groups hold one event. */
export function keyOf(span: Span): string | undefined {
  return span.lot.run.extrasAt(span.from - span.lot.firstNumber)?.key;
}
