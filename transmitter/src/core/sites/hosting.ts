import {
  type FieldMap,
  intField,
  ownField,
  readRun,
  type Run,
  SeqMap,
  type SeqRange,
  type Thid,
} from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import type { PassedFate } from "../groups/fates-parts.js";
import type { Group } from "../groups/group.js";
import type { Groups } from "../groups/groups.js";
import { cutBelow, type Span, singles, spanCount, wholeSpan } from "../groups/ledger.js";
import type { Member } from "../groups/member.js";
import { rangesOfSpan } from "./home-answer.js";
import type { Links } from "./links.js";
import { Orphans } from "./orphans.js";
import { PassedBack } from "./passed-back.js";
import { SettledBook } from "./settled-book.js";
import type { Site } from "./site.js";
import {
  type DeliveryHead,
  type GroupName,
  readDeliveryHead,
  type SiteWord,
} from "./site-words.js";
import { newUpstream } from "./upstream.js";
import type { Deadlines } from "../deadlines.js";

/** What hosting needs of the transmitter around it. */
export interface HostingParts {
  readonly links: () => Links;
  readonly groups: () => Groups;
  readonly deadlines: Deadlines;
  readonly counters: Counters;
  readonly nowMs: () => number;
}

/**
 * Deliveries of other origins to cells of this transmitter: as their site, we name the cell and
 * tell the origin what became of them.
 *
 * @see PROTOCOL.md §18.4 to §18.7
 */
export class Hosting {
  readonly orphans: Orphans;
  private readonly parts: HostingParts;
  private readonly back: PassedBack;
  private readonly books = new Map<string, SettledBook>();
  /** What cells had claimed and has been named anew for them. */
  private readonly named = new WeakMap<Member, SeqMap<true>>();

  constructor(parts: HostingParts) {
    this.parts = parts;
    this.back = new PassedBack(parts.links, parts.counters);
    this.orphans = new Orphans({
      ...parts,
      tell: (group, span, by, fate) => this.tellOf(group, span, by, fate),
    });
  }

  /** `DLVR`: what no cell can take goes back, and is no attempt. */
  delivered(site: Site, word: SiteWord, nowMs: number): void {
    const run = readRun(word.part, word.end);
    const head = readDeliveryHead(word.map, run.count);
    const group = this.parts.groups().find(head.service, head.pattern.text);
    let rest: Span | undefined = this.spanOf(site, head, run);
    if (group === undefined) {
      this.tell(head, rest, undefined, { outcome: "unplaced" });
      return;
    }
    const lease = group.sites.leaseOf(site.id, leaseCell(group, head));
    if (lease !== undefined && !head.claimed) lease.consumed += run.count;
    while (rest !== undefined) {
      const member = this.choose(group, head);
      if (member === undefined) break;
      const count = head.claimed ? spanCount(rest) : Math.min(member.free, spanCount(rest));
      const part: Span = count < spanCount(rest) ? cutBelow(rest, rest.from + count) : rest;
      rest = part === rest ? undefined : rest;
      if (head.claimed) this.claimed(member, part, nowMs);
      else this.parts.groups().handing.handOut(member, part, nowMs, false);
    }
    if (rest !== undefined) this.tell(group, rest, undefined, { outcome: "unplaced" });
    this.parts.groups().touch(group);
  }

  private spanOf(site: Site, head: DeliveryHead, run: Run): Span {
    const lot = {
      run,
      firstNumber: head.number,
      origin: site.origin,
      entry: undefined,
      upstream: newUpstream(site.id),
      receivedMs: 0,
    };
    const span = wholeSpan(lot, head.repeat);
    span.attempt = head.attempt;
    return span;
  }

  private choose(group: Group, head: DeliveryHead): Member | undefined {
    if (head.cell === undefined) {
      return group.mostFree(group.members.size > 1 ? head.avoid : undefined, () => 1);
    }
    for (const member of group.members.values()) {
      if (member.id === head.cell) return head.claimed || member.free > 0 ? member : undefined;
    }
    return undefined;
  }

  /** A cell of ours has these already: under the name of an origin that is dead, or from before. */
  private claimed(member: Member, span: Span, nowMs: number): void {
    for (const single of singles(span)) {
      if (this.orphans.adopted(member, single)) continue;
      if (this.settledOf(member.group, rangesOfSpan(single)).length > 0) {
        this.tell(member.group, single, member, { outcome: "ack" });
      } else if (this.isDue(member, single) || member.free > 0) {
        this.parts.groups().handing.handOut(member, single, nowMs, true);
      } else this.tell(member.group, single, undefined, { outcome: "unplaced" });
    }
  }

