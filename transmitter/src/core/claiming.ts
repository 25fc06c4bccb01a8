import type { Claim } from "@thynapse/protocol";
import type { CellRecord } from "./cells.js";
import { Claims } from "./claims.js";
import type { Counters } from "./counters.js";
import type { Deadlines } from "./deadlines.js";
import type { Fates } from "./fates.js";
import type { Group } from "./group.js";
import { type Span, singles, spanCount } from "./ledger.js";
import type { Member } from "./member.js";

/** What claiming needs of the transmitter around it. */
export interface ClaimingParts {
  readonly deadlines: Deadlines;
  readonly counters: Counters;
  readonly fates: Fates;
  readonly claimMs: number;
  /** Gives a span to the cell that holds it already. */
  readonly adopt: (group: Group, member: Member, span: Span, nowMs: number) => void;
  /** Called for a group whose backlog got something back. */
  readonly touch: (group: Group) => void;
}

/**
 * Holds back what cells may already have, until they have had time to come and say so. @see
 * PROTOCOL.md §10.9
 */
export class Claiming {
  private readonly parts: ClaimingParts;

  constructor(parts: ClaimingParts) {
    this.parts = parts;
  }

  /** A cell has said what it has of a group. */
  claimed(group: Group, cell: CellRecord, claim: Claim): void {
    group.claims ??= new Claims();
    group.claims.add(cell.id, claim);
  }

  /** Holds spans back for `claimMs`; what nobody claims goes to the backlog. */
  hold(group: Group, spans: readonly Span[], nowMs: number): void {
    for (const span of spans) putIn(group, span);
    this.apply(group, nowMs);
    this.parts.deadlines.at(nowMs + this.parts.claimMs, (dueMs) => {
      this.apply(group, dueMs);
      this.release(group, spans);
    });
  }

  /** Settles or adopts what is held back and claimed by now; call it when a cell has joined. */
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
    const holder = claims.holderOf(sender, seq);
    if (holder === undefined) return false;
    for (const member of group.members.values()) {
      if (member.cell.id !== holder) continue;
      this.parts.counters.add("claimsHeld");
      // A claim is good for once: what becomes of the event from here on is known.
      claims.adopted(holder, sender, seq);
      this.parts.adopt(group, member, span, nowMs);
      return true;
    }
    return false;
  }

  /** Lets go of what is still held back of these lots. */
  private release(group: Group, spans: readonly Span[]): void {
    const lots = new Set(spans.map((span) => span.lot));
    const free = [...group.held].filter((span) => lots.has(span.lot));
    for (const span of free) takeOut(group, span);
    if (group.terms.redeliver) {
      group.backlog.pushFront(free);
      this.parts.touch(group);
      return;
    }
    for (const span of free) {
      this.parts.counters.add("atMostOnceDropped", spanCount(span));
      this.parts.fates.settle(group, span);
    }
  }
}

function putIn(group: Group, span: Span): void {
  group.held.add(span);
  group.owners.holdBack(span);
}

function takeOut(group: Group, span: Span): void {
  group.held.delete(span);
  group.owners.letGo(span);
}
