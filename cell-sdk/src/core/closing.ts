import { MeshError } from "@thynapse/protocol";
import type { Asks } from "./asks.js";
import type { Catches } from "./catches.js";
import type { Emit } from "./effects.js";
import type { HomeMove } from "./moving.js";
import type { Outbox } from "./outbox.js";
import type { Session } from "./session.js";
import type { Settlements } from "./settlements.js";

/** What closing a cell touches. */
export interface ClosingHost {
  readonly emit: Emit;
  readonly session: Session;
  readonly outbox: Outbox;
  readonly catches: Catches;
  readonly asks: Asks;
  readonly settlements: Settlements;
  readonly moving: HomeMove;
  readonly nowMs: number;
}

/**
 * - `open`: the cell works.
 * - `draining`: it takes nothing new, and waits for its handlers, their settlements and the
 *   confirms of what it sent; until `untilMs`.
 * - `leaving`: it says farewell.
 * - `closed`: nothing is left.
 */
type ClosingState =
  | { readonly name: "open" }
  | { readonly name: "draining"; readonly untilMs: number }
  | { readonly name: "leaving" }
  | { readonly name: "closed"; readonly unconfirmed: number; readonly error?: MeshError };

/** How a cell ends: in order, or at once. */
export class CellClosing {
  private readonly host: ClosingHost;
  private current: ClosingState = { name: "open" };

  constructor(host: ClosingHost) {
    this.host = host;
  }

  get state(): ClosingState {
    return this.current;
  }

  /** When `check` is due; infinite if never. */
  get deadlineMs(): number {
    return this.current.name === "draining" ? this.current.untilMs : Number.POSITIVE_INFINITY;
  }

  /** Begins to drain. */
  begin(nowMs: number, drainTimeoutMs: number): void {
    if (this.current.name !== "open") return;
    const { emit, catches } = this.host;
    this.current = { name: "draining", untilMs: nowMs + drainTimeoutMs };
    emit({ kind: "status", status: { kind: "draining", by: "cell" } });
    for (const each of catches.all()) {
      if (each.mode === "multi") each.pause();
      else {
        each.pause();
        each.releaseWaiting();
      }
    }
    this.check(nowMs);
  }

  /** Goes on if there is nothing left to wait for, or no time. */
  check(nowMs: number): void {
    const { session } = this.host;
    if (this.current.name === "draining") {
      const { isQuiet } = this;
      const isLate = nowMs >= this.current.untilMs;
      if (!isLate && !isQuiet) return;
      if (isLate) this.abandon();
      this.current = { name: "leaving" };
      this.host.moving.leave(isQuiet, nowMs);
      session.leave(isQuiet, nowMs);
    }
    if (this.current.name === "leaving" && session.state.name === "closed") this.end();
  }

  /** Ends at once: the cell cannot go on. */
  fail(error: MeshError): void {
    if (this.current.name === "closed") return;
    this.host.session.close();
    this.end(error);
  }

  private get isQuiet(): boolean {
    const { outbox, settlements, catches, moving } = this.host;
    if (outbox.pendingEvents > 0 || !settlements.isEmpty || !moving.isSettled) return false;
    return catches
      .all()
      .every((each) => each.runningCount === 0 && (each.mode === "multi" || each.keptCount === 0));
  }

  private abandon(): void {
    const error = new MeshError("CLOSED", "the cell closes and waits no longer");
    for (const each of this.host.catches.all()) if (each.mode === "any") each.abandon(error);
  }

  private end(error?: MeshError): void {
    const { emit, outbox, asks, catches, moving, nowMs } = this.host;
    moving.end(nowMs);
    const reason = error ?? new MeshError("CLOSED", "the cell is closed");
    const unconfirmed = outbox.end(reason);
    asks.end(reason);
    // Nothing more is begun, and nothing more is heard: not of what is to be dropped, either.
    for (const each of catches.all()) {
      each.pause();
      each.refused(reason);
    }
    catches.detach();
    if (error !== undefined) this.abandon();
    const why = error === undefined ? {} : { error };
    this.current = { name: "closed", unconfirmed, ...why };
    emit({ kind: "status", status: { kind: "closed", unconfirmed, ...why } });
  }
}
