import type { Claim, Pattern, Run, Settlement } from "@thynapse/protocol";
import type { CellRecord } from "./cells.js";
import { Claiming } from "./claiming.js";
import { jsonDelivery, packDelivery } from "./deliver.js";
import type { CoreLimits } from "./effects.js";
import type { Entry } from "./entry.js";
import { Fates, type FatesParts } from "./fates.js";
import { type Choice, Group } from "./group.js";
import { type Lot, type Span, singles, spanCount, wholeSpan } from "./ledger.js";
import type { Member } from "./member.js";
import type { RouteTable } from "./route.js";

/** What groups need of the transmitter around them. */
export interface GroupsParts extends FatesParts {
  readonly routes: RouteTable;
  readonly limits: CoreLimits;
}

/** How events come to a group. */
export interface GroupArrival {
  readonly nowMs: number;
  /** Whether the sender sends them again: then they are held back for claims first. */
  readonly repeat: boolean;
}

/** All groups of a transmitter: their making and end, and who gets what. @see PROTOCOL.md §10 */
export class Groups {
  readonly fates: Fates;
  private readonly claiming: Claiming;
  private readonly byKey = new Map<string, Group>();
  private readonly dirty = new Set<Group>();
  private readonly parts: GroupsParts;
  private nextGroup = 1;
  private nextNumber = 1;

