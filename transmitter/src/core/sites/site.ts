import type { Pattern, Thid } from "@thynapse/protocol";

/** Unacked bytes on a link above which senders wait, well below what its ring holds. */
const aheadBytes = 4 * 1024 * 1024;

/** Another transmitter, as a place to which events go. @see PROTOCOL.md §18.3 */
export class Site {
  readonly number: number;
  readonly id: Thid;
  readonly incarnation: number;
  /** How its deliveries are named: those of which it is the origin. */
  readonly origin: string;
  /** Patterns of which it has a stream. */
  readonly patterns = new Map<string, SitePattern>();
  /** Whether it is held for dead. */
  isBuried = false;
  /** The first of our streams for which it cannot count what they miss while it is lost. */
  unknownFrom = 0;
  /** Whether it drains: it takes nothing over. */
  isDraining = false;
  /** Until when its readers ask our senders to wait. */
  slowUntilMs = Number.NEGATIVE_INFINITY;
  /** Events that were dropped on the way to it, by channel: it is told when the link stands. */
  readonly lost = new Map<string, number>();
  private readonly unackedBytes: () => number;

  constructor(
    number: number,
    { id, incarnation }: { readonly id: Thid; readonly incarnation: number },
    unackedBytes: () => number,
  ) {
    this.number = number;
    this.id = id;
    this.incarnation = incarnation;
    this.origin = `${id}.${incarnation}`;
    this.unackedBytes = unackedBytes;
  }

  /** Whether senders should wait for it. */
  isAhead(nowMs: number): boolean {
    if (this.isBuried) return false;
    return nowMs < this.slowUntilMs || this.unackedBytes() > aheadBytes;
  }
}

/** A pattern of which another transmitter has a stream. */
export interface SitePattern {
  readonly number: number;
  readonly site: Site;
  readonly pattern: Pattern;
  /** Cells that listen to it; 0 while it is kept for those that may come back. */
  cells: number;
}

/** A transmitter to which an event goes, and its patterns that match. */
export interface SiteShare {
  readonly site: Site;
  readonly patterns: readonly SitePattern[];
}
