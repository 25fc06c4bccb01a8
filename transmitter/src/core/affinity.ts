import { hashThid, type Thid } from "@thynapse/protocol";
import type { CellRecord } from "./cells.js";
import type { Span } from "./ledger.js";
import type { Member } from "./member.js";

/**
 * Which cell of a group a key belongs to: the one with the highest hash of (key, cell), so that a change of the
 * membership moves no key but those of the cell that came or went. A key with a delivery in hand stays where it is, and
 * gets no second one until that is settled: order per key.
 */
export class KeyOwners {
  private readonly busy = new Map<string, Thid>();
  private readonly chosen = new Map<string, Thid>();

  /** Forgets the choices, not what is in hand: call it when the membership changes. */
  changed(): void {
    this.chosen.clear();
  }

  isBusy(key: string): boolean {
    return this.busy.has(key);
  }

  /** The member that the key belongs to now. */
  ownerOf(key: string, members: ReadonlyMap<CellRecord, Member>): Member | undefined {
    const known = this.chosen.get(key);
    let best: Member | undefined;
    let bestHash = "";
    for (const member of members.values()) {
      if (member.cell.id === known) return member;
      if (known !== undefined) continue;
      const hash = hashThid(Buffer.from(`${key} ${member.cell.id}`));
      if (hash > bestHash) {
        best = member;
        bestHash = hash;
      }
    }
    if (best !== undefined) {
      if (this.chosen.size >= chosenMax) this.chosen.clear();
      this.chosen.set(key, best.cell.id);
    }
    return best;
  }

  take(span: Span, member: Member): void {
    const key = keyOf(span);
    if (key !== undefined) this.busy.set(key, member.cell.id);
  }

  /** The delivery of this key was settled, or has come back. */
  release(span: Span): void {
    const key = keyOf(span);
    if (key !== undefined) this.busy.delete(key);
  }

  /** A key that waits out a back-off lets none of its events pass. */
  block(span: Span): void {
    const key = keyOf(span);
    if (key !== undefined) this.busy.set(key, "");
  }
}

const chosenMax = 65_536;

/** The key of the first event of a span; spans of keyed groups hold one event. */
export function keyOf(span: Span): string | undefined {
  return span.lot.run.extrasAt(span.from - span.lot.firstNumber)?.key;
}
