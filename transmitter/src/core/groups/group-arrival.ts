/** How events come to a group. */
export interface GroupArrival {
  readonly nowMs: number;
  /** Whether the sender sends them again: then they are held back for claims first. */
  readonly repeat: boolean;
  /** The attachment of the sender. */
  readonly session: number;
  /** Whether a handler has sent them: they may pass a full backlog. */
  readonly isOutput: boolean;
  /** Whether a transmitter that ends has left them: it has accepted them. */
  readonly isLeft?: boolean;
}
