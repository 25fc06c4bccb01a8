import type { Pattern, Run, Thid } from "@thynapse/protocol";
import type { CellRecord } from "../cells/cells.js";
import { type AdoptHolding, Claiming } from "./claiming.js";
import type { CoreLimits } from "../effects.js";
import type { Entry } from "../events/entry.js";
import { Fates } from "./fates.js";
import type { FatesParts } from "./fates-parts.js";
import { Group } from "./group.js";
import type { GroupArrival } from "./group-arrival.js";
import { type Elsewhere, Handing } from "./handing.js";
import type { Holder } from "./holder.js";
import { grantedMember } from "./member.js";
import { type Lot, type Span, singles, wholeSpan } from "./ledger.js";
import { Pumping } from "./pumping.js";
import type { RouteTable } from "../events/route.js";
import type { Senders } from "../events/senders.js";

/** What groups need of the transmitter around them. */
export interface GroupsParts extends FatesParts {
  readonly routes: RouteTable;
  readonly limits: CoreLimits;
  readonly senders: Senders;
  readonly self: Thid;
  /** Name of this transmitter as an origin. */
  readonly origin: string;
  /** The way to cells of other transmitters. */
  readonly elsewhere: Elsewhere;
}

/** All groups of a transmitter: their making and end, and who gets what. @see PROTOCOL.md §10 */
export class Groups {
  readonly fates: Fates;
  readonly claiming: Claiming;
  readonly handing: Handing;
  readonly pumping: Pumping;
  private readonly byKey = new Map<string, Group>();
  private readonly dirty = new Set<Group>();
  private readonly parts: GroupsParts;
  private nextGroup = 1;
  private nextNumber = 1;

  constructor(parts: GroupsParts) {
    this.parts = parts;
    this.fates = new Fates(parts, (group) => this.dirty.add(group));
    this.handing = new Handing(parts, this.fates);
    this.pumping = new Pumping(parts, this.fates, this.handing);
    this.claiming = new Claiming({
      deadlines: parts.deadlines,
      counters: parts.counters,
      fates: this.fates,
      claimMs: parts.limits.claimMs,
      floorOf: (sender) => parts.senders.find(sender)?.floor ?? 0,
      touch: (group) => this.dirty.add(group),
      adopt: (group, holding, span, nowMs) => {
        const holder = this.holderOf(group, holding);
        if (holder === undefined) return false;
        if (group.terms.affinity) group.owners.take(span);
        this.handing.give(group, holder, span, { nowMs, claimedBy: holding.cell });
        return true;
      },
    });
  }

  get all(): Iterable<Group> {
    return this.byKey.values();
  }

  get count(): number {
    return this.byKey.size;
  }

  /** The group of a service and pattern; made if there is none. */
  open(service: string, pattern: Pattern): Group {
    const key = `${service} ${pattern.text}`;
    let group = this.byKey.get(key);
    if (group === undefined) {
      group = new Group(this.nextGroup++, service, pattern);
      this.byKey.set(key, group);
      this.parts.routes.addGroup(pattern, group);
    }
    return group;
  }

  /** Deliveries may go out at the end of the turn. */
  touch(group: Group): void {
    this.dirty.add(group);
  }

  /** A cell can be given work again. */
  touchAll(cell: CellRecord): void {
    for (const held of cell.catches.values()) {
      if (held.mode === "any") this.dirty.add(held.member.group);
    }
  }

  /**
   * Gives a group the events of a run, or of a slice of one. What its backlog has no room for is
   * refused.
   */
  add(group: Group, run: Run, entry: Entry, arrival: GroupArrival): void {
    const { nowMs, repeat, session } = arrival;
    const lot = this.newLot(run, entry, nowMs);
    const room = this.roomFor(group, lot, arrival);
    const span = wholeSpan(lot, repeat);
    if (room < run.count) this.refuse(group, span, span.from + room);
    if (room === 0) return;
    this.dirty.add(group);
    if (!repeat) {
      group.backlog.push(span);
      return;
    }
    this.parts.elsewhere.seek(group, run, session);
    this.claiming.hold(group, [span], nowMs);
  }

  private roomFor(group: Group, lot: Lot, { nowMs, isOutput, isLeft }: GroupArrival): number {
    const { backlogEventsMax: eventsMax, backlogBytesMax: bytesMax } = this.parts.limits;
    const { count } = lot.run;
    if (isLeft === true) return count;
    if (group.room(lot, eventsMax, bytesMax) === count) return count;
    // What this turn has brought may only wait for its end: members with credit make room first.
    this.pumping.send(group, nowMs);
    const room = group.room(lot, eventsMax, bytesMax);
    if (room === count || !isOutput) return room;
    // Whoever sent them may be the one that works on what the backlog is full of.
    const beyond = group.room(lot, 2 * eventsMax, 2 * bytesMax);
    this.parts.counters.add("outputsBeyondFull", beyond - room);
    return beyond;
  }

  /**
   * Whether events on these channels should come later: half the backlog of a group is full, and
   * somebody works on it. One that nobody works on refuses when it is full, and holds nobody up.
   *
   * @see PROTOCOL.md §10.8, §11.4
   */
  areCrowded(channels: Iterable<string>, nowMs: number): boolean {
    const pumped = new Set<Group>();
    for (const channel of channels) {
      for (const group of this.parts.routes.resolve(channel).groups) {
        if (pumped.has(group) || !this.isHalfFull(group)) continue;
        pumped.add(group);
        // What this turn has brought may only wait for its end.
        this.pumping.send(group, nowMs);
        if (this.isHalfFull(group) && group.heldCount > 0) return true;
      }
    }
    return false;
  }

