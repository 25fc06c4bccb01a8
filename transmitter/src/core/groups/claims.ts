import { RangeSet, type SeqRange, type Thid } from "@thynapse/protocol";
import { addRanges, type NumbersOf, numbersOf, rangesOf } from "../events/numbers.js";
import type { HeldBack } from "./held-back.js";
import type { Repeated } from "../sites/seeks.js";

/** How long what was said of a sender is good for: as long as the dead are remembered. */
const claimsKeptMs = 600_000;

/** Where an event is that a sender repeats. */
export interface Holding {
  readonly cell: Thid;
  /** The transmitter to which the cell is attached; `undefined`: this one. */
  readonly site: Thid | undefined;
}

/** What a cell has of a group, as it says itself or as its transmitter does. */
export interface CellClaim {
  readonly held: readonly SeqRange[];
  readonly settled: readonly SeqRange[];
  /** Whether it holds what it was said to hold before, too. */
  readonly isMore?: boolean;
}

/** What a transmitter says of events that it has assigned, or was to assign, to a group. */
export interface OriginClaim {
  /** They are not settled, and it answers for them. */
  readonly held: readonly SeqRange[];
  /** It knows them, and has not given them out. */
  readonly free: readonly SeqRange[];
}

/**
 * What others say of the events of one group that senders repeat here: cells that lost their
 * transmitter which events they hold and which they have settled, transmitters what their cells
 * hold, and the former home of a sender what it has given out.
 *
 * @see PROTOCOL.md §10.9, §18.7
 */
export class Claims {
  private readonly settled = new Map<Thid, RangeSet>();
  private readonly heldBy = new Map<Thid, { site: Thid | undefined; held: NumbersOf }>();
  /** The cells that hold, or have held, events of a sender. */
  private readonly holders = new Map<Thid, Set<Thid>>();
  private readonly origins = new Map<Thid, { held: NumbersOf; free: NumbersOf }>();
  /** What senders that have come from elsewhere repeat here, and in which attachment. */
  private readonly repeated = new Map<Thid, { session: number; bySince: Map<number, RangeSet> }>();
  /** What transmitters have still to say of a sender: the questions, the oldest first. */
  private readonly asked = new Map<Thid, Map<Thid, Set<object>>>();
  /** When something was said last of a sender, the longest ago first. */
  private readonly saidMs = new Map<Thid, number>();
  /** Of whom something was said since the last look for what is old. */
  private readonly fresh = new Set<Thid>();

  add(cell: Thid, { held, settled, isMore = false }: CellClaim, site: Thid | undefined): void {
    this.addSettled(settled);
    this.said(held);
    const known = this.heldBy.get(cell);
    if (isMore && known !== undefined && known.site === site) addRanges(known.held, held);
    else {
      this.drop(cell);
      if (held.length > 0 || site === undefined) {
        this.heldBy.set(cell, { site, held: numbersOf(held) });
      }
    }
    for (const { sender } of held) {
      const cells = this.holders.get(sender) ?? new Set<Thid>();
      this.holders.set(sender, cells.add(cell));
    }
  }

  /**
   * A cell is attached here no more: what it holds it says where it comes back, and what it said
   * elsewhere stays.
   */
  left(cell: Thid): void {
    if (this.heldBy.get(cell)?.site === undefined) this.drop(cell);
  }

  private drop(cell: Thid): void {
    for (const sender of this.heldBy.get(cell)?.held.keys() ?? []) {
      const cells = this.holders.get(sender);
      cells?.delete(cell);
      if (cells?.size === 0) this.holders.delete(sender);
    }
    this.heldBy.delete(cell);
  }

  /** A former home answers. */
  addOrigin(peer: Thid, claim: OriginClaim): void {
    const known = this.origins.get(peer) ?? { held: new Map(), free: new Map() };
    this.origins.set(peer, known);
    addRanges(known.held, claim.held);
    addRanges(known.free, claim.free);
    this.said(claim.held);
    this.said(claim.free);
  }

  addSettled(ranges: readonly SeqRange[]): void {
    addRanges(this.settled, ranges);
    this.said(ranges);
  }

  private said(ranges: readonly SeqRange[]): void {
    for (const { sender } of ranges) this.fresh.add(sender);
  }

  /**
   * Forgets what was said last of a sender long ago, and what is below the floor of one of whom
   * something was said; all of it stays as long as something of that sender is held back.
   *
   * @returns whether nothing is left.
   */
  forgetOld(nowMs: number, held: HeldBack, floorOf: (sender: Thid) => number): boolean {
    for (const sender of this.fresh) {
      this.saidMs.delete(sender);
      this.saidMs.set(sender, nowMs);
      if (!held.has(sender)) this.dropBelow(sender, floorOf(sender));
    }
    this.fresh.clear();
    for (const [sender, atMs] of this.saidMs) {
      if (nowMs - atMs < claimsKeptMs) break;
      if (held.has(sender)) this.fresh.add(sender);
      else this.forget(sender);
    }
    return this.saidMs.size === 0 && this.heldBy.size === 0;
  }

  private dropBelow(sender: Thid, floor: number): void {
    this.settled.get(sender)?.dropBelow(floor);
    for (const cell of this.holders.get(sender) ?? []) {
      this.heldBy.get(cell)?.held.get(sender)?.dropBelow(floor);
    }
    for (const { held, free } of this.origins.values()) {
      held.get(sender)?.dropBelow(floor);
      free.get(sender)?.dropBelow(floor);
    }
    for (const numbers of this.repeated.get(sender)?.bySince.values() ?? []) {
      numbers.dropBelow(floor);
    }
  }