  constructor(parts: GroupsParts) {
    this.parts = parts;
    this.fates = new Fates(parts, (group) => this.dirty.add(group));
    this.claiming = new Claiming({
      deadlines: parts.deadlines,
      counters: parts.counters,
      fates: this.fates,
      claimMs: parts.limits.claimMs,
      touch: (group) => this.dirty.add(group),
      adopt: (group, member, span, nowMs) => {
        if (group.terms.affinity) group.owners.take(span);
        this.deliver(group, member, span, { nowMs, claimed: true });
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

  /** Something changed that may let deliveries go out at the end of the turn. */
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
  add(group: Group, run: Run, entry: Entry, { nowMs, repeat }: GroupArrival): void {
    const { backlogEventsMax, backlogBytesMax } = this.parts.limits;
    const lot: Lot = { run, firstNumber: this.nextNumber, entry, receivedMs: nowMs };
    this.nextNumber += run.count;
    let room = group.room(lot, backlogEventsMax, backlogBytesMax);
    if (room < run.count) {
      // What this turn has brought may only wait for its end: members with credit make room first.
      this.send(group, nowMs);
      room = group.room(lot, backlogEventsMax, backlogBytesMax);
    }
    const span = wholeSpan(lot, repeat);
    if (room < run.count) this.refuse(group, span, span.from + room);
    if (room === 0) return;
    if (repeat) this.claiming.hold(group, [span], nowMs);
    else group.backlog.push(span);
    this.dirty.add(group);
  }

  /** Gives a group an event again that it had given up. */
  redrive(group: Group, run: Run, entry: Entry, nowMs: number): void {
    const lot: Lot = { run, firstNumber: this.nextNumber++, entry, receivedMs: nowMs };
    group.backlog.push(wholeSpan(lot, true));
    this.dirty.add(group);
  }

  /** Refuses the deliveries of a span from `number` on; the span keeps those before. */
  private refuse(group: Group, span: Span, number: number): void {
    const { run, firstNumber, entry } = span.lot;
    const message = `the backlog of ${group.service} ${group.pattern.text} is full`;
    for (let index = number - firstNumber; index < run.count; index++) {
      entry.refused(run.seqAt(index), "GROUP_FULL", message);
    }
    this.parts.counters.add("eventsRefused", span.to - number);
    entry.settled(run, number - firstNumber, run.count);
    span.to = number;
  }

  /** Sends out what the groups that changed can send. */
  flush(nowMs: number): void {
    for (const group of this.dirty) {
      // Taken out first: what this one causes (a dead letter is an event too) may touch any of them
      // again.
      this.dirty.delete(group);
      this.send(group, nowMs);
      this.fates.planCheck(group);
    }
  }

  private send(group: Group, nowMs: number): void {
    group.backlog.setByKey(group.terms.affinity);
    if (group.terms.affinity && group.hasCredit) this.pumpByKey(group, nowMs);
    this.pump(group, nowMs);
  }

  private pump(group: Group, nowMs: number): void {
    for (let first = group.backlog.first; first !== undefined; first = group.backlog.first) {
      if (first.lot.run.extras !== undefined && isExpired(first, nowMs)) {
        this.expire(group, group.backlog.take(1));
        continue;
      }
      const choice = group.choose(() => this.parts.random.float());
      if (choice === undefined) return;
      const count =
        first.lot.run.extras === undefined ? choice.count : freshCount(first, choice, nowMs);
      this.deliver(group, choice.member, group.backlog.take(count), { nowMs });
    }
  }

  private pumpByKey(group: Group, nowMs: number): void {
    for (const key of group.backlog.keys()) {
      if (group.owners.isBusy(key)) continue;
      const owner = group.owners.ownerOf(key, group.members);
      if (owner === undefined || owner.free === 0) continue;
      const span = group.backlog.takeKey(key);
      if (isExpired(span, nowMs)) {
        this.expire(group, span);
        continue;
      }
      group.owners.take(span);
      this.deliver(group, owner, span, { nowMs });
    }
  }

  private expire(group: Group, span: Span): void {
    this.parts.counters.add("eventsExpired", spanCount(span));
    this.fates.settle(group, span);
  }

  /** Hands a span to a member, as the next attempt. Hot path: guarded by `bench/micro/core`. */
  private deliver(group: Group, member: Member, span: Span, { nowMs, claimed }: Handing): void {
    const { cell } = member;
    const count = spanCount(span);
    if (span.attempt > 0) {
      group.stats.redelivered += count;
      this.parts.counters.add("redeliveries", count);
    }
    span.attempt++;
    span.avoid = undefined;
    span.begunMs = Number.POSITIVE_INFINITY;
    group.stats.delivered += count;
    cell.stats.delivered += count;
    this.parts.counters.add("deliveries", count);
    const effects = this.parts.effects();
    if (cell.encoding === "M") {
      const part = packDelivery(member, span, this.parts.origin, claimed === true);
      effects.push({ kind: "send", connection: cell.connection, part });
      member.hold(span, nowMs);
      return;
    }
    for (const single of singles(span)) {
      const part = jsonDelivery(member, single, this.parts.origin, claimed === true);
      if (typeof part === "string") {
        group.owners.release(single);
        this.fates.bury(group, single, part);
        continue;
      }
      effects.push({ kind: "send", connection: cell.connection, part });
      member.hold(single, nowMs);
    }
  }

  /** Settles deliveries; returns how many were current. */
  settled(group: Group, member: Member, settlement: Settlement, nowMs: number): number {
    return this.fates.settled(group, member, settlement, nowMs);
  }

  /** A cell has joined: what it claims, and what waits, may go to it. */
  joined(group: Group, nowMs: number): void {
    this.claiming.apply(group, nowMs);
    this.dirty.add(group);
  }

  claimed(group: Group, cell: CellRecord, claim: Claim): void {
    this.claiming.claimed(group, cell, claim);
  }

  /** A cell is attached anew: what its old attachment held waits for its claims. */
  movedAway(group: Group, cell: CellRecord, nowMs: number): void {
    const spans = group.leave(cell);
    for (const span of spans) span.repeat = true;
    this.claiming.hold(group, spans, nowMs);
    this.dirty.add(group);
  }

  /** Sends what is too old in the backlogs to the dead letters. */
  ageOut(nowMs: number): void {
    for (const group of this.byKey.values()) {
      for (const span of group.backlog.takeBefore(nowMs - this.parts.limits.backlogAgeMs)) {
        for (const single of singles(span)) {
          this.fates.bury(group, single, "too long in the backlog");
        }
      }
    }
  }

  /** Ends a group that has no members; what it still had becomes dead letters. */
  end(group: Group, reason: string): void {
    this.byKey.delete(`${group.service} ${group.pattern.text}`);
    this.parts.routes.removeGroup(group.pattern, group);
    const rest = [...group.backlog.takeAll(), ...group.waiting, ...group.held];
    group.waiting.clear();
    group.held.clear();
    for (const span of rest) {
      for (const single of singles(span)) this.fates.bury(group, single, reason);
    }
    this.dirty.delete(group);
  }
}

interface Handing {
  readonly nowMs: number;
  /** Whether the cell holds the event already and must not begin it again. */
  readonly claimed?: boolean;
}

/** How many of the chosen events come before the first whose time has passed. */
function freshCount(span: Span, { count }: Choice, nowMs: number): number {
  let fresh = 1;
  while (fresh < count && !isExpired(span, nowMs, fresh)) fresh++;
  return fresh;
}

/** Whether the time of an event of a span has passed: its own, or that of its asker. */
function isExpired(span: Span, nowMs: number, at = 0): boolean {
  const extras = span.lot.run.extrasAt(span.from + at - span.lot.firstNumber);
  if (extras === undefined) return false;
  const ttlMs = extras.ttlMs ?? Number.POSITIVE_INFINITY;
  const askMs = extras.ask?.timeoutMs ?? Number.POSITIVE_INFINITY;
  return span.lot.receivedMs + Math.min(ttlMs, askMs) <= nowMs;
}
