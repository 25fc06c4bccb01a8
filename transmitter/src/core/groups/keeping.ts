import type { CellCatch, CellRecord } from "../cells/cells.js";
import type { Deadlines } from "../deadlines.js";
import type { CoreLimits } from "../effects.js";
import type { Group } from "./group.js";
import type { Groups } from "./groups.js";
import type { Sites } from "../sites/sites.js";
import type { Stream, Streams } from "../streams/streams.js";

/** What keeping needs of the transmitter around it. */
export interface KeepingParts {
  readonly limits: CoreLimits;
  readonly deadlines: Deadlines;
  readonly streams: Streams;
  readonly groups: Groups;
  readonly sites: Sites;
}

/** How a catch ends. */
export interface CatchEnd {
  /** Whether its cell goes on at another transmitter. */
  readonly isMoving: boolean;
  /** Whether its cell has begun nothing that it has not settled. */
  readonly isIdle: boolean;
  readonly nowMs: number;
}

/** What lives on for a while after its last cell: streams and groups. @see §8.7, §10.8 */
export class Keeping {
  private readonly parts: KeepingParts;

  constructor(parts: KeepingParts) {
    this.parts = parts;
  }

  /** A cell listens to a stream no longer. */
  unlisten(stream: Stream, cell: CellRecord, nowMs: number): void {
    stream.listeners.delete(cell);
    this.parts.sites.announcing.stream(stream);
    if (stream.listeners.size > 0) return;
    const endMs = nowMs + this.parts.limits.streamKeepMs;
    stream.endsMs = endMs;
    this.charge(cell, stream, endMs);
    this.parts.deadlines.at(endMs, () => {
      if (stream.listeners.size > 0 || stream.endsMs !== endMs) return;
      this.parts.streams.close(stream);
      this.parts.sites.announcing.stream(stream);
    });
  }

  /** A cell has left something that is kept until then; what is kept for it is bounded. */
  charge({ kept }: CellRecord, left: Stream | Group, untilMs: number): void {
    kept.set(left, untilMs);
    this.parts.deadlines.at(untilMs, () => {
      if (kept.get(left) === untilMs) kept.delete(left);
    });
  }

  /** A cell is attached no more: what it holds it claims where it comes back. */
  unclaim({ id, service, claims, catches }: CellRecord): void {
    for (const pattern of claims.keys()) this.parts.groups.find(service, pattern)?.claims?.left(id);
    for (const held of catches.values()) {
      if (held.mode === "any") held.member.group.claims?.left(id);
    }
  }

  /**
   * A cell of a group was lost: after the last one of this transmitter it lives on for
   * `groupKeepMs`. Cells elsewhere do not count: the last ones of two transmitters may be lost at
   * the same time.
   */
  keep(group: Group, nowMs: number): void {
    if (group.members.size > 0) this.parts.sites.announce(group);
    else this.parts.sites.announcing.keep(group, nowMs);
  }

  /**
   * Ends a catch as its cell wants. A group without members ends with it, unless the cell moves: it
   * has the catch at another transmitter, of which others may not know yet.
   */
  end(cell: CellRecord, held: CellCatch, { isMoving, isIdle, nowMs }: CatchEnd): void {
    cell.catches.delete(held.number);
    if (held.mode === "multi") {
      this.unlisten(held.stream, cell, nowMs);
      return;
    }
    const { group } = held.member;
    const { groups, sites } = this.parts;
    group.claims?.left(cell.id);
    groups.fates.left(group, cell, nowMs, isIdle ? "idle" : "left");
    sites.announce(group);
    if (!isMoving) {
      groups.endIfEmpty(group, nowMs);
      return;
    }
    this.keep(group, nowMs);
    if (group.sites.memberCount > 0) sites.announcing.found(group, nowMs);
  }
}
