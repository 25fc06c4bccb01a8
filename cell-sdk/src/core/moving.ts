import type { Catches } from "./catches.js";
import type { Emit } from "./effects.js";
import type { FormerCatches } from "./former-catches.js";
import type { CellHome } from "./home.js";
import type { Outbox } from "./outbox.js";

/** What moving from one transmitter to another touches. */
export interface MovingHost {
  readonly emit: Emit;
  readonly outbox: Outbox;
  readonly catches: Catches;
  readonly home: CellHome;
  /** Puts another home, which is not attached yet, in the place of the present one. */
  replaceHome(): CellHome;
}

/** A home that the cell leaves. */
export interface FormerHome {
  readonly home: CellHome;
  readonly catches: FormerCatches;
}

/**
 * Leaves a transmitter that drains, after it has made itself at home with another one: nothing more
 * is sent at the old one; what was held there is settled there, and streams are read there until
 * those of the new home have taken over. Where there is no other transmitter the cell stays until
 * this one is gone.
 *
 * @see PROTOCOL.md §9.6
 */
export class HomeMove {
  private readonly host: MovingHost;
  private current: FormerHome | undefined;
  /** The attachment that is to be left; 0 if none is. */
  private due = 0;

  constructor(host: MovingHost) {
    this.host = host;
  }

  /** The home that is being left. */
  get former(): FormerHome | undefined {
    return this.current;
  }

  /** When the former home wants a `tick`; infinite if never. */
  get deadlineMs(): number {
    return this.current?.home.session.deadlineMs ?? Number.POSITIVE_INFINITY;
  }

  /** The home drains. */
  begin(nowMs: number): void {
    const { home, outbox, emit } = this.host;
    if (this.due === home.attachment) return;
    this.due = home.attachment;
    emit({ kind: "status", status: { kind: "draining", by: "transmitter" } });
    outbox.hold();
    this.check(nowMs);
  }

  /** Goes on: turns to another home, or leaves the former one, if it is time. */
  check(nowMs: number): void {
    if (this.current !== undefined) this.checkFormer(this.current, nowMs);
    const { session } = this.host.home;
    const isDue = session.isWelcome && this.due === session.number && session.hasOther;
    if (isDue && this.current === undefined) this.turn(nowMs);
  }

  tick(nowMs: number): void {
    this.current?.home.session.tick(nowMs);
  }

  /** The former home is gone, in whatever way. */
  lost(nowMs: number): void {
    const { current } = this;
    if (current === undefined) return;
    const { catches, home } = this.host;
    const isHolding = current.catches.heldCount > 0 || !current.home.settlements.isEmpty;
    this.current = undefined;
    catches.forgetFormer(nowMs);
    current.home.settlements.detach();
    // The new home was not told of what was to be settled at the old one: now it is claimed.
    if (isHolding) home.session.claim();
  }

  /** Whether no settlement is awaited at the former home. */
  get isSettled(): boolean {
    return this.current?.home.settlements.isEmpty ?? true;
  }

  /** The cell says farewell: here, too. */
  leave(isIdle: boolean, nowMs: number): void {
    const session = this.current?.home.session;
    if (session?.isWelcome === true) session.leave(isIdle, nowMs);
  }

  /** The cell ends: nobody waits for the former home any longer. */
  end(nowMs: number): void {
    this.current?.home.session.close();
    this.lost(nowMs);
  }

  private turn(nowMs: number): void {
    const { home: former, outbox, catches } = this.host;
    former.settlements.flush();
    former.session.retire();
    outbox.detach();
    const home = this.host.replaceHome();
    this.current = { home: former, catches: catches.split(home) };
    home.session.startElsewhere(nowMs);
  }

  private checkFormer({ home, catches }: FormerHome, nowMs: number): void {
    const { session } = home;
    if (session.state.name === "closed") {
      this.lost(nowMs);
      return;
    }
    const { home: next, catches: all } = this.host;
    if (!session.isWelcome || !next.session.isWelcome || !all.atHome.isAnswered) return;
    if (catches.isDone && home.settlements.isEmpty) session.leave(true, nowMs);
  }
}