  /** Who of a group is meant by a claim, if it is there by now. */
  private holderOf(group: Group, { cell, site }: AdoptHolding): Holder | undefined {
    if (site === undefined) return grantedMember(group.members.values(), cell);
    if (site === this.parts.self) {
      // It has it from an origin that is dead: we are the site of what we decide about.
      const isThere = grantedMember(group.members.values(), cell) !== undefined;
      return isThere ? group.sites.open(site, undefined) : undefined;
    }
    const members = group.sites.membersOf(site).filter((member) => member.isPresent);
    return members.find((member) => member.cell === cell) ?? members[0];
  }

  private isHalfFull({ backlog }: Group): boolean {
    const { backlogEventsMax, backlogBytesMax } = this.parts.limits;
    return backlog.events >= backlogEventsMax / 2 || backlog.bytes >= backlogBytesMax / 2;
  }

  /** Gives a group an event again that it had given up. */
  redrive(group: Group, run: Run, entry: Entry, nowMs: number): void {
    group.backlog.push(wholeSpan(this.newLot(run, entry, nowMs), true));
    this.dirty.add(group);
  }

  private newLot(run: Run, entry: Entry, receivedMs: number): Lot {
    const { origin } = this.parts;
    const firstNumber = this.nextNumber;
    this.nextNumber += run.count;
    return { run, firstNumber, origin, entry, upstream: undefined, receivedMs };
  }

  /** Refuses the deliveries of a span from `number` on; the span keeps those before. */
  private refuse(group: Group, span: Span, number: number): void {
    const { run, firstNumber, entry } = span.lot;
    for (let index = number - firstNumber; index < run.count; index++) {
      entry?.missed(group, run.seqAt(index), span.repeat);
    }
    this.parts.counters.add("eventsRefused", span.to - number);
    entry?.settled(run, number - firstNumber, run.count);
    span.to = number;
  }

  /** Sends out what the groups that changed can send. */
  flush(nowMs: number): void {
    // Others may have taken our senders over while we were away.
    if (this.parts.elsewhere.wasAway(nowMs)) return;
    for (const group of this.dirty) {
      // Taken out first: what this one causes (a dead letter is an event too) may touch any of them
      // again.
      this.dirty.delete(group);
      this.pumping.send(group, nowMs);
      this.fates.planCheck(group);
    }
  }

  /** A cell has joined, or another transmitter with cells: what it claims, and what waits. */
  joined(group: Group, nowMs: number): void {
    this.claiming.apply(group, nowMs);
    this.dirty.add(group);
    this.parts.elsewhere.announce(group);
  }

  /** A cell is attached anew: what its old attachment held waits for its claims. */
  movedAway(group: Group, cell: CellRecord, nowMs: number): void {
    const member = group.members.get(cell);
    if (member === undefined) return;
    const ours: Span[] = [];
    for (const span of group.leave(cell)) {
      span.repeat = true;
      if (span.lot.upstream === undefined) ours.push(span);
      else this.parts.passBack(group, span, member, { outcome: "away" });
    }
    this.claiming.hold(group, ours, nowMs);
    this.joined(group, nowMs);
  }

  /** A transmitter is gone: what it held waits for the claims of its cells. */
  siteLost(group: Group, peer: Thid, nowMs: number): void {
    group.claims?.lost(peer);
    const spans = group.sites.membersOf(peer).flatMap((member) => {
      member.reset();
      return member.takeAll();
    });
    for (const span of spans) {
      span.repeat = true;
      group.released(span);
    }
    this.claiming.hold(group, spans, nowMs);
    this.dirty.add(group);
  }

  /** Sends what is too old in the backlogs to the dead letters. */
  ageOut(nowMs: number): void {
    for (const group of this.byKey.values()) {
      this.claiming.forgetOld(group, nowMs);
      for (const span of group.backlog.takeBefore(nowMs - this.parts.limits.backlogAgeMs)) {
        for (const single of singles(span)) {
          this.fates.bury(group, single, "too long in the backlog");
        }
      }
    }
  }

  /** The group of this name, if there is one. */
  find(service: string, pattern: string): Group | undefined {
    return this.byKey.get(`${service} ${pattern}`);
  }

  /** Lets a group without members live for a while, for cells that were lost. */
  keep(group: Group, untilMs: number): void {
    if (group.isEmpty) this.parts.counters.add("groupsKept");
    group.keptUntilMs = Math.max(group.keptUntilMs, untilMs);
    this.endIfEmpty(group, Number.NEGATIVE_INFINITY);
  }

  /** Ends a group that nobody has and for which nobody is waited. */
  endIfEmpty(group: Group, nowMs: number): void {
    if (!group.isEmpty) return;
    const endMs = group.keptUntilMs;
    if (endMs <= nowMs) this.end(group, "its last cell left");
    if (endMs <= nowMs) return;
    group.endsMs = endMs;
    this.parts.deadlines.at(endMs, () => {
      if (group.endsMs === endMs && group.isEmpty) this.end(group, "no cell came back");
    });
  }

  /** Ends a group that has no members; what it still had becomes dead letters. */
  end(group: Group, reason: string): void {
    if (this.byKey.get(`${group.service} ${group.pattern.text}`) !== group) return;
    this.byKey.delete(`${group.service} ${group.pattern.text}`);
    this.parts.routes.removeGroup(group.pattern, group);
    const rest = [...group.backlog.takeAll(), ...group.waiting, ...group.held];
    group.waiting.clear();
    group.held.clear();
    for (const span of rest) {
      for (const single of singles(span)) this.fates.bury(group, single, reason);
    }
    this.dirty.delete(group);
    this.parts.elsewhere.ended(group);
  }
}
