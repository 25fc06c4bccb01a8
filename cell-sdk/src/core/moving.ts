import type { Catches } from "./catches.js";
import type { Emit } from "./effects.js";
import type { Outbox } from "./outbox.js";
import type { Session } from "./session.js";
import type { Settlements } from "./settlements.js";

/** What moving from one transmitter to another touches. */
export interface MovingHost {
  readonly emit: Emit;
  readonly session: Session;
  readonly outbox: Outbox;
  readonly catches: Catches;
  readonly settlements: Settlements;
}

/**
 * How long a cell settles what it holds at a transmitter that drains, before it moves all the same.
 */
const moveMs = 5000;

/**
 * Leaves a transmitter that drains: sends nothing more there, settles what it holds, and attaches
 * elsewhere. Where there is no other transmitter it stays until this one is gone.
 *
 * @see PROTOCOL.md §9.6
 */
export class HomeMove {
  private readonly host: MovingHost;
  /** The attachment that is to be left; 0 if none is. */
  private attachment = 0;
  private untilMs = Number.POSITIVE_INFINITY;

  constructor(host: MovingHost) {
    this.host = host;
  }

  /** When `check` is due; infinite if never. */
  get deadlineMs(): number {
    return this.isDue ? this.untilMs : Number.POSITIVE_INFINITY;
  }

  begin(nowMs: number): void {
    const { session, outbox, emit } = this.host;
    if (this.attachment === session.count) return;
    this.attachment = session.count;
    this.untilMs = nowMs + moveMs;
    emit({ kind: "status", status: { kind: "draining", by: "transmitter" } });
    outbox.hold();
    this.check(nowMs);
  }

  /** Moves if nothing is held any more, or it took too long. */
  check(nowMs: number): void {
    if (!this.isDue || (nowMs < this.untilMs && !this.isQuiet)) return;
    this.untilMs = Number.POSITIVE_INFINITY;
    if (this.host.session.move(nowMs)) this.attachment = 0;
  }

  private get isDue(): boolean {
    return this.host.session.isWelcome && this.attachment === this.host.session.count;
  }

  private get isQuiet(): boolean {
    const { settlements, catches } = this.host;
    return settlements.isEmpty && catches.heldCount === 0;
  }
}
