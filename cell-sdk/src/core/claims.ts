import { type Outcome, RangeSet, type Run, SeqMap } from "@thynapse/protocol";
import type { WholeClaim } from "./bounded-claims.js";
import type { DeliveryBatch, HeldDelivery, SettlementDetail } from "./delivery.js";
import { SenderRanges } from "./sender-ranges.js";

/** A settlement that is not confirmed. */
export interface KeptSettlement {
  readonly delivery: HeldDelivery;
  readonly outcome: Outcome;
  readonly detail: SettlementDetail | undefined;
}

/** An event that came again. */
export interface RepeatedDelivery {
  readonly run: Run;
  readonly index: number;
  readonly batch: DeliveryBatch;
  /** It is not delivered again, but has another name from now on. */
  readonly isClaimed: boolean;
}

/** Who settles an event that came again. */
export interface SettleAgain {
  /** @param kept how it was settled; `undefined`: it was acked, and that is all. */
  again(repeated: RepeatedDelivery, kept: KeptSettlement | undefined): void;
}

/**
 * What a cell remembers of the deliveries of one anycatch, so that none is handled twice after the
 * loss of a transmitter: the events above their sender's floor that it has acked, and all other
 * settlements (with outputs or a result, or no acks) until they are confirmed.
 *
 * @see PROTOCOL.md §10.6 and §10.9
 */
export class ClaimBook {
  private readonly settled = new SenderRanges();
  private readonly kept = new SeqMap<KeptSettlement>();

  /** Settlements that are not confirmed. */
  get keptCount(): number {
    return this.kept.size;
  }

  /** A run of a sender came: its floor may have risen. */
  heard(run: Run, nowMs: number): void {
    this.settled.of(run.header.sender, run.header.floor, nowMs);
  }

  acked(delivery: HeldDelivery, nowMs: number): void {
    const { run, index } = delivery;
    this.settled.of(run.header.sender, run.header.floor, nowMs).add(run.seqAt(index));
  }

  /** Notes a settlement that is more than an ack, until it is confirmed. */
  keep(delivery: HeldDelivery, outcome: Outcome, detail: SettlementDetail | undefined): void {
    const { run, index } = delivery;
    this.kept.set(run.header.sender, run.seqAt(index), { delivery, outcome, detail });
  }

  /**
   * The settlement was taken, and its outputs are handled; or it was not taken, and they never go
   * out.
   */
  confirmed(delivery: HeldDelivery, isTaken: boolean, nowMs: number): void {
    const { sender } = delivery.run.header;
    const seq = delivery.run.seqAt(delivery.index);
    const kept = this.kept.get(sender, seq);
    if (kept === undefined) return;
    this.kept.delete(sender, seq);
    if (isTaken && kept.outcome === "ack") this.acked(delivery, nowMs);
  }

  /** Forgets what was settled under names of attachments that are gone, and got no new one. */
  forgetAllBut(isKnown: (attachment: number) => boolean): void {
    for (const { delivery } of this.kept.values()) {
      const { run, index, batch } = delivery;
      if (!isKnown(batch.session)) this.kept.delete(run.header.sender, run.seqAt(index));
    }
  }

  /**
   * Settles an event that came again as it was settled before. Not so an ask whose ack was
   * confirmed and that is delivered again: its result is no longer known.
   *
   * @returns false if this cell has not settled the event.
   */
  settleAgain(repeated: RepeatedDelivery, by: SettleAgain): boolean {
    const { run, index } = repeated;
    const { sender, floor } = run.header;
    const seq = run.seqAt(index);
    const kept = this.kept.get(sender, seq);
    if (kept !== undefined && wasTaken(kept, repeated)) this.kept.delete(sender, seq);
    else if (kept !== undefined) {
      by.again(repeated, kept);
      return true;
    }
    const isAsk = !repeated.isClaimed && run.extrasAt(index)?.ask !== undefined;
    if (isAsk || !this.settled.of(sender, floor, 0).has(seq)) return false;
    by.again(repeated, undefined);
    return true;
  }

  /**
   * @param forEachHeld calls its argument for each event that is held and not settled.
   * @param isAwaited whether settlements of an attachment are still waited for.
   */
  claim(
    pattern: string,
    forEachHeld: (visit: (run: Run, index: number) => void) => void,
    isAwaited: (attachment: number) => boolean,
  ): WholeClaim {
    const held = new Map<string, RangeSet>();
    const hold = (run: Run, index: number): void => {
      const { sender } = run.header;
      const numbers = held.get(sender) ?? new RangeSet();
      held.set(sender, numbers);
      numbers.add(run.seqAt(index));
    };
    forEachHeld(hold);
    for (const { delivery } of this.kept.values()) {
      if (!isAwaited(delivery.batch.session)) hold(delivery.run, delivery.index);
    }
    return {
      pattern,
      held: [...held].map(([sender, numbers]) => [sender, numbers.ranges()]),
      settled: [...this.settled.entries()],
    };
  }
}

/**
 * Whether an event comes again because its settlement was taken: it was nacked or released on this
 * very attachment, and this is the attempt that follows, not the old one under a new name.
 */
function wasTaken({ delivery, outcome }: KeptSettlement, repeated: RepeatedDelivery): boolean {
  const { batch, isClaimed } = repeated;
  return !isClaimed && outcome !== "ack" && delivery.batch.session === batch.session;
}
