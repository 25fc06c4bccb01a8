/**
 * What an attachment tells its owner. After `close`, and after `onDisconnected`, nothing more is
 * told.
 */
export interface AttachmentHandlers {
  /**
   * The connection is being made only now: until then another attachment of the process tried for
   * all. `refusals`: how often that was refused meanwhile. Told to those alone that had to wait.
   */
  onTrying(refusals: number): void;
  /** The command connection stands: `HELO` may be sent. */
  onConnected(): void;
  /** The attachment has ended; make a new one. */
  onDisconnected(reason: string): void;
  /** A command of the transmitter: one part, kept by reference and never changed. */
  onCommand(part: Buffer): void;
  /** A message of the event socket: head and part. */
  onEvents(head: Buffer, part: Buffer): void;
  /** `send` may be called again. */
  onDrain(): void;
}

/**
 * One attachment to one transmitter: a command connection and, when it was opened, an event
 * connection.
 *
 * An attachment is never revived: after a loss the owner opens a new one, so that nothing stale is
 * queued in it.
 */
export interface Attachment {
  /**
   * Sends one command. The part belongs to the attachment from then on.
   *
   * @returns false if the pipe is full: the part was not taken; call again after `onDrain`.
   */
  send(part: Buffer): boolean;
  /** Connects to the event socket at `address`; before any `subscribe`, once. */
  openEvents(address: string): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Ends the attachment; what was sent before goes out if it can within a short time. */
  close(): void;
}

/** What a transport is told of an attachment. */
export interface AttachmentTerms {
  /**
   * Whether the cell has no other address: then it may as well wait until somebody listens at this
   * one.
   */
  readonly isOnly: boolean;
}

/** What tells a cell the time, wakes it up, and rolls its dice. */
export interface Clock {
  /** Monotonic time in ms; begins anywhere and never goes back. */
  nowMs(): number;
  /** Time since 1970 in ms, as the machine believes it. */
  wallMs(): number;
  /** A number from 0 up to, not including, 1. */
  random(): number;
  /** Calls `act` once when `delayMs` have passed; what is returned calls it off. */
  after(delayMs: number, act: () => void): () => void;
}

/** A way to reach transmitters. */
export interface Transport {
  /** The clock of its cells; default that of the machine. A virtual mesh brings its own. */
  readonly clock?: Clock;
  /**
   * Begins an attachment; never throws for an address that cannot be reached, but tells
   * `onDisconnected`.
   */
  open(address: string, handlers: AttachmentHandlers, terms?: AttachmentTerms): Attachment;
  /** @throws {MeshError} `BAD_OPTION` if `address` is none that this transport can reach. */
  checkAddress(address: string): void;
}
