import type { Claim, Thid } from "@thynapse/protocol";
import { Claims } from "./claims.js";
import type { Counters } from "./counters.js";
import type { Deadlines } from "./deadlines.js";
import type { Fates } from "./fates.js";
import type { Group } from "./group.js";
import { type Span, singles, spanCount } from "./ledger.js";

/** What claiming needs of the transmitter around it. */
export interface ClaimingParts {
  readonly deadlines: Deadlines;
  readonly counters: Counters;
  readonly fates: Fates;
  readonly claimMs: number;
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

/** How long what others said of a group is good for, once nothing is held back. */
const claimsKeptMs = 60_000;
/** How often it is looked whether those have answered who may know of an event. */
const awaitMs = 100;

/**
 * Holds back what cells may already have, until they have had time to come and say so. @see
 * PROTOCOL.md §10.9, §18.7
 */
export class Claiming {
  private readonly parts: ClaimingParts;

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
    for (const span of spans) putIn(group, span);
    this.apply(group, nowMs);
    const lots = new Set(spans.map((span) => span.lot));
    this.releaseAt(group, lots, nowMs + this.parts.claimMs);
  }

  /** Forgets what others said long ago, and what was left to the new homes of senders. */
  forgetOld(group: Group, nowMs: number): void {
    const isBare = group.claims === undefined && group.ceded.size === 0;
    if (isBare || group.held.size > 0) group.quietSinceMs = undefined;
    else group.quietSinceMs ??= nowMs;
    if (nowMs - (group.quietSinceMs ?? nowMs) < claimsKeptMs) return;
    group.claims = undefined;
    group.ceded.clear();
  }

  /** Settles, adopts or lets go what is held back and answered for by now. */
  apply(group: Group, nowMs: number): void {
    const { claims } = group;
    if (claims === undefined) return;
    for (const span of [...group.held]) {
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
    if (holding !== undefined && this.parts.adopt(group, holding, span, nowMs)) {
      this.parts.counters.add("claimsHeld");
      // A claim is good for once: what becomes of the event from here on is known.
      claims.adopted(holding.cell, sender, seq);
      return true;
    }
    if (holding !== undefined || !claims.isFree(sender, seq)) return false;
    // Its former home has never given it out: it is as new.
    span.repeat = false;
    group.backlog.insert(span);
    this.parts.touch(group);
    return true;
  }

  private releaseAt(group: Group, lots: ReadonlySet<Span["lot"]>, dueMs: number): void {
    this.parts.deadlines.at(dueMs, (nowMs) => {
      this.apply(group, nowMs);
      if (this.release(group, lots)) this.releaseAt(group, lots, nowMs + awaitMs);
    });
  }

  /**
   * Lets go of what is still held back of these lots. Tells whether something stays: somebody lives
   * who answers for it, or has still to say so.
   */
  private release(group: Group, lots: ReadonlySet<Span["lot"]>): boolean {
    const due = [...group.held].filter((span) => lots.has(span.lot));
    for (const span of due) takeOut(group, span);
    const free: Span[] = [];
    let isWaiting = false;
    for (const span of due) {
      if (isAwaited(group, span)) {
        putIn(group, span);
        isWaiting = true;
      } else free.push(span);
    }
    this.letGo(group, free);
    return isWaiting;
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
