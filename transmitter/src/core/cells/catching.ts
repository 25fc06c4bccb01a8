import {
  type CatchWish,
  type FieldMap,
  intField,
  listField,
  MeshError,
  numberAt,
  readCatchWish,
  readCredit,
} from "@thynapse/protocol";
import type { Attachments } from "./attachments.js";
import { type CellCatch, type CellRecord, findCatch } from "./cells.js";
import type { Counters } from "../counters.js";
import type { CoreLimits } from "../effects.js";
import type { Groups } from "../groups/groups.js";
import type { Member } from "../groups/member.js";
import { newReader } from "../streams/pace.js";
import type { Sites } from "../sites/sites.js";
import { isUncounted } from "../streams/ring.js";
import { runPart, type Streams } from "../streams/streams.js";

/** What catching needs of the transmitter around it. */
export interface CatchingParts {
  readonly attachments: Attachments;
  readonly groups: Groups;
  readonly streams: Streams;
  readonly counters: Counters;
  readonly limits: CoreLimits;
  readonly sites: Sites;
  readonly nowMs: () => number;
}

/** How often others are told that a cell is slow, at most. */
const slowTellMs = 1000;
const repairEventsMax = 1_000_000;

/** Catches of cells: made, ended, paid with credit, repaired. @see PROTOCOL.md §8, §10 */
export class Catching {
  private readonly parts: CatchingParts;

  constructor(parts: CatchingParts) {
    this.parts = parts;
  }

  /**
   * `CTCH`: granted when every live transmitter knows it, so that nothing is missed from then on.
   *
   * @throws {MeshError} `TOO_MANY_CATCHES`, `BUSY`, and what `readCatchWish` throws
   */
  catch(cell: CellRecord, map: FieldMap, nowMs: number): void {
    const wish = readCatchWish(map);
    const known = findCatch(cell, wish.mode, wish.pattern.text);
    if (known === undefined) this.checkCount(cell, wish);
    const wanted = { service: cell.service, wish, isKnown: known !== undefined };
    this.parts.sites.announcing.admitCatch(wanted, nowMs);
    const isBack = wish.mode === "any" && this.isAwaited(cell, wish.pattern.text, nowMs);
    const held = known ?? this.open(cell, wish);
    const grant = (atMs: number, isWhole = true): void => {
      if (cell.catches.get(held.number) !== held) return;
      if (held.mode === "any") held.member.group.change(held.member, wish);
      const { next, ...answer } = answerTo(held, wish);
      this.parts.attachments.send(cell, "CGHT", isWhole ? { ...answer, next } : answer);
      // Only now: what it has claimed comes by the number of its catch.
      if (held.mode === "any") this.join(held.member, atMs);
      else held.stream.isKnown = true;
    };
    if (isBack) grant(nowMs);
    else if (known?.mode === "multi") {
      // A cell that moves asks again: is all on the stream that others sent here?
      this.parts.sites.rounds.begin((isWhole) => grant(this.parts.nowMs(), isWhole), nowMs);
    } else this.parts.sites.whenKnown(() => grant(this.parts.nowMs()), nowMs);
  }

  private checkCount({ catches, kept, service }: CellRecord, { mode, pattern }: CatchWish): void {
    const { catchesMax } = this.parts.limits;
    if (catches.size >= catchesMax) {
      throw new MeshError("TOO_MANY_CATCHES", `at most ${catchesMax} for a cell`);
    }
    const { announcing } = this.parts.sites;
    if (kept.size < catchesMax || announcing.isTold(mode, service, pattern.text)) return;
    const text = `at most ${catchesMax} that a cell has left and that are kept for a while`;
    throw new MeshError("TOO_MANY_CATCHES", text);
  }

  /**
   * Whether a group waits for a cell that comes back, here or at another transmitter: then it need
   * not be known anew. A cell may come back without ever having been granted its catch.
   */
  private isAwaited(cell: CellRecord, pattern: string, nowMs: number): boolean {
    const group = this.parts.groups.find(cell.service, pattern);
    if (group === undefined || cell.session === 1) return false;
    return !group.sites.isEmpty || group.keptUntilMs > nowMs;
  }

  /**
   * The cell can be given work, and what it has claimed is told to others: earlier it could not
   * have been named anew, and would have come to another cell.
   */
  private join(member: Member, nowMs: number): void {
    const { cell, group } = member;
    member.isGranted = true;
    group.found(Number.NEGATIVE_INFINITY);
    this.parts.groups.joined(group, nowMs);
    const claim = cell.claims.get(group.pattern.text);
    if (claim === undefined) return;
    cell.claims.delete(claim.pattern);
    this.parts.sites.adopting.spread(cell, claim, nowMs);
  }

  private open(cell: CellRecord, wish: CatchWish): CellCatch {
    const number = cell.nextCatch++;
    const { pattern } = wish;
    let held: CellCatch;
    if (wish.mode === "multi") {
      const stream = this.parts.streams.open(pattern, cell.encoding);
      stream.listeners.set(cell, newReader(number, stream.last, stream));
      this.parts.sites.announcing.stream(stream);
      held = { number, mode: "multi", pattern, stream };
    } else {
      const group = this.parts.groups.open(cell.service, pattern);
      const member = group.join(cell, number, wish);
      // Nothing is given to it before it knows the number of its catch.
      member.credit = 0;
      this.parts.sites.announce(group);
      held = { number, mode: "any", pattern, member };
    }
    cell.catches.set(number, held);
    return held;
  }

