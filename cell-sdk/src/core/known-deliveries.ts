import type { Run } from "@thynapse/protocol";
import type { ClaimBook, RepeatedDelivery, SettleAgain } from "./claims.js";
import type { DeliveryBatch, HeldDelivery } from "./delivery.js";
import type { RunningDeliveries } from "./running-deliveries.js";
import type { WaitingDeliveries } from "./waiting-deliveries.js";

/** What to do with an event that came again. */
export interface KnownHost extends SettleAgain {
  /** Gives it back, uncounted. */
  giveBack(repeated: RepeatedDelivery): void;
  /** One that was in line has another place and name. */
  leftLine(): void;
}

/** A run that may bring events which this cell has, or had. */
export interface RecurringRun {
  readonly run: Run;
  readonly batch: DeliveryBatch;
  /** Its events are not delivered again, but have other names from now on. */
  readonly isClaimed: boolean;
}

/**
 * Tells the events that a cell knows from those that it does not: it has them, or it has settled
 * them, and does not begin them again.
 *
 * @see PROTOCOL.md §10.9, §10.12
 */
export class KnownDeliveries {
  private readonly host: KnownHost;
  private readonly running: RunningDeliveries;
  private readonly waiting: WaitingDeliveries;
  private readonly claims: ClaimBook;

  // Four parameters: the three books of one catch, and the catch.
  constructor(
    host: KnownHost,
    running: RunningDeliveries,
    waiting: WaitingDeliveries,
    claims: ClaimBook,
  ) {
    this.host = host;
    this.running = running;
    this.waiting = waiting;
    this.claims = claims;
  }

  /**
   * Gives what is held its new name and settles again what was settled. What the cell is said to
   * have, and has not, it gives back: it may have handled it and forgotten, and whoever gets it
   * next is told that it repeats.
   *
   * @returns indexes of the events that are not to be begun.
   */
  of({ run, batch, isClaimed }: RecurringRun): Set<number> {
    const known = new Set<number>();
    // Many events come in one run, and many wait: each is searched for once.
    const held = this.heldBySeq(run);
    const adopt = this.waiting.adopter(run);
    const leaveLine = this.waiting.remover(run);
    for (let index = 0; index < run.count; index++) {
      const seq = run.seqAt(index);
      const repeated = { run, index, batch, isClaimed };
      const same = held.get(seq);
      same?.rename(batch, index);
      if (same !== undefined || this.claims.settleAgain(repeated, this.host)) {
        known.add(index);
        continue;
      }
      // What was not begun is taken out: it is begun under its new name.
      const wasOrphan = adopt(seq);
      const wasInLine = leaveLine(seq);
      if (wasInLine) this.host.leftLine();
      if (wasOrphan || wasInLine || !isClaimed) continue;
      known.add(index);
      this.host.giveBack(repeated);
    }
    return known;
  }

  /** How many deliveries of an attachment are held and not settled. */
  heldOf(attachment: number): number {
    let held = 0;
    const count = ({ session }: DeliveryBatch): void => {
      if (session === attachment) held++;
    };
    this.waiting.forEach((_run, _index, batch) => count(batch));
    this.running.forEach(({ state, batch }) => {
      if (state === "held") count(batch);
    });
    return held;
  }

  /** Calls `visit` for each event that is held and not settled, but not of some attachments. */
  forEachHeld(
    isExcepted: (attachment: number) => boolean,
    visit: (run: Run, index: number) => void,
  ): void {
    this.waiting.forEach((run, index, { session }) => {
      if (!isExcepted(session)) visit(run, index);
    });
    this.running.forEach(({ state, run, index, batch }) => {
      if (state === "held" && !isExcepted(batch.session)) visit(run, index);
    });
  }

  /** Deliveries that run, or whose key is busy, with numbers of the sender of a run. */
  private heldBySeq({ header }: Run): Map<number, HeldDelivery> {
    const held = new Map<number, HeldDelivery>();
    const note = (delivery: HeldDelivery): void => {
      if (delivery.sender === header.sender) held.set(delivery.seq, delivery);
    };
    this.waiting.forEachMade(note);
    this.running.forEach((delivery) => {
      if (delivery.state === "held") note(delivery);
    });
    return held;
  }
}
