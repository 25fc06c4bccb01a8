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
  /** The other transmitters: cells can move to them, and one takes over what is not settled. */
  readonly sites: Pick<Sites, "hasPeers" | "announcing" | "succession">;
  /** Tells other transmitters that this one has ended. */
  readonly leave: (nowMs: number) => void;
}

/** How long cells that hold nothing may take to move: to find another home, and be armed there. */
const moveMs = 2000;
/** How often it is looked whether others have heard the last words. */
const lookEveryMs = 20;

/**
 * The end of a transmitter: nothing more is taken, what was accepted is settled, and cells move to
 * other transmitters while their connections here stand.
 *
 * - `running`: it takes cells and events.
 * - `draining`: it waits for what was accepted, and for its cells; until `drainTimeoutMs`.
 * - `parting`: it gives nothing out any more, says its last words, and waits until all others have
 *   taken them and what its cells have settled at last: who has not would give that out again. 2 s
 *   at most, from the last word on.
 * - `stopped`: nothing is left.
 *
 * @see PROTOCOL.md §9.6, §18.7, §18.11
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

  /** When it began; `undefined` while the transmitter runs. */
  get sinceMs(): number | undefined {
    return this.current.name === "running" ? undefined : this.current.sinceMs;
  }

  /** Begins; a second call changes nothing. */
  begin(nowMs: number): void {
    if (this.current.name !== "running") return;
    this.current = { name: "draining", sinceMs: nowMs };
    const { id, attachments, deadlines, limits, sites } = this.parts;
    sites.announcing.draining();
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
    else if (this.current.name === "parting") this.checkHeard(this.current.lookMs, nowMs);
  }

  private checkRest(sinceMs: number, nowMs: number): void {
    const { limits, sites } = this.parts;
    const isInTime = nowMs < sinceMs + limits.drainTimeoutMs;
    if (isInTime && (this.unsettled > 0 || this.isMoving(nowMs - sinceMs))) return;
    if (sites.hasPeers) this.part(nowMs);
    else this.stop(nowMs);
  }

  private part(nowMs: number): void {
    const { attachments, groups, sites } = this.parts;
    groups.pumping.end();
    sites.succession.begin(nowMs);
    const { command } = sites.succession;
    if (command !== undefined) attachments.sayDraining(command);
    // What the turn has brought in which they were said goes out at its end.
    this.lookAt(nowMs + 1);
  }

  private checkHeard(lookMs: number, nowMs: number): void {
    if (nowMs < lookMs) return;
    const { succession } = this.parts.sites;
    if (succession.goOn(nowMs)) this.stop(nowMs);
    else this.lookAt(nowMs + lookEveryMs);
  }

  private lookAt(lookMs: number): void {
    const { sinceMs = lookMs } = this;
    this.current = { name: "parting", sinceMs, lookMs };
    this.parts.deadlines.at(lookMs, (dueMs) => this.check(dueMs));
  }

  private stop(nowMs: number): void {
    const { effects, leave, sites, attachments } = this.parts;
    const { sinceMs = nowMs } = this;
    this.current = { name: "stopped", sinceMs };
    const open = sites.succession.unconfirmed();
    for (const cell of attachments.all) {
      const unconfirmed = open.get(cell.id)?.ranges();
      if (unconfirmed === undefined) continue;
      attachments.send(cell, "GBYE", { reason: "draining", unconfirmed });
    }
    leave(nowMs);
    effects().push({ kind: "stopped", ...sites.succession.rest() });
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
  | { readonly name: "parting"; readonly sinceMs: number; readonly lookMs: number }
  | { readonly name: "stopped"; readonly sinceMs: number };
