import type { Claim, Thid } from "@thynapse/protocol";
import { Claims } from "./claims.js";
import type { Counters } from "../counters.js";
import type { Deadlines } from "../deadlines.js";
import type { Fates } from "./fates.js";
import type { Group } from "./group.js";
import { type Span, singles, spanCount } from "./ledger.js";

/** What claiming needs of the transmitter around it. */
export interface ClaimingParts {
  readonly deadlines: Deadlines;
  readonly counters: Counters;
  readonly fates: Fates;
  readonly claimMs: number;
  /** The floor of a sender, where it is known. */
  readonly floorOf: (sender: Thid) => number;
  /** Gives a span to the cell that holds it already. Tells whether that can be done now. */
  readonly adopt: (group: Group, holding: AdoptHolding, span: Span, nowMs: number) => boolean;
  /** Called for a group whose backlog got something back. */
  readonly touch: (group: Group) => void;
}

/** Who holds a span. */
export interface AdoptHolding {
  readonly cell: Thid;
  readonly site: Thid | undefined;
}

/** How often it is looked whether those have answered who may know of an event. */
const awaitMs = 100;
/** How soon after one look at all that is held back of a group the next one comes, at most. */
const releaseMsMin = 20;

/**
 * Holds back what cells may already have, until they have had time to come and say so. @see
 * PROTOCOL.md §10.9, §18.7
 */
export class Claiming {
  private readonly parts: ClaimingParts;
  /** Groups of which something is held back: it is looked at in time. */
  private readonly watched = new Set<Group>();

  constructor(parts: ClaimingParts) {
    this.parts = parts;
  }

  /** A cell has said what it has of a group. */
  claimed(group: Group, cell: Thid, claim: Omit<Claim, "pattern">, site?: Thid): void {
    group.claims ??= new Claims();
    group.claims.add(cell, claim, site);
  }

  /** Holds spans back for `claimMs`; what nobody claims goes to the backlog. */
  hold(group: Group, spans: readonly Span[], nowMs: number): void {
    if (spans.length === 0) return;
    const dueMs = nowMs + this.parts.claimMs;
    for (const span of spans) {
      span.heldUntilMs = dueMs;
      putIn(group, span);
    }
    // Of what was held back before nothing new is known.
    this.applyTo(group, spans, nowMs);
    if (!this.watched.has(group)) this.watch(group, dueMs);
  }

  /**
   * Holds back what a cell was said to have, and has not, if others know of it or may yet say so.
   *
   * @returns whether it is held back.
   */
  regained(group: Group, span: Span, nowMs: number): boolean {
    const { claims } = group;
    if (claims === undefined || !span.repeat) return false;
    if (!isAnswered(claims, span) && !isAwaited(group, span)) return false;
    this.hold(group, [span], nowMs);
    return true;
  }

  /** Holds all that is held back of a group for `claimMs` more: cells have lost their home. */
  holdAnew(group: Group, nowMs: number): void {
    for (const span of group.held) span.heldUntilMs = nowMs + this.parts.claimMs;
    this.apply(group, nowMs);
  }

  /**
   * Events were left to the new home of their sender: those behind them with their keys do not pass
   * them here, for as long as it may take until that home asks for them, too.
   */
  left(group: Group, spans: readonly Span[], nowMs: number): void {
    if (!group.terms.affinity || spans.length === 0) return;
    for (const span of spans) group.owners.holdBack(span);
    this.parts.deadlines.at(nowMs + this.parts.claimMs, () => {
      for (const span of spans) group.owners.letGo(span);
      this.parts.touch(group);
    });
  }

  /** Forgets what others said long ago. */
  forgetOld(group: Group, nowMs: number): void {
    const { claims, held } = group;
    if (claims?.forgetOld(nowMs, held, this.parts.floorOf) === true) group.claims = undefined;
  }

  /**
   * Settles, adopts or lets go what is held back and answered for by now; of these senders alone,
   * if some are named.
   */
  apply(group: Group, nowMs: number, senders?: Iterable<Thid>): void {
    const { held } = group;
    const spans =
      senders === undefined ? [...held] : [...senders].flatMap((id) => [...held.of(id)]);
    this.applyTo(group, spans, nowMs);
  }

