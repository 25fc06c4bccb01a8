import type { Thid } from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import type { Random } from "../effects.js";
import { freshCount, isExpired } from "./expiry.js";
import type { Fates } from "./fates.js";
import type { Group } from "./group.js";
import type { Elsewhere, Handing } from "./handing.js";
import type { Holder } from "./holder.js";
import type { KeyLine } from "./key-lines.js";
import { rankOf, type Span, spanCount } from "./ledger.js";
import type { RankHeap } from "./rank-heap.js";
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
    if (unmet === undefined) this.pump(group, nowMs);
    this.parts.elsewhere.demand(group, nowMs, unmet);
  }

  private pump(group: Group, nowMs: number): void {
    const { backlog } = group;
    while (backlog.first !== undefined) {
      if (!this.giveFirst(group, backlog.first, nowMs)) return;
    }
  }

  /** Gives out the first of the one line. Returns false if nobody can take it. */
  private giveFirst(group: Group, first: Span, nowMs: number): boolean {
    const { extras } = first.lot.run;
    if (extras !== undefined && isExpired(first, nowMs)) {
      this.expire(group, group.backlog.take(1));
      return true;
    }
    const choice = group.choose(() => this.parts.random.float());
    if (choice === undefined) return false;
    const count = extras === undefined ? choice.count : freshCount(first, choice, nowMs);
    this.handing.give(group, choice.holder, group.backlog.take(count), { nowMs });
    return true;
  }

  /**
   * Gives out what has a key, and between that what has none, in the order of arrival. Returns for
   * whom how many keys have to wait for want of credit.
   */
  private pumpByKey(group: Group, nowMs: number): Map<Holder, number> {
    const { backlog } = group;
    const takers = takersOf(group);
    for (let { first } = backlog; first !== undefined; { first } = backlog) {
      for (const taker of takers) this.giveKeys(group, taker, rankOf(first), nowMs);
      if (!this.giveFirst(group, first, nowMs)) break;
    }
    const unmet = new Map<Holder, number>();
    for (const taker of takers) {
      this.giveKeys(group, taker, Number.POSITIVE_INFINITY, nowMs);
      if (taker.ready.size > 0) unmet.set(taker.holder, taker.ready.size);
    }
    return unmet;
  }

  /** Gives a member what it can get of its keys, up to a rank. */
  private giveKeys(
    group: Group,
    { holder, leased, ready }: Taker,
    rank: number,
    nowMs: number,
  ): void {
    const { backlog, owners } = group;
    for (let line = ready.first; line !== undefined && line.rank < rank; line = ready.first) {
      if (holder.free <= leased) return;
      const span = backlog.takeKey(line);
      if (isExpired(span, nowMs)) this.expire(group, span);
      else {
        owners.take(span);
        this.handing.give(group, holder, span, { nowMs });
      }
      backlog.lines.update(() => group.holders());
    }
  }

  private expire(group: Group, span: Span): void {
    this.parts.counters.add("eventsExpired", spanCount(span));
    this.fates.settle(group, span);
  }
}

/** A member that has keys of which something could go out. */
interface Taker {
  readonly holder: Holder;
  /** What of its credit is leased to others. */
  readonly leased: number;
  readonly ready: RankHeap<KeyLine>;
}

function takersOf(group: Group): Taker[] {
  const { backlog, sites } = group;
  backlog.lines.update(() => group.holders());
  const takers = new Map<Thid, Taker>();
  for (const holder of group.holders()) {
    const ready = backlog.lines.readyFor(holder.id);
    // A cell that moves may be known here and elsewhere: the first is meant.
    if (ready === undefined || takers.has(holder.id)) continue;
    takers.set(holder.id, { holder, leased: sites.leasedOf(holder.id), ready });
  }
  return [...takers.values()];
}
