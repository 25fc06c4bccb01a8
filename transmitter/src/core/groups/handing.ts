import type { Run, Thid } from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import { jsonDelivery, packDelivery } from "../streams/deliver.js";
import type { Effect } from "../effects.js";
import type { Fates } from "./fates.js";
import type { Group } from "./group.js";
import type { Holder } from "./holder.js";
import { type Span, singles, spanCount } from "./ledger.js";
import { Member } from "./member.js";
import type { Lease } from "../sites/lease.js";
import { SiteMember } from "../sites/site-member.js";
import type { Traces } from "../requests/traces.js";

/** What groups ask of the mesh. @see PROTOCOL.md §18 */
export interface Elsewhere {
  /** Gives deliveries to another transmitter. */
  deliver(group: Group, site: SiteMember, span: Span, handing: SiteHanding): void;
  /**
   * Asks for credit, or gives it back, as what waits needs it.
   *
   * @param unmet in a group with affinity: for whom how many keys wait.
   */
  demand(group: Group, nowMs: number, unmet?: ReadonlyMap<Holder, number>): void;
  /** Lets an origin spend more of our cells' credit. @returns false if it is not there. */
  grant(group: Group, lease: Lease, count: number): boolean;
  /** Asks everybody what they know of events that a sender repeats here. */
  seek(group: Group, run: Run, session: number): void;
  /** Whether we were away for so long that others may have buried us, and have not heard since. */
  wasAway(nowMs: number): boolean;
  /** Others must know that the group, or what is in force in it, has changed. */
  announce(group: Group): void;
  /** The group is no more. */
  ended(group: Group): void;
}

/** How deliveries go to another transmitter. */
export interface SiteHanding {
  readonly nowMs: number;
  /** The cell that holds them already. */
  readonly claimedBy?: Thid | undefined;
}

/** What handing out needs of the transmitter around it. */
export interface HandingParts {
  readonly counters: Counters;
  readonly traces: Traces;
  readonly effects: () => Effect[];
  readonly elsewhere: Elsewhere;
}

/** Gives deliveries to those who were chosen for them. @see PROTOCOL.md §10.3, §18.4 */
export class Handing {
  private readonly parts: HandingParts;
  private readonly fates: Fates;

  constructor(parts: HandingParts, fates: Fates) {
    this.parts = parts;
    this.fates = fates;
  }

  /** Gives a span to a holder, as the next attempt. Hot path: guarded by `bench/micro/core`. */
  give(group: Group, holder: Holder, span: Span, { nowMs, claimedBy }: SiteHanding): void {
    const count = spanCount(span);
    if (span.attempt > 0) {
      group.stats.redelivered += count;
      this.parts.counters.add("redeliveries", count);
    }
    span.attempt++;
    group.stats.delivered += count;
    if (holder instanceof Member) this.handOut(holder, span, nowMs, claimedBy !== undefined);
    else if (holder instanceof SiteMember) {
      this.parts.elsewhere.deliver(group, holder, span, { nowMs, claimedBy });
    }
  }

  /**
   * Hands deliveries to a cell of this transmitter, whoever their origin is.
   *
   * @param isClaimed whether the cell holds them already and must not begin them again.
   */
  handOut(member: Member, span: Span, nowMs: number, isClaimed: boolean): void {
    const { cell, group } = member;
    const count = spanCount(span);
    span.avoid = undefined;
    cell.stats.delivered += count;
    this.parts.counters.add("deliveries", count);
    this.parts.traces.delivered(span, member);
    const effects = this.parts.effects();
    if (cell.encoding === "M") {
      const part = packDelivery(member, span, isClaimed);
      effects.push({ kind: "send", connection: cell.connection, part });
      member.hold(span, nowMs);
      return;
    }
    for (const single of singles(span)) {
      const part = jsonDelivery(member, single, isClaimed);
      if (typeof part === "string") {
        group.released(single);
        this.fates.unsayable(member, single, part);
        continue;
      }
      effects.push({ kind: "send", connection: cell.connection, part });
      member.hold(single, nowMs);
    }
  }
}