  /** `DROP` @throws {MeshError} `UNKNOWN_CATCH` */
  drop(cell: CellRecord, map: FieldMap, nowMs: number): void {
    const number = intField(map, "catch");
    if (!this.parts.attachments.drop(cell, number, nowMs)) throw unknownCatch(number);
    this.parts.attachments.send(cell, "DRPD", { catch: number });
  }

  /** `CRED` @throws {MeshError} `UNKNOWN_CATCH`, `BAD_CREDIT` */
  credit(cell: CellRecord, map: FieldMap): void {
    const held = catchOf(cell, map, "any");
    held.member.credit = readCredit(map);
    this.parts.groups.touch(held.member.group);
  }

  /**
   * `BEAT`: how far the cell has read its streams. What it says of other catches is of no interest.
   *
   * @throws {MeshError} `BAD_PAYLOAD`, `TOO_LARGE`
   */
  beat(cell: CellRecord, map: FieldMap, nowMs: number): void {
    const rows = listField(map, "streams", this.parts.limits.catchesMax);
    for (const [number, last] of rows.map(readProgress)) {
      const held = cell.catches.get(number);
      if (held?.mode !== "multi") continue;
      const listener = held.stream.listeners.get(cell);
      if (listener !== undefined) held.stream.read(listener, last, nowMs);
    }
  }

  /**
   * `MISS`: sends again what the ring still has. @throws {MeshError} `UNKNOWN_CATCH`, `BAD_PAYLOAD`
   */
  miss(cell: CellRecord, map: FieldMap, nowMs: number): void {
    const { stream, number } = catchOf(cell, map, "multi");
    const first = intField(map, "first", { min: 1 });
    const count = intField(map, "count", { min: 1, max: repairEventsMax });
    const { attachments, counters } = this.parts;
    counters.add("repairsAsked");
    const reader = stream.listeners.get(cell);
    if (reader !== undefined && !this.parts.streams.takeRepairTurn(reader)) {
      attachments.send(cell, "RPAR", { catch: number, first, count: 0, done: true });
      return;
    }
    cell.stats.missed += count;
    const { gone, messages } = this.parts.streams.repair(stream, first, count);
    let goneCount = gone?.count ?? 0;
    if (gone !== undefined) {
      const done = messages.length === 0;
      attachments.send(cell, "RPAR", { catch: number, ...gone, gone: true, done });
    }
    for (const [index, message] of messages.entries()) {
      const done = index === messages.length - 1;
      const name = { catch: number, first: message.first, count: message.count, done };
      if (message.part.length === 0) {
        goneCount += message.count;
        const how = { gone: true, ...(isUncounted(message) && { uncounted: true }) };
        attachments.send(cell, "RPAR", { ...name, ...how });
        continue;
      }
      counters.add("eventsRepaired", message.count);
      cell.stats.repaired += message.count;
      attachments.sendPart(cell, runPart(message, name));
    }
    if (gone === undefined && messages.length === 0) {
      attachments.send(cell, "RPAR", { catch: number, first, count: 0, done: true });
    }
    counters.add("eventsGone", goneCount);
    cell.stats.gone += goneCount;
    this.tellSlow(cell, stream.pattern.text, { missed: count, gone: goneCount, nowMs });
  }

  private tellSlow(cell: CellRecord, pattern: string, loss: Loss): void {
    if (loss.nowMs - cell.slowToldMs < slowTellMs) return;
    cell.slowToldMs = loss.nowMs;
    const { id, service } = cell;
    const { missed, gone } = loss;
    const data = { id, service, pattern, missed, gone };
    this.parts.attachments.tell("$mesh.cell.slow", data, loss.nowMs);
  }
}

interface Loss {
  readonly missed: number;
  readonly gone: number;
  readonly nowMs: number;
}

function answerTo(held: CellCatch, wish: CatchWish): Record<string, unknown> {
  const { number, mode, pattern } = held;
  const base = { catch: number, pattern: pattern.text, mode };
  const ref = wish.ref === undefined ? {} : { ref: wish.ref };
  if (held.mode === "multi") {
    return { ...ref, ...base, topic: held.stream.topic, next: held.stream.last + 1 };
  }
  const warnings = held.member.group.warnings(wish);
  return { ...ref, ...base, ...(warnings.length > 0 && { warnings }) };
}

/** How far one stream was read: [catch, last]. @throws {MeshError} `BAD_PAYLOAD` */
function readProgress(row: unknown): readonly [number, number] {
  if (!Array.isArray(row)) throw new MeshError("BAD_PAYLOAD", "streams lists [catch, last]");
  return [numberAt(row, 0, 0), numberAt(row, 1, 0)];
}

/** The catch that a payload names. @throws {MeshError} `UNKNOWN_CATCH` */
export function catchOf<Mode extends "multi" | "any">(
  cell: CellRecord,
  map: FieldMap,
  mode: Mode,
): CellCatch & { mode: Mode } {
  const number = intField(map, "catch");
  const held = cell.catches.get(number);
  if (held?.mode !== mode) throw unknownCatch(number);
  return held as CellCatch & { mode: Mode };
}

function unknownCatch(number: number): MeshError {
  return new MeshError("UNKNOWN_CATCH", `no such catch: ${number}`);
}