  private forget(sender: Thid): void {
    for (const known of [this.settled, this.repeated, this.asked, this.saidMs])
      known.delete(sender);
    for (const { held, free } of this.origins.values()) {
      held.delete(sender);
      free.delete(sender);
    }
    for (const cell of this.holders.get(sender) ?? []) {
      const claim = this.heldBy.get(cell);
      claim?.held.delete(sender);
      if (claim?.held.size === 0 && claim.site !== undefined) this.heldBy.delete(cell);
    }
    this.holders.delete(sender);
  }

  /** A sender repeats events here that it had sent elsewhere. */
  repeats(sender: Thid, { session, since = 0, ranges }: Repeated): void {
    const known = this.repeated.get(sender);
    const kept = known?.session === session ? known : { session, bySince: new Map() };
    const numbers = kept.bySince.get(since) ?? new RangeSet();
    for (const { first, last } of ranges) numbers.add(first, last);
    this.said(ranges);
    kept.bySince.set(since, numbers);
    this.repeated.set(sender, kept);
  }

  /** What senders have repeated here, one by one. */
  *allRepeated(): Generator<Repeated> {
    for (const [sender, { session, bySince }] of this.repeated) {
      for (const [since, numbers] of bySince) {
        yield { session, since, ranges: rangesOf([[sender, numbers]]) };
      }
    }
  }

  /** What cells have claimed here: what they hold, and what has been settled. */
  *allHeldHere(): Generator<readonly [cell: Thid, held: SeqRange[]]> {
    for (const [cell, { site, held }] of this.heldBy) {
      if (site === undefined) yield [cell, rangesOf(held)];
    }
  }

  allSettled(): SeqRange[] {
    return rangesOf(this.settled);
  }

  /**
   * A question about events of a sender is on its way to a transmitter.
   *
   * @returns what takes it back: it has not come there.
   */
  ask(sender: Thid, peer: Thid): () => void {
    const question = {};
    this.fresh.add(sender);
    const asked = this.asked.get(sender) ?? new Map<Thid, Set<object>>();
    this.asked.set(sender, asked.set(peer, (asked.get(peer) ?? new Set()).add(question)));
    return () => this.unasked(sender, peer, question);
  }

  /** The oldest question is answered: what came of the others is not known yet. */
  answered(sender: Thid, peer: Thid): void {
    for (const oldest of this.asked.get(sender)?.get(peer) ?? []) {
      this.unasked(sender, peer, oldest);
      return;
    }
  }

  private unasked(sender: Thid, peer: Thid, question: object): void {
    const asked = this.asked.get(sender);
    const open = asked?.get(peer);
    if (open?.delete(question) === true && open.size === 0) asked?.delete(peer);
    if (asked?.size === 0) this.asked.delete(sender);
  }

  /** What a former home has given out and answers for, by the senders that repeat it here. */
  *answeredBy(peer: Thid): Generator<Repeated> {
    for (const [sender, held] of this.origins.get(peer)?.held ?? []) {
      const session = this.repeated.get(sender)?.session;
      const ranges = rangesOf(new Map([[sender, held]]));
      if (session !== undefined && ranges.length > 0) yield { session, ranges };
    }
  }

  /** A transmitter is dead, or its link has begun anew: it answers for nothing that was asked. */
  lost(peer: Thid): void {
    this.origins.delete(peer);
    for (const [sender, asked] of this.asked) {
      if (asked.delete(peer) && asked.size === 0) this.asked.delete(sender);
    }
  }

  /** It is dead: its cells will claim anew what they have, elsewhere. */
  cellsLost(peer: Thid): void {
    for (const [cell, { site }] of this.heldBy) if (site === peer) this.drop(cell);
  }

  settledAmong(ranges: readonly SeqRange[]): SeqRange[] {
    return ranges.flatMap(({ sender, first, last }) => {
      const within = this.settled.get(sender)?.within(first, last) ?? [];
      return within.map(([low, high]) => ({ sender, first: low, last: high }));
    });
  }

  isSettled(sender: Thid, seq: number): boolean {
    return this.settled.get(sender)?.has(seq) === true;
  }

  /** Whether a transmitter has still to answer about a sender. */
  isAsked(sender: Thid, peer: Thid): boolean {
    return this.asked.get(sender)?.has(peer) === true;
  }

  /** What a former home has said to hold of a sender. */
  heldAt(peer: Thid, sender: Thid): RangeSet | undefined {
    return this.origins.get(peer)?.held.get(sender);
  }

  /** Whether somebody may still answer for this event. */
  isAwaited(sender: Thid, seq: number): boolean {
    if (this.asked.has(sender)) return true;
    for (const { held } of this.origins.values()) {
      if (held.get(sender)?.has(seq) === true) return true;
    }
    return false;
  }

  /** Whether its former home has said that it has never been given out, and nobody else has it. */
  isFree(sender: Thid, seq: number): boolean {
    if (this.isAwaited(sender, seq)) return false;
    for (const { free } of this.origins.values()) {
      if (free.get(sender)?.has(seq) === true) return true;
    }
    return false;
  }

  /** The cell that holds this event, if one said so. */
  holderOf(sender: Thid, seq: number): Holding | undefined {
    for (const cell of this.holders.get(sender) ?? []) {
      const claim = this.heldBy.get(cell);
      if (claim?.held.get(sender)?.has(seq) === true) return { cell, site: claim.site };
    }
    return undefined;
  }

  /** The cell has what it claimed, under a new name. */
  adopted(cell: Thid, sender: Thid, seq: number): void {
    this.heldBy.get(cell)?.held.get(sender)?.remove(seq);
  }
}
