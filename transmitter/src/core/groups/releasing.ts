import { keyOf } from "./affinity.js";
import type { Deadlines } from "../deadlines.js";
import type { Settler } from "./fates-parts.js";
import type { Group } from "./group.js";
import type { Span } from "./ledger.js";
import { SiteMember } from "../sites/site-member.js";

/** A release with nobody else to go to comes back after this: it must not spin. */
const releasePauseMs = 20;

/** What releasing needs of the transmitter around it. */
export interface ReleasingParts {
  readonly deadlines: Deadlines;
  /** Takes a span back into the backlog, now or later. */
  readonly back: (group: Group, span: Span, nowMs: number, delayMs: number) => void;
  /** Called for a group whose deliveries may go on. */
  readonly touch: (group: Group) => void;
}

/** Where deliveries go that their cell gave back. @see PROTOCOL.md §10.4 */
export class Releasing {
  private readonly parts: ReleasingParts;

  constructor(parts: ReleasingParts) {
    this.parts = parts;
  }

  /**
   * Gives deliveries to another cell, if one can take them now; else they come back after a pause.
   */
  release(group: Group, by: Settler, span: Span, nowMs: number): void {
    const owned = group.terms.affinity && keyOf(span) !== undefined;
    if (owned || group.memberCount < 2) this.parts.back(group, span, nowMs, releasePauseMs);
    else if (hasOther(group, by)) {
      this.avoid(group, by, span, nowMs);
      this.parts.back(group, span, nowMs, 0);
    } else this.pause(group, by, span, nowMs);
  }

  private avoid(group: Group, by: Settler, span: Span, nowMs: number): void {
    span.avoid = by.id;
    // The other may stop taking any before its turn comes; what is behind must not wait for that.
    this.parts.deadlines.at(nowMs + releasePauseMs, () => {
      span.avoid = undefined;
      this.parts.touch(group);
    });
  }

  /** Meanwhile other transmitters are asked for credit: they may lease some when it comes back. */
  private pause(group: Group, by: Settler, span: Span, nowMs: number): void {
    group.sites.wanted++;
    this.parts.deadlines.at(nowMs + releasePauseMs, (dueMs) => {
      group.sites.wanted--;
      if (hasOther(group, by)) this.avoid(group, by, span, dueMs);
    });
    this.parts.back(group, span, nowMs, releasePauseMs);
  }
}

/** Whether a cell other than this one can take a delivery now. */
function hasOther(group: Group, { id, holder }: Settler): boolean {
  const { members, sites } = group;
  if (group.mostFree(id, () => 1) !== undefined) return true;
  const isItsSite = holder instanceof SiteMember;
  const isAloneThere = isItsSite && sites.partOf(holder.peer)?.members === 1;
  const except = members.size === 0 || isAloneThere ? holder : undefined;
  return sites.mostLeased(() => 1, except) !== undefined;
}
