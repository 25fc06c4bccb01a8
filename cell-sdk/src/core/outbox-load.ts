/** What an outbox may hold. */
export interface OutboxBounds {
  readonly bytesMax: number;
  readonly eventsMax: number;
}

/**
 * The share that is kept free for what handlers send, lest a service that feeds itself gets stuck.
 */
const plainShare = 0.9;
const roomShare = 0.75;
/** A sender should not have more events unhandled: the backlog of a group holds 100 000, of all. */
const roomEventsMax = 65_536;

/** How full an outbox is. */
export class OutboxLoad {
  /** Events that have a number. */
  numberedEvents = 0;
  /** Those of them that are handled or refused. */
  doneEvents = 0;
  /** Bytes of closed runs that are not done. */
  bytes = 0;
  private readonly bounds: OutboxBounds;

  constructor(bounds: OutboxBounds) {
    this.bounds = bounds;
  }

  /** Events that are neither handled nor refused. */
  get events(): number {
    return this.numberedEvents - this.doneEvents;
  }

  /** Whether another event may be taken; the last tenth is for those that are privileged. */
  hasSpace(isPrivileged: boolean): boolean {
    return this.isBelow(isPrivileged ? 1 : plainShare);
  }

  /** Whether a sender should go on. */
  get hasRoom(): boolean {
    return this.events < roomEventsMax && this.isBelow(roomShare);
  }

  private isBelow(share: number): boolean {
    return this.bytes < this.bounds.bytesMax * share && this.events < this.bounds.eventsMax * share;
  }
}
