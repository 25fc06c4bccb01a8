import type { Attachments } from "./cells/attachments.js";
import { isAtWork } from "./cells/cells.js";
import type { Deadlines } from "./deadlines.js";
import type { CoreLimits, Effect } from "./effects.js";
import type { Groups } from "./groups/groups.js";

/** What the end of a transmitter needs of it. */
export interface DrainingParts {
  readonly id: string;
  readonly limits: Pick<CoreLimits, "drainTimeoutMs">;
  readonly groups: Groups;
  readonly attachments: Attachments;
  readonly deadlines: Deadlines;
  readonly effects: () => Effect[];
  /** Whether there are other transmitters that cells can move to. */
  readonly hasPeers: () => boolean;
  /** Tells other transmitters that this one has ended. */
  readonly leave: (nowMs: number) => void;
}

/** How long cells that hold nothing may take to move: to find another home, and be armed there. */
const moveMs = 2000;

/**
 * The end of a transmitter: nothing more is taken, what was accepted is settled, and cells move to
 * other transmitters while their connections here stand.
 *
 * @see PROTOCOL.md §9.6
 */
export class Draining {
  private readonly parts: DrainingParts;
  private sinceMs: number | undefined;
  private isOver = false;

  constructor(parts: DrainingParts) {
    this.parts = parts;
  }

  get state(): "running" | "draining" | "stopped" {
    if (this.isOver) return "stopped";
    return this.sinceMs === undefined ? "running" : "draining";
  }

  /** Begins; a second call changes nothing. */
  begin(nowMs: number): void {
    if (this.sinceMs !== undefined) return;
    this.sinceMs = nowMs;
    const { id, attachments, deadlines, limits } = this.parts;
    attachments.tell("$mesh.transmitter.draining", { id }, nowMs);
    attachments.sayDraining();
    for (const waitMs of [moveMs, limits.drainTimeoutMs]) {
      deadlines.at(nowMs + waitMs, (dueMs) => this.check(dueMs));
    }
    this.check(nowMs);
  }

  /** Ends it when nothing is left, or no more time. */
  check(nowMs: number): void {
    if (this.sinceMs === undefined || this.isOver) return;
    const { groups, limits, leave, effects } = this.parts;
    let unconfirmed = 0;
    for (const group of groups.all) unconfirmed += group.unsettled;
    const isInTime = nowMs < this.sinceMs + limits.drainTimeoutMs;
    if (isInTime && (unconfirmed > 0 || this.isMoving(nowMs - this.sinceMs))) return;
    this.isOver = true;
    leave(nowMs);
    effects().push({ kind: "stopped", unconfirmed });
  }

  /** Whether cells are still to move, or settle here what they hold after they did. */
  private isMoving(sinceMs: number): boolean {
    const { attachments, hasPeers } = this.parts;
    if (!hasPeers()) return false;
    for (const cell of attachments.all) {
      if (sinceMs < moveMs || cell.isElsewhere || isAtWork(cell)) return true;
    }
    return false;
  }
}
