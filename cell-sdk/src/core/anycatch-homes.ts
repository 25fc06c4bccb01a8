import type { FieldMap, Outcome } from "@thynapse/protocol";
import { AnycatchGrant } from "./anycatch-grant.js";
import type { CatchHome } from "./catch-home.js";
import type { RepeatedDelivery } from "./claims.js";
import type { DeliveryBatch, HeldDelivery, SettlementDetail } from "./delivery.js";
import type { SettlingCatch } from "./settlements.js";
import { writeCommand } from "./wire.js";

/**
 * Where the deliveries of an anycatch are settled: each at the home, and in the attachment, that it
 * came from.
 */
export class AnycatchHomes {
  /** Ends with the connection. */
  current: AnycatchGrant | undefined;
  /** At the home that the cell is leaving. */
  former: AnycatchGrant | undefined;

  /** The catch stands. @returns false if it did: an earlier wish for the pattern was answered. */
  granted(catchNumber: number, home: CatchHome, told: SettlingCatch["confirmed"]): boolean {
    const { current } = this;
    if (current?.catchNumber === catchNumber && current.attachment === home.attachment)
      return false;
    this.current = new AnycatchGrant(catchNumber, home, told);
    return true;
  }

  isKnown(attachment: number): boolean {
    return attachment === this.current?.attachment || attachment === this.former?.attachment;
  }

  /** Where a delivery is settled; `undefined` while it has no name there. */
  of({ batch }: { readonly batch: DeliveryBatch }): AnycatchGrant | undefined {
    const { current, former } = this;
    if (current?.attachment === batch.session) return current;
    return former?.attachment === batch.session ? former : undefined;
  }

  /** Settles a delivery; without a name it waits for its new one. */
  settle(delivery: HeldDelivery, outcome: Outcome, detail: SettlementDetail | undefined): void {
    const grant = this.of(delivery);
    grant?.home.settlements.add(grant, delivery, outcome, detail);
  }

  /** Settles what no handler saw. */
  plain(outcome: Outcome, { index, batch }: RepeatedDelivery): void {
    const grant = this.of({ batch });
    grant?.home.settlements.plain(grant, outcome, { name: batch, number: batch.number + index });
  }

  say(command: "PROG" | "RPLY", delivery: HeldDelivery, fields: FieldMap): void {
    const grant = this.of(delivery);
    if (grant === undefined) return;
    const { catchNumber, home } = grant;
    home.command(writeCommand(command, { catch: catchNumber, ...delivery.name, ...fields }));
  }

  /** The cell turns to another home. */
  split(): void {
    if (this.current === undefined) return;
    this.former = this.current;
    this.current = undefined;
  }

  /** The catch ends. */
  end(): void {
    this.former?.drop();
    this.current = undefined;
    this.former = undefined;
  }
}
