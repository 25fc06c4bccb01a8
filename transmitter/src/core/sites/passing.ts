import {
  encodeMessagePack,
  type FieldMap,
  indexRange,
  intField,
  isSystemChannel,
  type LooseEvent,
  sliceRun,
  type Thid,
} from "@thynapse/protocol";
import { whenHandled } from "../events/confirms.js";
import type { Counters } from "../counters.js";
import type { Deadlines } from "../deadlines.js";
import type { Fates } from "../groups/fates.js";
import type { Group } from "../groups/group.js";
import type { Groups } from "../groups/groups.js";
import type { SiteHanding } from "../groups/handing.js";
import type { Holder } from "../groups/holder.js";
import type { Intake } from "../events/intake.js";
import { type Span, spanCount } from "../groups/ledger.js";
import type { Links } from "./links.js";
import type { SiteMember } from "./site-member.js";
import {
  groupFields,
  type PassedSettlement,
  readCell,
  readGroupName,
  readSettlementRows,
  type SiteWord,
  writeSiteWord,
} from "./site-words.js";

/** What passing needs of the transmitter around it. */
export interface PassingParts {
  readonly links: () => Links;
  readonly groups: () => Groups;
  readonly intake: () => Intake;
  readonly deadlines: Deadlines;
  readonly counters: Counters;
  /** Name of this transmitter as an origin. */
  readonly origin: string;
}

const deliveryHead = Buffer.from("M DLVR ", "latin1");
/** Leased credit that nothing was spent of for so long goes back. */
const idleMs = 100;

/**
 * Deliveries of ours to cells of other transmitters: as their origin, we name the site, within the
 * credit that it leases to us, and decide what becomes of what it tells.
 *
 * @see PROTOCOL.md §18.4 to §18.6
 */
export class Passing {
  private readonly parts: PassingParts;
  /** Sites that are looked at for idle leases. */
  private readonly watched = new Set<SiteMember>();
  private nextLife = 1;

  constructor(parts: PassingParts) {
    this.parts = parts;
  }

  deliver(group: Group, member: SiteMember, span: Span, { nowMs, claimedBy }: SiteHanding): void {
    const { run, firstNumber } = span.lot;
    const { from: number, attempt, repeat, avoid } = span;
    // Written out: what is spread is slow to make, and to read for whoever gets it.
    const head = {
      service: group.service,
      pattern: group.pattern.text,
      number,
      attempt,
      repeat,
      claimed: claimedBy === undefined ? undefined : true,
      cell: claimedBy ?? member.cell,
      avoid,
    };
    const prefix = Buffer.concat([deliveryHead, encodeMessagePack(head)]);
    const part = sliceRun(run, indexRange(number - firstNumber, span.to - firstNumber), prefix);
    const count = spanCount(span);
    if (claimedBy === undefined) member.spend(count, nowMs);
    span.avoid = undefined;
    member.hold(span, nowMs);
    this.parts.counters.add("deliveriesPassed", count);
    this.parts.links().send(member.peer, part, nowMs);
  }

  /** `SETL`: a site tells what became of deliveries of ours. */
  settled(peer: Thid, { map }: SiteWord, nowMs: number): void {
    const { service, pattern } = readGroupName(map);
    const rows = readSettlementRows(map);
    const cell = readCell(map);
    const group = this.parts.groups().find(service, pattern.text);
    const told = { members: group?.sites.membersOf(peer) ?? [], by: { id: cell ?? peer, service } };
    const done: number[] = [];
    const stale: number[] = [];
    for (const row of rows) {
      const current = group === undefined ? 0 : this.settleRow(group, row, { ...told, nowMs });
      const outputs = row.outputs ?? [];
      if (current === row.count) {
        this.send(outputs, told.by, nowMs, () => this.tellDone(peer, { done: row.ref }, nowMs));
        if (outputs.length === 0 && row.ref !== undefined) done.push(row.ref);
        continue;
      }
      this.parts.counters.add("settlementsStale", row.count - current);
      this.parts.counters.add("outputsFenced", outputs.length);
      if (row.ref !== undefined) stale.push(row.ref);
    }
    for (const ref of done) this.tellDone(peer, { done: ref }, nowMs);
    for (const ref of stale) this.tellDone(peer, { stale: ref }, nowMs);
    if (group === undefined) return;
    group.sites.sweep();
    this.parts.groups().endIfEmpty(group, nowMs);
    this.parts.groups().touch(group);
  }

  private settleRow(group: Group, row: PassedSettlement, { members, by, nowMs }: Told): number {
    const { first, count, attempt } = row;
    const { origin } = this.parts;
    let current = 0;
    for (const member of members) {
      for (const span of member.take({ origin, first, last: first + count - 1, attempt }, nowMs)) {
        current += spanCount(span);
        group.released(span);
        const settler = { id: by.id, service: by.service, holder: member };
        this.decide(group, span, row, { by: settler, nowMs });
      }
    }
    return current;
  }

