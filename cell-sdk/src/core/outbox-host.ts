import type { MeshError, Thid } from "@thynapse/protocol";
import type { FlowAttachment } from "./run-flow.js";

/** What an outbox needs of its cell. */
export interface OutboxHost {
  readonly id: Thid;
  readonly service: string;
  readonly bytesMax: number;
  readonly eventsMax: number;
  wallMs(): number;
  /** Sends a command; only called while the outbox is attached. */
  command(part: Buffer): void;
  /** Events were refused, and not everybody who sent them was waiting to hear it. */
  unheard(first: number, last: number, error: MeshError): void;
}

/** An attachment, as far as the outbox goes. */
export interface OutboxAttachment extends FlowAttachment {
  /**
   * Whether the transmitter is the very one that confirmed before: what is done need not go out
   * again.
   */
  readonly same: boolean;
  readonly session: number;
}

/** What a transmitter said of the events `first … last`. */
export interface SeqSpan {
  readonly first: number;
  readonly last: number;
}
