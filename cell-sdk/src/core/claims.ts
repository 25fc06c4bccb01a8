import { type Claim, type Outcome, RangeSet, type Run, type SeqRange } from "@thynapse/protocol";
import type { DeliveryBatch, HeldDelivery, SettlementDetail } from "./delivery.js";
import { SenderRanges } from "./sender-ranges.js";

/** Ranges that one claim lists: about 60 bytes each, and all of them travel in one command. */
const claimRangesMax = 8192;

/** A settlement whose outputs are not yet handled. */
export interface OutputSettlement {
  readonly delivery: HeldDelivery;
  readonly outcome: Outcome;
  readonly detail: SettlementDetail;
}

/** An event that came again. */
export interface RepeatedDelivery {
  readonly run: Run;
  readonly index: number;
  readonly batch: DeliveryBatch;
}

/** Who settles an event that came again. */
export interface SettleAgain {
  /** @param kept the settlement with outputs; `undefined`: it was acked without. */
  again(repeated: RepeatedDelivery, kept: OutputSettlement | undefined): void;
}

/**
 * What a cell remembers of the deliveries of one anycatch, so that none is handled twice after the loss of a transmitter:
 * the events above their sender's floor that it has acked, and the settlements whose outputs are not yet handled.
 *
 * @see PROTOCOL.md §10.6 and §10.9
 */
export class ClaimBook {
  private readonly settled = new SenderRanges();
  private readonly outputs = new Map<string, OutputSettlement>();

  /** A run of a sender came: its floor may have risen. */
  heard(run: Run, nowMs: number): void {
    this.settled.of(run.header.sender, run.header.floor, nowMs);
  }

  acked(delivery: HeldDelivery, nowMs: number): void {
    const { run, index } = delivery;
    this.settled.of(run.header.sender, run.header.floor, nowMs).add(run.seqAt(index));
  }

  /** A settlement carries outputs: it is kept until they are handled. */
  sentOutputs(delivery: HeldDelivery, outcome: Outcome, detail: SettlementDetail): void {
    this.outputs.set(keyOf(delivery.run, delivery.index), { delivery, outcome, detail });
  }

  /** The outputs of a settlement are handled; or it was not taken, and they never go out. */
  outputsDone(delivery: HeldDelivery, isTaken: boolean, nowMs: number): void {
    const key = keyOf(delivery.run, delivery.index);
    const kept = this.outputs.get(key);
    if (kept === undefined) return;
    this.outputs.delete(key);
    if (isTaken && kept.outcome === "ack") this.acked(delivery, nowMs);
  }

  /**
   * Settles an event that came again as it was settled before. Not so an ask that was acked without outputs: its result
   * is not kept.
   *
   * @returns false if this cell has not settled the event.
   */
  settleAgain(repeated: RepeatedDelivery, by: SettleAgain): boolean {
    const { run, index } = repeated;
    const kept = this.outputs.get(keyOf(run, index));
    if (kept !== undefined) {
      by.again(repeated, kept);
      return true;
    }
    const { sender, floor } = run.header;
    const isAsk = run.extrasAt(index)?.ask !== undefined;
    if (isAsk || !this.settled.of(sender, floor, 0).has(run.seqAt(index))) return false;
    by.again(repeated, undefined);
    return true;
  }

  /** @param forEachHeld calls its argument for each event that is held and not settled. */
  claim(
    pattern: string,
    forEachHeld: (visit: (run: Run, index: number) => void) => void,
  ): Claim | undefined {
    const held = new Map<string, RangeSet>();
    const hold = (run: Run, index: number): void => {
      const { sender } = run.header;
      const numbers = held.get(sender) ?? new RangeSet();
      held.set(sender, numbers);
      numbers.add(run.seqAt(index));
    };
    forEachHeld(hold);
    for (const { delivery } of this.outputs.values()) hold(delivery.run, delivery.index);
    const claim = {
      pattern,
      held: rangesOf([...held].map(([sender, numbers]) => [sender, numbers.ranges()])),
      settled: rangesOf([...this.settled.entries()]),
    };
    return claim.held.length + claim.settled.length === 0 ? undefined : claim;
  }
}

function keyOf(run: Run, index: number): string {
  return `${run.header.sender}:${run.seqAt(index)}`;
}

/** The newest ranges of each sender, as many as a claim may list. */
function rangesOf(
  senders: readonly (readonly [string, readonly (readonly [number, number])[]])[],
): SeqRange[] {
  const share = Math.max(1, Math.floor(claimRangesMax / Math.max(1, senders.length)));
  return senders
    .slice(-claimRangesMax)
    .flatMap(([sender, ranges]) =>
      ranges.slice(-share).map(([first, last]) => ({ sender, first, last })),
    );
}
