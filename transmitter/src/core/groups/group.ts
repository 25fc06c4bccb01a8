import type { CatchWish, Pattern } from "@thynapse/protocol";
import { Backlog } from "./backlog.js";
import type { CellRecord } from "../cells/cells.js";
import type { Claims } from "./claims.js";
import { KeyOwners } from "./affinity.js";
import { defaultTerms, type GroupTerms, termsOf, Wishes } from "./group-terms.js";
import { HeldBack } from "./held-back.js";
import type { Holder } from "./holder.js";
import { keptBytes, type Lot, type Span, spanCount } from "./ledger.js";
import { Member } from "./member.js";
import { GroupSites } from "../sites/group-sites.js";

/** What a group counts since it was made. */
export interface GroupStats {
  delivered: number;
  acked: number;
  nacked: number;
  redelivered: number;
  dead: number;
}

/**
 * Free credit from which on more of it does not count: what a cell asks for by itself depends on
 * how it measured its handlers, and equal cells would get unequal shares.
 */
export const plentyOfCredit = 512;

/**
 * One stream of work: (service, pattern) of an anycatch, its members, and every event that is not
 * settled.
 *
 * It holds spans and moves them between backlog, members, back-offs and held-back repeats; what
 * goes out and what a fate means for the sender is its owner's business (`Groups`).
 */
export class Group {
  readonly number: number;
  readonly service: string;
  readonly pattern: Pattern;
  /** The cells of this transmitter. */
  readonly members = new Map<CellRecord, Member>();
  private readonly wishes = new Wishes();
  /** The other transmitters that have cells of it, and what is leased to them and by them. */
  readonly sites = new GroupSites();
  readonly owners = new KeyOwners();
  readonly backlog = new Backlog(this.owners);
  /** Spans that wait out a back-off. */
  readonly waiting = new Set<Span>();
  /** Spans that are held back while cells may come and claim them. */
  readonly held = new HeldBack();
  readonly stats: GroupStats = { delivered: 0, acked: 0, nacked: 0, redelivered: 0, dead: 0 };
  terms: GroupTerms = defaultTerms;
  /** What the members of this transmitter alone come to. */
  ownTerms: GroupTerms = defaultTerms;
  /** What cells that came back have claimed of it. */
  claims: Claims | undefined;
  /** When it ends for want of members; `Infinity` while it has some. */
  endsMs = Number.POSITIVE_INFINITY;
  /** Until when it is kept for cells that were lost, whoever says farewell meanwhile. */
  keptUntilMs = Number.NEGATIVE_INFINITY;
  /** Until when others keep it for cells of this transmitter. */
  oursUntilMs = Number.NEGATIVE_INFINITY;
  /** When its deliveries are next looked through for time-outs. */
  checkMs = Number.POSITIVE_INFINITY;

  constructor(number: number, service: string, pattern: Pattern) {
    this.number = number;
    this.service = service;
    this.pattern = pattern;
  }

  /** Events that are neither settled nor dead. */
  get unsettled(): number {
    let count = this.backlog.events;
    for (const span of this.waiting) count += spanCount(span);
    for (const span of this.held) count += spanCount(span);
    return count + this.heldCount;
  }

  /** Whether anybody would take a delivery. */
  get hasCredit(): boolean {
    for (const holder of this.holders()) if (holder.free > 0) return true;
    return false;
  }

  get heldCount(): number {
    let count = this.sites.heldCount;
    for (const member of this.members.values()) count += member.heldCount;
    return count;
  }

  /** Whether no cell of the whole mesh is a member, and no transmitter may still hold anything. */
  get isEmpty(): boolean {
    return this.members.size === 0 && this.sites.isEmpty;
  }

  /** Cells of the whole mesh that are members. */
  get memberCount(): number {
    return this.members.size + this.sites.memberCount;
  }

  /** Everybody who can be given deliveries: cells of this transmitter, then other transmitters. */
  *holders(): Generator<Holder> {
    yield* this.members.values();
    yield* this.sites.members();
  }

  /** The same, with transmitters that only hold what they were given before. */
  *allHolders(): Generator<Holder> {
    yield* this.members.values();
    yield* this.sites.all();
  }

  /** Takes a cell in; a wish that differs from the others' is answered with a warning. */
  join(cell: CellRecord, catchNumber: number, wish: CatchWish): Member {
    const member = new Member(this, cell, catchNumber, wish);
    this.members.set(cell, member);
    this.wishes.add(wish);
    this.agree();
    this.owners.changed();
    return member;
  }

  /** A member wishes something else than before. */
  change(member: Member, wish: CatchWish): void {
    this.wishes.remove(member.wish);
    this.wishes.add(wish);
    member.wish = wish;
    member.credit = wish.credit;
    this.agree();
  }

  /**
   * It has members that were granted their catch: whoever was waited for has come.
   *
   * @param oursUntilMs until when others keep it at most for cells that this transmitter had.
   */
  found(oursUntilMs: number): void {
    this.endsMs = Number.POSITIVE_INFINITY;
    this.keptUntilMs = Number.NEGATIVE_INFINITY;
    this.oursUntilMs = Math.min(this.oursUntilMs, oursUntilMs);
  }

  /** Lets a cell go, with all that it holds. */
  leave(cell: CellRecord): Span[] {
    const member = this.members.get(cell);
    if (member === undefined) return [];
    this.members.delete(cell);
    this.sites.endLeasesOf(cell.id);
    this.wishes.remove(member.wish);
    const spans = member.takeAll();
    for (const span of spans) this.released(span);
    this.agree();
    this.owners.changed();
    return spans;
  }

