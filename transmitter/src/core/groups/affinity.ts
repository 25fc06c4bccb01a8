import { hashThid, type Thid } from "@thynapse/protocol";
import { HeldKey } from "./held-keys.js";
import type { Span } from "./ledger.js";

/**
 * Which cell of a group a key belongs to: the one with the highest hash of (key, cell), so that a
 * change of the membership moves no key but those of the cell that came or went. A key with a
 * delivery in hand stays where it is, and gets no second one until that is settled: order per key.
 */
export class KeyOwners {
  /** Keys that let nothing pass, and the deliveries for which they do not. */
  private readonly busy = new Map<string, Set<number>>();
  private readonly chosen = new Map<string, Owner>();
  /** Keys of events that are held back for claims. */
  private readonly heldBack = new Map<string, HeldKey>();

  /** How often the membership has changed. */
  generation = 0;
  /** Called when a key has become busy, or free. */
  onChange: (key: string) => void = () => {};

  /** Forgets the choices, not what is in hand: call it when the membership changes. */
  changed(): void {
    this.generation++;
    this.chosen.clear();
  }

  /**
   * Whether an event of a key has to wait: one is out, or stands before it and is held back. What
   * is held back behind it does not count: it may wait elsewhere for this one.
   */
  isBusy(key: string, span: Span): boolean {
    return this.busy.has(key) || this.heldBack.get(key)?.isBefore(span) === true;
  }

  /** The member that the key belongs to now, wherever its cell is attached. */
  ownerOf(key: string, members: Iterable<Thid>): Owner | undefined {
    const known = this.chosen.get(key);
    if (known !== undefined) return known;
    const best = highest(key, members);
    if (best !== undefined) {
      if (this.chosen.size >= chosenMax) this.chosen.clear();
      this.chosen.set(key, best);
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
    this.onChange(key);
  }

  /** The delivery of this key was settled, or has come back. */
  release(span: Span): void {
    const key = keyOf(span);
    const numbers = key === undefined ? undefined : this.busy.get(key);
    // Cells that came back may have claimed several of one key: the others keep it busy.
    if (numbers?.delete(span.from) !== true || numbers.size > 0) return;
    this.busy.delete(key as string);
    this.onChange(key as string);
  }

  /** Events are held back for claims: none behind them of their keys may pass. */
  holdBack(span: Span): void {
    const { sender } = span.lot.run.header;
    for (const { key, number, seq } of keysOf(span)) {
      const held = this.heldBack.get(key) ?? new HeldKey();
      this.heldBack.set(key, held);
      held.add(sender, number, seq);
      this.onChange(key);
    }
  }

  /** They are held back no longer. */
  letGo(span: Span): void {
    const { sender } = span.lot.run.header;
    for (const { key, number } of keysOf(span)) {
      const held = this.heldBack.get(key);
      held?.remove(sender, number);
      if (held?.isEmpty === true) this.heldBack.delete(key);
      this.onChange(key);
    }
  }
}

const chosenMax = 65_536;

/** Whom a key belongs to, and the hash by which that is so. */
export interface Owner {
  readonly id: Thid;
  readonly hash: string;
}

/** Whoever has the highest hash with a key: one of these members, or whose hash is known. */
export function highest(key: string, members: Iterable<Thid>, known?: Owner): Owner | undefined {
  let found = known;
  for (const id of members) {
    const hash = hashThid(Buffer.from(`${key} ${id}`));
    if (found === undefined || hash > found.hash) found = { id, hash };
  }
  return found;
}

/** The events of a span that have a key. */
function keysOf({ lot: { run, firstNumber }, from, to }: Span): KeyedEvent[] {
  const events: KeyedEvent[] = [];
  if (run.extras === undefined) return events;
  for (let number = from; number < to; number++) {
    const key = run.extrasAt(number - firstNumber)?.key;
    if (key !== undefined) events.push({ key, number, seq: run.seqAt(number - firstNumber) });
  }
  return events;
}

interface KeyedEvent {
  readonly key: string;
  readonly number: number;
  readonly seq: number;
}

/** The key of the first event of a span; spans of keyed groups hold one event. */
export function keyOf(span: Span): string | undefined {
  return span.lot.run.extrasAt(span.from - span.lot.firstNumber)?.key;
}