  private decide(group: Group, span: Span, row: PassedSettlement, { by, nowMs }: By): void {
    const { fates, claiming } = this.parts.groups();
    switch (row.outcome) {
      case "moved":
        fates.again(group, fates.movable(group, span));
        break;
      case "crashed":
        fates.again(group, fates.crashed(group, span, nowMs));
        break;
      case "overdue":
        fates.overdue(group, span, nowMs);
        break;
      case "away":
        span.repeat = true;
        claiming.hold(group, [span], nowMs);
        break;
      case "unplaced":
        // No cell has seen it: the name is free again.
        span.attempt--;
        this.parts.counters.add("deliveriesReturned", spanCount(span));
        if (claiming.regained(group, span, nowMs)) break;
        // What a cell was said to have had left its origin before, under another name.
        fates.again(group, span.repeat ? fates.movable(group, span) : [span]);
        break;
      default: {
        const { outcome, reason, result } = row;
        fates.decide(group, span, { by, settlement: { outcome, reason, result }, nowMs });
      }
    }
  }

  private send(
    outputs: readonly LooseEvent[],
    by: { readonly id: Thid; readonly service: string },
    nowMs: number,
    done: () => void,
  ): void {
    const allowed = outputs.filter(({ channel }) => !isSystemChannel(channel));
    this.parts.counters.add("eventsDenied", outputs.length - allowed.length);
    if (outputs.length === 0) return;
    if (allowed.length === 0) {
      done();
      return;
    }
    this.parts.counters.add("outputs", allowed.length);
    const behind = { service: by.service, cell: by.id };
    const arrival = { nowMs, isOutput: true };
    this.parts.intake().takeLoose(allowed, behind, whenHandled(allowed.length, done), arrival);
  }

  private tellDone(
    peer: Thid,
    told: { done?: number | undefined; stale?: number },
    nowMs: number,
  ): void {
    if (told.done === undefined && told.stale === undefined) return;
    const { links } = this.parts;
    if (links().isLinked(peer)) links().send(peer, writeSiteWord("STLD", told), nowMs);
  }

  /** Asks for credit for what waits, and gives back what has been idle. */
  demand(group: Group, nowMs: number, unmet?: ReadonlyMap<Holder, number>): void {
    // What has no key is for anybody, also where keys have owners.
    const waiting = group.backlog.lineEvents + group.sites.wanted;
    for (const member of group.sites.members()) {
      member.waiting = waiting + (unmet?.get(member) ?? 0);
      const wish = member.demand();
      if (wish !== undefined) {
        if (member.life === 0) member.life = this.nextLife++;
        const { peer, cell, life, received } = member;
        this.say(peer, "NEED", { ...groupFields(group), cell, life, ...wish, received }, nowMs);
      }
      if (member.waiting === 0 && member.lease > 0) this.watch(group, member, nowMs);
    }
  }

  /** `LEAS`: a site lets us deliver more, or asks for what we do not need. */
  leased(peer: Thid, map: FieldMap, nowMs: number): void {
    const { service, pattern } = readGroupName(map);
    const count = intField(map, "count", { max: leaseMax });
    const [cell, life] = [readCell(map), intField(map, "life")];
    const group = this.parts.groups().find(service, pattern.text);
    const member = group?.sites.membersOf(peer).find((each) => each.cell === cell);
    if (group === undefined || member?.life !== life) {
      // Its site counts it as ours until it comes back.
      const name = groupFields({ service, pattern });
      if (count > 0) this.say(peer, "RTRN", { ...name, cell, life, count }, nowMs);
      return;
    }
    if (count > 0) {
      member.granted(count);
      this.parts.groups().touch(group);
    } else if (member.waiting === 0) this.giveBack(group, member, nowMs);
  }

  /** Gives back what was leased by cells that are gone, and forgets who holds nothing. */
  withdraw(group: Group, nowMs: number): void {
    for (const member of group.sites.all()) {
      if (member.isPresent) continue;
      this.giveBack(group, member, nowMs);
      member.reset();
    }
    group.sites.sweep();
  }

  private watch(group: Group, member: SiteMember, nowMs: number): void {
    if (this.watched.has(member)) return;
    this.watched.add(member);
    this.parts.deadlines.at(Math.max(nowMs, member.spentMs) + idleMs, (dueMs) => {
      this.watched.delete(member);
      if (member.lease === 0) return;
      if (dueMs - member.spentMs < idleMs) this.watch(group, member, dueMs);
      else if (member.waiting === 0) this.giveBack(group, member, dueMs);
    });
  }

  private giveBack(group: Group, member: SiteMember, nowMs: number): void {
    const { peer, cell, life } = member;
    const count = member.giveBack();
    if (count > 0) this.say(peer, "RTRN", { ...groupFields(group), cell, life, count }, nowMs);
  }

  private say(peer: Thid, command: string, word: object, nowMs: number): void {
    const links = this.parts.links();
    if (links.isLinked(peer)) links.send(peer, writeSiteWord(command, word), nowMs);
  }
}

/** The most credit that one word can grant. */
export const leaseMax = 1_000_000;

interface Told {
  /** What it has been given: all its cells, or each where keys have owners. */
  readonly members: readonly SiteMember[];
  readonly by: { readonly id: Thid; readonly service: string };
  readonly nowMs: number;
}

interface By {
  readonly by: Parameters<Fates["decide"]>[2]["by"];
  readonly nowMs: number;
}