  /** A delivery is not out any more: its key is free. */
  released(span: Span): void {
    if (span.lot.upstream === undefined) this.owners.release(span);
  }

  /** Works the terms out anew, after a wish came, went or changed. */
  agree(): void {
    const own = this.wishes.terms;
    // Without members those of the last ones stay in force.
    this.ownTerms = own ?? this.ownTerms;
    const terms = termsOf([...(own ? [own] : []), ...this.sites.terms()]);
    // Who has known no member of it takes the word of those that keep it.
    const isNew = terms === undefined && this.terms === defaultTerms;
    this.terms = (isNew ? termsOf(this.sites.keptTerms()) : terms) ?? this.terms;
  }

  /** Whether a member has said what is in force: a group may begin with what cells claim of it. */
  get hasTerms(): boolean {
    return this.terms !== defaultTerms;
  }

  /** Names the options in which this wish differs from what is in force. */
  warnings(wish: CatchWish): string[] {
    const names = ["redeliver", "affinity", "attemptsMax", "ackTimeoutMs"] as const;
    return names
      .filter((name) => wish[name] !== this.terms[name])
      .map((name) => `${name} is ${wish[name]} here, ${this.terms[name]} is in force`);
  }

  /**
   * Chooses the next delivery: a member and how many of the first events it gets. `undefined` while
   * the backlog is empty or nobody has credit for its first event.
   */
  choose(random: () => number): Choice | undefined {
    const first = this.backlog.first;
    if (first === undefined) return undefined;
    const open = this.openCredit;
    const best = open > 0 ? this.mostFree(this.avoidedBy(first), random) : undefined;
    if (best === undefined) return this.chooseSite(first, random);
    if (first.alone || first.attempt > 0) return { holder: best, count: 1 };
    const share = Math.ceil(this.backlog.events / this.members.size);
    const count = Math.min(spanCount(first), best.free, Math.max(share, best.free >> 2), open);
    return { holder: best, count };
  }

  /** The cell that should not get a delivery; none where it is the only one. */
  private avoidedBy({ avoid }: Span): string | undefined {
    return avoid === undefined || this.memberCount > 1 ? avoid : undefined;
  }

  /** Free credit of the cells of this transmitter that is not leased to others. */
  get openCredit(): number {
    if (this.sites.leasedCount === 0) return Number.POSITIVE_INFINITY;
    let free = 0;
    for (const member of this.members.values()) free += member.free;
    return free - this.sites.leasedCount;
  }

  private chooseSite(first: Span, random: () => number): Choice | undefined {
    const best = this.sites.mostLeased(random);
    if (best === undefined) return undefined;
    const isSingle = first.alone || first.attempt > 0;
    return { holder: best, count: isSingle ? 1 : Math.min(spanCount(first), best.free) };
  }

  /**
   * The member with most free credit, of those but one; nobody if none has any. Where that is
   * plenty, the one that holds fewest. Ties at random.
   */
  mostFree(avoid: string | undefined, random: () => number): Member | undefined {
    let best: Member | undefined;
    let bestFree = 0;
    let ties = 1;
    for (const member of this.members.values()) {
      const free = Math.min(member.free, plentyOfCredit);
      if (free === 0 || free < bestFree || avoid === member.cell.id) continue;
      let isTie = false;
      if (free === bestFree && best !== undefined) {
        if (free === plentyOfCredit && member.heldCount > best.heldCount) continue;
        isTie = free < plentyOfCredit || member.heldCount === best.heldCount;
        if (isTie && random() * ++ties >= 1) continue;
      }
      if (!isTie) ties = 1;
      best = member;
      bestFree = free;
    }
    return best;
  }

  /** Before when none of the deliveries held runs out of time; `Infinity` if none can. */
  nextTimeoutMs(): number {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const { held } of this.members.values()) oldestMs = Math.min(oldestMs, held.begunMs);
    return oldestMs + this.terms.ackTimeoutMs;
  }

  /** Takes back what cells have had for too long. */
  takeOverdue(nowMs: number): { readonly member: Member; readonly span: Span }[] {
    const overdue: { member: Member; span: Span }[] = [];
    for (const member of this.members.values()) {
      for (const span of member.takeOverdue(nowMs)) {
        this.released(span);
        overdue.push({ member, span });
      }
    }
    return overdue;
  }

  /** How long the oldest event of the backlog has waited. */
  oldestMs(nowMs: number): number {
    return this.backlog.first === undefined ? 0 : nowMs - this.backlog.first.lot.receivedMs;
  }

  /** How many events of a lot still fit into the backlog's bounds. */
  room(lot: Lot, eventsMax: number, bytesMax: number): number {
    // What comes back is never refused, so a backlog may hold more than its bound.
    const events = Math.max(0, Math.min(lot.run.count, eventsMax - this.backlog.events));
    if (this.backlog.bytes + keptBytes(lot.run, 0, lot.run.count) <= bytesMax) return events;
    let fit = 0;
    while (fit < events && this.backlog.bytes + keptBytes(lot.run, 0, fit + 1) <= bytesMax) fit++;
    return fit;
  }
}

/** The next delivery: to whom, and how many of the first events of the backlog. */
export interface Choice {
  readonly holder: Holder;
  readonly count: number;
}
