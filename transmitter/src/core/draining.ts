import type { Attachments } from "./attachments.js";
import type { Deadlines } from "./deadlines.js";
import type { CoreLimits, Effect } from "./effects.js";
import type { Groups } from "./groups.js";

/** What the end of a transmitter needs of it. */
export interface DrainingParts {
  readonly id: string;
  readonly limits: Pick<CoreLimits, "drainTimeoutMs">;
  readonly groups: Groups;
  readonly attachments: Attachments;
  readonly deadlines: Deadlines;
  readonly effects: () => Effect[];
  /** Tells other transmitters that this one has ended. */
  readonly leave: (nowMs: number) => void;
}

/** The end of a transmitter: nothing more is taken, and what was accepted is settled. */
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
    deadlines.at(nowMs + limits.drainTimeoutMs, (dueMs) => this.check(dueMs));
    this.check(nowMs);
  }

  /** Ends it when nothing is left, or no more time. */
  check(nowMs: number): void {
    if (this.sinceMs === undefined || this.isOver) return;
    const { groups, limits, leave, effects } = this.parts;
    let unconfirmed = 0;
    for (const group of groups.all) unconfirmed += group.unsettled;
    if (unconfirmed > 0 && nowMs < this.sinceMs + limits.drainTimeoutMs) return;
    this.isOver = true;
    leave(nowMs);
    effects().push({ kind: "stopped", unconfirmed });
  }
}
