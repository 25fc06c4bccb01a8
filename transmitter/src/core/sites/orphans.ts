import type { SeqRange, Thid } from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import type { Deadlines } from "../deadlines.js";
import type { NumbersOf } from "../events/numbers.js";
import type { PassedFate } from "../groups/fates-parts.js";
import type { Group } from "../groups/group.js";
import type { Lot, Span } from "../groups/ledger.js";
import type { Member } from "../groups/member.js";
import { rangesOfSpan } from "./home-answer.js";

/** How long a settlement of an orphan waits for who takes its sender over, in ms. */
const keepMs = 5000;

/** What orphans need of the transmitter around them. */
export interface OrphansParts {
  readonly deadlines: Deadlines;
  readonly counters: Counters;
  readonly nowMs: () => number;
  readonly tell: (group: Group, span: Span, by: Member, fate: PassedFate) => void;
}

/** An orphan that its cell has settled with more than an ack. */
interface Settled {
  readonly span: Span;
  readonly by: Member;
  readonly fate: PassedFate;
}

/**
 * Deliveries at cells of this transmitter whose origin is dead. Their cells go on; who takes the
 * sender over is told that they hold them, and gives them new names. @see PROTOCOL.md §18.7
 */
export class Orphans {
  private readonly parts: OrphansParts;
  private readonly settledOnes = new Map<Group, Set<Settled>>();

  constructor(parts: OrphansParts) {
    this.parts = parts;
  }

  /** Everything that cells of a group hold of this origin has lost it. */
  add(group: Group, peer: Thid): void {
    const lots = new Map<Lot, Lot>();
    for (const member of group.members.values()) {
      for (const span of member.held) {
        if (span.lot.upstream?.peer !== peer) continue;
        const upstream = { ...span.lot.upstream, state: "orphan" as const };
        const lot = lots.get(span.lot) ?? { ...span.lot, upstream };
        lots.set(span.lot, lot);
        span.lot = lot;
      }
    }
  }

  /**
   * A cell has settled an orphan. An ack is remembered; what is more waits for a new origin;
   * anything else is forgotten: the event will come again.
   */
  settled(group: Group, span: Span, by: Member, fate: PassedFate): void {
    if (fate.outcome !== "ack") return;
    if (fate.outputs === undefined && fate.result === undefined) return;
    const settled = { span, by, fate };
    const ones = this.settledOnes.get(group) ?? new Set();
    this.settledOnes.set(group, ones.add(settled));
    this.parts.deadlines.at(this.parts.nowMs() + keepMs, () => {
      if (!ones.delete(settled)) return;
      this.parts.counters.add("outputsFenced", fate.outputs?.length ?? 0);
      fate.onDone?.(false);
    });
  }

  /**
   * Which events cells of a group hold, or have settled with outputs, as orphans: of these numbers
   * alone, if some are given.
   */
  heldOf(group: Group, among?: NumbersOf): Map<Thid, SeqRange[]> {
    const byCell = new Map<Thid, SeqRange[]>();
    for (const [cell, span] of this.spansOf(group)) {
      const numbers = among?.get(span.lot.run.header.sender);
      if (among !== undefined && numbers === undefined) continue;
      const held = byCell.get(cell) ?? [];
      for (const range of rangesOfSpan(span, numbers)) held.push(range);
      if (held.length > 0) byCell.set(cell, held);
    }
    return byCell;
  }

  private *spansOf(group: Group): Generator<readonly [Thid, Span]> {
    for (const member of group.members.values()) {
      for (const span of member.held) {
        if (span.lot.upstream?.state === "orphan") yield [member.id, span];
      }
    }
    for (const { span, by } of this.settledOnes.get(group) ?? []) yield [by.id, span];
  }

  /** A new origin names what a cell holds. Tells whether the cell holds it as an orphan. */
  adopted(member: Member, name: Span): boolean {
    const { group } = member;
    const { sender } = name.lot.run.header;
    const seq = name.lot.run.seqAt(name.from - name.lot.firstNumber);
    const numberIn = ({ lot, from, to }: Span): number | undefined => {
      const number = lot.run.header.sender === sender ? numberOf(lot, seq) : undefined;
      return number !== undefined && from <= number && number < to ? number : undefined;
    };
    const renamed = { number: name.from, attempt: name.attempt };
    const upstream = { peer: name.lot.upstream?.peer as Thid, state: "live" as const, renamed };
    for (const settled of this.settledOnes.get(group) ?? []) {
      if (numberIn(settled.span) === undefined) continue;
      this.settledOnes.get(group)?.delete(settled);
      settled.span.lot = { ...settled.span.lot, upstream };
      this.parts.tell(group, settled.span, settled.by, settled.fate);
      return true;
    }
    const one = member.held.isolate((span) =>
      span.lot.upstream?.state === "orphan" ? numberIn(span) : undefined,
    );
    if (one === undefined) return false;
    one.lot = { ...one.lot, upstream };
    this.parts.counters.add("orphansAdopted");
    return true;
  }
}

/** The number under which a lot has this event of its sender. */
function numberOf({ run, firstNumber }: Lot, seq: number): number | undefined {
  const index = run.indexOf(seq);
  return index < run.count && run.seqAt(index) === seq ? firstNumber + index : undefined;
}