  private applyTo(group: Group, spans: readonly Span[], nowMs: number): void {
    const { claims } = group;
    if (claims === undefined) return;
    for (const span of spans) {
      // What nobody has said anything of stays whole, and where it is: there may be much of it.
      if (!isAnswered(claims, span)) continue;
      takeOut(group, span);
      const left = singles(span).filter((single) => !this.applyOne(group, claims, single, nowMs));
      for (const single of left) putIn(group, single);
    }
  }

  private applyOne(group: Group, claims: Claims, span: Span, nowMs: number): boolean {
    const { run, firstNumber } = span.lot;
    const { sender } = run.header;
    const seq = run.seqAt(span.from - firstNumber);
    if (claims.isSettled(sender, seq)) {
      this.parts.counters.add("claimsSettled");
      this.parts.fates.settle(group, span);
      return true;
    }
    const holding = claims.holderOf(sender, seq);
    // A living former home may have given it out itself, and know that it is settled.
    if (holding !== undefined && claims.isAwaited(sender, seq)) return false;
    if (holding !== undefined && this.parts.adopt(group, holding, span, nowMs)) {
      this.parts.counters.add("claimsHeld");
      // A claim is good for once: what becomes of the event from here on is known.
      claims.adopted(holding.cell, sender, seq);
      return true;
    }
    if (holding !== undefined || span.attempt > 0 || !claims.isFree(sender, seq)) return false;
    // Its former home has never given it out, nor have we: it is as new.
    span.repeat = false;
    group.backlog.insert(span);
    this.parts.touch(group);
    return true;
  }

  /** One deadline for all of a group: a sender repeats what it keeps in thousands of runs. */
  private watch(group: Group, atMs: number): void {
    this.watched.add(group);
    this.parts.deadlines.at(atMs, (nowMs) => {
      this.apply(group, nowMs);
      const nextMs = this.release(group, nowMs);
      if (nextMs === Number.POSITIVE_INFINITY) this.watched.delete(group);
      else this.watch(group, Math.max(nowMs + releaseMsMin, nextMs));
    });
  }

  /**
   * Lets go of what is still held back and due. It stays while somebody lives who answers for it,
   * or has still to say so, and until a member has said whether the group takes what is repeated.
   *
   * @returns when to look again; infinite if nothing is held back any more.
   */
  private release(group: Group, nowMs: number): number {
    const free: Span[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const span of group.held) {
      if (span.heldUntilMs > nowMs) nextMs = Math.min(nextMs, span.heldUntilMs);
      else if (group.hasTerms && !isAwaited(group, span)) free.push(span);
      else nextMs = Math.min(nextMs, nowMs + awaitMs);
    }
    for (const span of free) takeOut(group, span);
    this.letGo(group, free);
    return nextMs;
  }

  private letGo(group: Group, free: readonly Span[]): void {
    if (group.terms.redeliver) {
      this.parts.fates.again(group, free);
      return;
    }
    for (const span of free) {
      this.parts.counters.add("atMostOnceDropped", spanCount(span));
      this.parts.fates.settle(group, span);
    }
  }
}

/** Whether something is known of an event of a span. */
function isAnswered(claims: Claims, { lot, from, to, attempt }: Span): boolean {
  const { sender } = lot.run.header;
  for (let number = from; number < to; number++) {
    const seq = lot.run.seqAt(number - lot.firstNumber);
    if (claims.isSettled(sender, seq) || (attempt === 0 && claims.isFree(sender, seq))) return true;
    if (claims.holderOf(sender, seq) !== undefined) return true;
  }
  return false;
}

/** Whether a transmitter may still answer for an event of a span. */
function isAwaited(group: Group, { lot, from, to }: Span): boolean {
  const { claims } = group;
  if (claims === undefined) return false;
  const { sender } = lot.run.header;
  for (let number = from; number < to; number++) {
    if (claims.isAwaited(sender, lot.run.seqAt(number - lot.firstNumber))) return true;
  }
  return false;
}

function putIn(group: Group, span: Span): void {
  group.held.add(span);
  group.owners.holdBack(span);
}

function takeOut(group: Group, span: Span): void {
  group.held.delete(span);
  group.owners.letGo(span);
}
