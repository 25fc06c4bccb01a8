import type { Attachments } from "./cells/attachments.js";
import { isAtWork } from "./cells/cells.js";
import type { Deadlines } from "./deadlines.js";
import type { CoreLimits, Effect } from "./effects.js";
import type { Groups } from "./groups/groups.js";
import type { Sites } from "./sites/sites.js";

/** What the end of a transmitter needs of it. */
export interface DrainingParts {
  readonly id: string;
  readonly limits: Pick<CoreLimits, "drainTimeoutMs">;
  readonly groups: Groups;
  readonly attachments: Attachments;
  readonly deadlines: Deadlines;
  readonly effects: () => Effect[];
  /** The other transmitters: cells can move to them. */
  readonly sites: Pick<Sites, "hasPeers" | "adopting">;
  /** Tells other transmitters that this one has ended. */
  readonly leave: (nowMs: number) => void;
}

/** How long cells that hold nothing may take to move: to find another home, and be armed there. */
const moveMs = 2000;
/**
 * How long others may take to hear the last words: one that is frozen for longer is found dead in
 * that time.
 */
const hearMs = 2000;
/** How often it is looked whether they have. */
const lookMs = 20;

/**
 * The end of a transmitter: nothing more is taken, what was accepted is settled, and cells move to
 * other transmitters while their connections here stand.
 *
 * - `running`: it takes cells and events.
 * - `draining`: it waits for what was accepted, and for its cells; until `drainTimeoutMs`.
 * - `parting`: it has said its last words, and waits until all others have taken them and what its
 *   cells have settled at last: who has not would give that out again. 2 s at most.
 * - `stopped`: nothing is left.
 *
 * @see PROTOCOL.md §9.6, §18.7
 */
export class Draining {
  private readonly parts: DrainingParts;
  private current: DrainingState = { name: "running" };

  constructor(parts: DrainingParts) {
    this.parts = parts;
  }

  get state(): "running" | "draining" | "stopped" {
    const { name } = this.current;
    return name === "parting" ? "draining" : name;
  }

  /** Begins; a second call changes nothing. */
  begin(nowMs: number): void {
    if (this.current.name !== "running") return;
    this.current = { name: "draining", sinceMs: nowMs };
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
    if (this.current.name === "draining") this.checkRest(this.current.sinceMs, nowMs);
    else if (this.current.name === "parting") this.checkHeard(this.current.saidMs, nowMs);
  }

  private checkRest(sinceMs: number, nowMs: number): void {
    const { limits, deadlines, sites } = this.parts;
    const isInTime = nowMs < sinceMs + limits.drainTimeoutMs;
    if (isInTime && (this.unsettled > 0 || this.isMoving(nowMs - sinceMs))) return;
    if (!sites.hasPeers) {
      this.stop(nowMs);
      return;
    }
    this.current = { name: "parting", saidMs: nowMs };
    sites.adopting.bequeath(nowMs);
    deadlines.at(nowMs + 1, (dueMs) => this.check(dueMs));
  }

  private checkHeard(saidMs: number, nowMs: number): void {
    const { deadlines, sites } = this.parts;
    // What the turn has brought in which they were said goes out at its end.
    if (nowMs <= saidMs) return;
    if (nowMs >= saidMs + hearMs || !sites.adopting.isUnheard) this.stop(nowMs);
    else deadlines.at(nowMs + lookMs, (dueMs) => this.check(dueMs));
  }

  private stop(nowMs: number): void {
    const { effects, leave } = this.parts;
    const unconfirmed = this.unsettled;
    this.current = { name: "stopped" };
    leave(nowMs);
    effects().push({ kind: "stopped", unconfirmed });
  }

  private get unsettled(): number {
    let unsettled = 0;
    for (const group of this.parts.groups.all) unsettled += group.unsettled;
    return unsettled;
  }

  /** Whether cells are still to move, or settle here what they hold after they did. */
  private isMoving(sinceMs: number): boolean {
    const { attachments, sites } = this.parts;
    if (!sites.hasPeers) return false;
    for (const cell of attachments.all) {
      if (sinceMs < moveMs || cell.isElsewhere || isAtWork(cell)) return true;
    }
    return false;
  }
}

type DrainingState =
  | { readonly name: "running" }
  | { readonly name: "draining"; readonly sinceMs: number }
  | { readonly name: "parting"; readonly saidMs: number }
  | { readonly name: "stopped" };
