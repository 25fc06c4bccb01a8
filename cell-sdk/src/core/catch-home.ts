import type { Settlements } from "./settlements.js";

/** A transmitter that this cell is attached to, as its catches see it. */
export interface CatchHome {
  /** Number of the attachment. */
  readonly attachment: number;
  readonly settlements: Settlements;
  command(part: Buffer): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
}
