import type { Counters } from "../counters.js";
import type { Random } from "../effects.js";
import { freshCount, isExpired } from "./expiry.js";
import type { Fates } from "./fates.js";
import type { Group } from "./group.js";
import type { Elsewhere, Handing } from "./handing.js";
import type { Holder } from "./holder.js";
import { type Span, spanCount } from "./ledger.js";
import { shareCredit } from "../sites/leasing.js";

/** What pumping needs of the transmitter around it. */
export interface PumpingParts {
  readonly counters: Counters;
  readonly random: Random;
  readonly elsewhere: Elsewhere;
}

/** Who gets what of the backlog of a group, within credit. @see PROTOCOL.md §10.2, §18.4 */
export class Pumping {
  private readonly parts: PumpingParts;
  private readonly fates: Fates;
  private readonly handing: Handing;
  private isOver = false;

  constructor(parts: PumpingParts, fates: Fates, handing: Handing) {
    this.parts = parts;
    this.fates = fates;
    this.handing = handing;
  }

  /** Gives nothing out any more: it is left to another transmitter. */
  end(): void {
    this.isOver = true;
  }

  /** Gives out what can be given out, and asks for the credit that is missing. */
  send(group: Group, nowMs: number): void {
    if (this.isOver) return;
    group.backlog.setByKey(group.terms.affinity);
    shareCredit(group, (lease, count) => this.parts.elsewhere.grant(group, lease, count));
    const unmet = group.terms.affinity ? this.pumpByKey(group, nowMs) : undefined;
    this.pump(group, nowMs);
    this.parts.elsewhere.demand(group, nowMs, unmet);
  }

  private pump(group: Group, nowMs: number): void {
    for (let first = group.backlog.first; first !== undefined; first = group.backlog.first) {
      if (first.lot.run.extras !== undefined && isExpired(first, nowMs)) {
        this.expire(group, group.backlog.take(1));
        continue;
      }
      const choice = group.choose(() => this.parts.random.float());
      if (choice === undefined) return;
      const count =
        first.lot.run.extras === undefined ? choice.count : freshCount(first, choice, nowMs);
      this.handing.give(group, choice.holder, group.backlog.take(count), { nowMs });
    }
  }

  /** Gives out what has a key. Returns for whom some has to wait for want of credit. */
  private pumpByKey(group: Group, nowMs: number): Map<Holder, number> {
    const unmet = new Map<Holder, number>();
    for (const key of group.backlog.keys()) {
      if (group.owners.isBusy(key)) continue;
      const owner = group.owners.ownerOf(key, group.holders());
      if (owner === undefined) continue;
      if (owner.free <= group.sites.leasedOf(owner.id)) {
        unmet.set(owner, (unmet.get(owner) ?? 0) + 1);
        continue;
      }
      const span = group.backlog.takeKey(key);
      if (isExpired(span, nowMs)) {
        this.expire(group, span);
        continue;
      }
      group.owners.take(span);
      this.handing.give(group, owner, span, { nowMs });
    }
    return unmet;
  }

  private expire(group: Group, span: Span): void {
    this.parts.counters.add("eventsExpired", spanCount(span));
    this.fates.settle(group, span);
  }
}
