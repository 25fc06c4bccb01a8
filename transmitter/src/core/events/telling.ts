import type { CellRecord } from "../cells/cells.js";
import type { Deadlines } from "../deadlines.js";
import type { Effect } from "../effects.js";

/** How long confirms that nobody waits for are gathered, at most: one command for many of them. */
const laterMs = 20;

/** What telling needs of the transmitter around it. */
export interface TellingParts {
  readonly deadlines: Deadlines;
  readonly effects: () => Effect[];
}

/** When cells are told of their events and settlements: once a turn, or a little later. */
export class Telling {
  private readonly untold = new Set<CellRecord>();
  /** Cells to be told what nobody waits for, within `laterMs`. */
  private readonly later = new Set<CellRecord>();
  private laterDueMs = Number.NEGATIVE_INFINITY;
  /** When the shell is woken next for cells that are paced. */
  private paceWakeMs = Number.NEGATIVE_INFINITY;
  private readonly parts: TellingParts;

  constructor(parts: TellingParts) {
    this.parts = parts;
  }

  /** A cell has something to be told. */
  plan(cell: CellRecord, isUrgent: boolean): void {
    (isUrgent ? this.untold : this.later).add(cell);
  }

  /** A cell is gone. */
  forget(cell: CellRecord): void {
    this.untold.delete(cell);
    this.later.delete(cell);
  }

  /** Tells the cells what the turn has brought them; one that is paced waits a moment. */
  flush(nowMs: number): void {
    for (const cell of this.untold) if (!this.isPaced(cell, nowMs)) this.flushOf(cell);
    if (this.later.size === 0 || this.laterDueMs > nowMs) return;
    this.laterDueMs = nowMs + laterMs;
    this.parts.deadlines.at(this.laterDueMs, () => {
      for (const cell of this.later) this.untold.add(cell);
    });
  }

  /**
   * Tells one cell, before it is answered anything else: answers come in the order of the commands
   * (§5.8).
   */
  flushOf(cell: CellRecord): void {
    const isLater = this.later.delete(cell);
    if (!this.untold.delete(cell) && !isLater) return;
    for (const part of cell.confirms.flush()) {
      this.parts.effects().push({ kind: "send", connection: cell.connection, part });
    }
  }

  private isPaced(cell: CellRecord, nowMs: number): boolean {
    const { pace } = cell;
    if (pace === undefined) return false;
    if (pace.untilMs <= nowMs || !pace.reader.isAhead(nowMs)) {
      cell.pace = undefined;
      return false;
    }
    if (this.paceWakeMs <= nowMs) {
      this.paceWakeMs = pace.untilMs;
      this.parts.deadlines.at(pace.untilMs, () => {});
    }
    return true;
  }
}