  /** Whether a cell has claimed an event that has not been named anew for it; then it is by now. */
  private isDue(member: Member, { lot, from }: Span): boolean {
    const { sender } = lot.run.header;
    const seq = lot.run.seqAt(from - lot.firstNumber);
    const holding = member.group.claims?.holderOf(sender, seq);
    if (holding?.cell !== member.id || holding.site !== undefined) return false;
    const named = this.named.get(member) ?? new SeqMap<true>();
    this.named.set(member, named);
    if (named.get(sender, seq) === true) return false;
    named.set(sender, seq, true);
    return true;
  }

  /** What became of a delivery: told to its origin at the end of the turn. */
  passBack(group: Group, span: Span, by: Member, fate: PassedFate): void {
    const isOrphan = span.lot.upstream?.state === "orphan";
    const { outputs, result } = fate;
    // Outputs make it settled only when the origin has them; a result is lost with a dead origin.
    const isDone = outputs === undefined && (result === undefined || !isOrphan);
    if (fate.outcome === "ack" && isDone) this.note(group, span);
    if (isOrphan) this.orphans.settled(group, span, by, fate);
    else this.tellOf(group, span, by, fate);
  }

  /** Tells what a cell has made of a delivery; if its origin cannot take that, another one may. */
  private tellOf(group: Group, span: Span, by: Member, fate: PassedFate): void {
    const onDone = (isTaken: boolean): void => {
      if (isTaken) this.note(group, span);
      fate.onDone?.(isTaken);
    };
    const { outcome, reason, result, outputs } = fate;
    const told = { outcome, reason, result, outputs, onDone };
    this.back.add({ group, span, cell: by.id, fate: told }, () =>
      this.orphans.settled(group, span, by, fate),
    );
  }

  private note(group: Group, { lot, from, to }: Span): void {
    const book = this.bookOf(group);
    for (let number = from; number < to; number++) {
      book.add(lot.run, lot.run.seqAt(number - lot.firstNumber));
    }
  }

  private bookOf({ service, pattern }: Group): SettledBook {
    const key = `${service} ${pattern.text}`;
    let book = this.books.get(key);
    if (book === undefined) {
      book = new SettledBook();
      this.books.set(key, book);
    }
    return book;
  }

  private tell(group: GroupName, span: Span, by: Member | undefined, fate: PassedFate): void {
    this.back.add({ group, span, cell: by?.id, fate }, () => undefined);
  }

  /** `STLD`: the outputs of a settlement are handled, or it came too late. */
  outputsDone(from: Thid, map: FieldMap): void {
    if (ownField(map, "done") !== undefined) this.back.done(from, intField(map, "done"), true);
    if (ownField(map, "stale") !== undefined) this.back.done(from, intField(map, "stale"), false);
  }

  /** An origin is dead: what its cells hold of it waits for whoever takes its senders over. */
  originLost(peer: Thid): void {
    this.back.lost(peer);
    for (const group of this.parts.groups().all) {
      group.sites.endLeases(peer);
      this.orphans.add(group, peer);
      this.parts.groups().touch(group);
    }
  }

  /** The link to an origin begins anew: what it was told of outputs is to be told again. */
  anew(peer: Thid): void {
    this.back.lost(peer);
  }

  /** What cells here have acked of these events. */
  settledOf(group: Group, ranges: readonly SeqRange[]): SeqRange[] {
    return this.books.get(`${group.service} ${group.pattern.text}`)?.among(ranges) ?? [];
  }

  /** Everything that cells here have acked of a group, and that may come again. */
  allSettledOf(group: Group): SeqRange[] {
    return this.books.get(`${group.service} ${group.pattern.text}`)?.all() ?? [];
  }

  /** A group has ended: nobody asks for it again. */
  ended(group: Group): void {
    this.books.delete(`${group.service} ${group.pattern.text}`);
  }

  /** Tells the origins what the turn has brought. */
  flush(nowMs: number): void {
    this.back.flush(nowMs);
  }
}

/** Whose lease a delivery spends. */
function leaseCell(group: Group, head: DeliveryHead): Thid | undefined {
  return group.terms.affinity ? head.cell : undefined;
}
