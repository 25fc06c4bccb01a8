import type { CatchHome } from "./catch-home.js";
import type { HeldDelivery } from "./delivery.js";
import type { SettlingCatch } from "./settlements.js";
import { writeCommand } from "./wire.js";

/** An anycatch as one home granted it, in one attachment: its deliveries are settled there. */
export class AnycatchGrant implements SettlingCatch {
  readonly catchNumber: number;
  readonly attachment: number;
  readonly home: CatchHome;
  private readonly told: SettlingCatch["confirmed"];

  /** @param told what becomes of settlements that are more than acks. */
  constructor(catchNumber: number, home: CatchHome, told: SettlingCatch["confirmed"]) {
    this.catchNumber = catchNumber;
    this.attachment = home.attachment;
    this.home = home;
    this.told = told;
  }

  confirmed(delivery: HeldDelivery, isTaken: boolean): void {
    this.told(delivery, isTaken);
  }

  /** Says how many deliveries it may have, settled ones not counted; 0: nothing more. */
  tellCredit(credit: number): void {
    this.home.command(writeCommand("CRED", { catch: this.catchNumber, credit }));
  }

  /** Ends it there. */
  drop(): void {
    this.home.command(writeCommand("DROP", { catch: this.catchNumber }));
  }
}
