import type { CellStatus } from "./status.js";

/** Something that hands out events for a handler. @see CellCore */
export interface EventSupply {
  readonly pattern: string;
}

/**
 * Names an attachment: a cell has one, and for a while two, when it moves from one home to another.
 */
export type Line = 0 | 1;

/**
 * What the rules want done, in this order.
 *
 * - `attach`: open a new attachment to `address`; the line has none at this time.
 * - `detach`: close the attachment, after what was sent before.
 * - `command`: send one part on the command connection.
 * - `openEvents`, `subscribe`, `unsubscribe`: for the event connection; a subscription ends in its
 *   space.
 * - `ready`: `supply` has events: take them until it gives none.
 * - `status`: tell it to whoever listens.
 */
export type Effect =
  | {
      readonly kind: "attach";
      readonly line: Line;
      readonly address: string;
      /** Whether there is no other one to try. */
      readonly isOnly: boolean;
    }
  | { readonly kind: "detach"; readonly line: Line }
  | { readonly kind: "command"; readonly line: Line; readonly part: Buffer }
  | { readonly kind: "openEvents"; readonly line: Line; readonly address: string }
  | { readonly kind: "subscribe"; readonly line: Line; readonly subscription: string }
  | { readonly kind: "unsubscribe"; readonly line: Line; readonly subscription: string }
  | { readonly kind: "ready"; readonly supply: EventSupply }
  | { readonly kind: "status"; readonly status: CellStatus };

/** Takes effects in the order in which they are to be done. */
export type Emit = (effect: Effect) => void;
