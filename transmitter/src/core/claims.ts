import { type Claim, RangeSet, type SeqRange, type Thid } from "@thynapse/protocol";

/**
 * What cells that lost their transmitter say of one group: which events they hold, and which they
 * have settled. Asked when a sender repeats an event that this transmitter has not seen.
 *
 * @see PROTOCOL.md §10.9
 */
export class Claims {
  private readonly settled = new Map<Thid, RangeSet>();
  private readonly heldBy = new Map<Thid, Map<Thid, RangeSet>>();

  add(cell: Thid, claim: Claim): void {
    addRanges(this.settled, claim.settled);
    const held = new Map<Thid, RangeSet>();
    addRanges(held, claim.held);
    this.heldBy.set(cell, held);
  }

  isSettled(sender: Thid, seq: number): boolean {
    return this.settled.get(sender)?.has(seq) === true;
  }

  /** The cell that holds this event, if one said so. */
  holderOf(sender: Thid, seq: number): Thid | undefined {
    for (const [cell, held] of this.heldBy) {
      if (held.get(sender)?.has(seq) === true) return cell;
    }
    return undefined;
  }

  /** The cell has what it claimed, under a new name. */
  adopted(cell: Thid, sender: Thid, seq: number): void {
    this.heldBy.get(cell)?.get(sender)?.remove(seq);
  }
}

function addRanges(sets: Map<Thid, RangeSet>, ranges: readonly SeqRange[]): void {
  for (const { sender, first, last } of ranges) {
    let set = sets.get(sender);
    if (set === undefined) {
      set = new RangeSet();
      sets.set(sender, set);
    }
    set.add(first, last);
  }
}
