import type { Thid } from "@thynapse/protocol";

/** What became of an event. */
export interface Receipt {
  readonly seq: number;
  /** Groups and streams that the event matched; 0: nobody catches its channel. */
  readonly matched: number;
  /** The origin knew this event already. */
  readonly repeat: boolean;
  /** The identity of the event, computed at each call. */
  readonly thid: Thid;
}

/**
 * An event on its way. Await it for the receipt; leave it alone otherwise: a refusal that nobody waits for is a
 * `refused` status and never an unhandled rejection.
 */
export interface Sending extends PromiseLike<Receipt> {
  /** The sender's number for the event; 0 while it waits for room in the outbox. */
  readonly seq: number;
}
