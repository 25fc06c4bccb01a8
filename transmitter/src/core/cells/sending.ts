import {
  booleanField,
  encodeExtras,
  type FieldMap,
  intField,
  MeshError,
  ownField,
  RangeSet,
  readLooseEvent,
  readRef,
  readRun,
  type Run,
  RunWriter,
} from "@thynapse/protocol";
import type { Attachments } from "./attachments.js";
import { type CellRecord, isAtWork } from "./cells.js";
import type { Counters } from "../counters.js";
import type { Deadlines } from "../deadlines.js";
import { type Dedupe, repeatsBusy } from "../events/dedupe.js";
import type { CoreLimits } from "../effects.js";
import type { Groups } from "../groups/groups.js";
import type { Arrival, Intake } from "../events/intake.js";
import type { ReadCommand } from "./receiving.js";
import type { Traces } from "../requests/traces.js";

/** What sending needs of the transmitter around it. */
export interface SendingParts {
  readonly attachments: Attachments;
  readonly intake: Intake;
  readonly dedupe: Dedupe;
  readonly groups: Groups;
  readonly counters: Counters;
  readonly deadlines: Deadlines;
  readonly limits: CoreLimits;
  readonly wallMs: () => number;
  readonly traces: Traces;
}

const runHead = Buffer.from("M EVNT ");
const windowFull = "more than the window before the listeners are back";
const scattered = "more holes between the numbers of a sender than are remembered";
const crowded = "half the backlog of a group is full";
/**
 * How long a cell may take to send again what was refused as busy, before what follows is taken
 * without it. It may hear of that late, while events still reach it: then it does not go elsewhere.
 */
const refusedMs = 10_000;

/** Events from cells, in both encodings. @see PROTOCOL.md §7, §11 */
export class Sending {
  private readonly parts: SendingParts;
  /** Bytes that wait for the listeners to come back, by cell. */
  private readonly deferredBytes = new Map<CellRecord, number>();

  constructor(parts: SendingParts) {
    this.parts = parts;
  }

  /** `EVNT` @throws {MeshError} what `readRun` and `readLooseEvent` throw; `DENIED`, `BUSY` */
  events(cell: CellRecord, read: ReadCommand, nowMs: number): void {
    if (read.encoding === "J") {
      this.one(cell, read.fields(), nowMs);
      return;
    }
    const run = readRun(read.part, runHead.length);
    checkSender(cell, run);
    if (run.header.floor > run.header.first) {
      throw new MeshError("BAD_RUN", "the floor of a run is at most its first number");
    }
    this.take(cell, run, { nowMs, cell, repeat: run.header.session < cell.session });
  }

  private one(cell: CellRecord, map: FieldMap, nowMs: number): void {
    const event = readLooseEvent(map);
    const { ref } = readRef(map);
    const arrival = { nowMs, cell, ref, repeat: booleanField(map, "repeat", false) };
    if (ownField(map, "seq") === undefined) {
      this.unnumbered(cell, event, arrival);
      return;
    }
    const seq = intField(map, "seq", { min: 1 });
    const { id: sender, service } = cell;
    const writer = new RunWriter(event.body.bytes.length + 64);
    const { channel, body, extras } = event;
    writer.append(channel, body.tag, body.bytes, 1, encodeExtras(extras));
    const floor = intField(map, "floor", { max: seq, fallback: cell.sender.floor });
    const time = this.parts.wallMs();
    // In which attachment a repeat in `J` was sent first is not known.
    const session = arrival.repeat ? 0 : cell.session;
    const handled = booleanField(map, "handled", false) ? new RangeSet() : undefined;
    handled?.add(seq);
    const opening = { sender, service, session, floor, first: seq, time, handled };
    if (ref !== undefined) cell.confirms.remember(seq, ref);
    this.take(cell, readRun(writer.close(opening, runHead), runHead.length), arrival);
  }

  private unnumbered(
    cell: CellRecord,
    event: ReturnType<typeof readLooseEvent>,
    arrival: Arrival,
  ): void {
    this.checkLoad(cell);
    if (this.mustWait(cell, [event.channel], arrival.nowMs)) throw this.busy(crowded);
    cell.stats.sent++;
    const behind = { service: cell.service, cell: cell.id };
    const take = (nowMs: number): void => {
      const { intake } = this.parts;
      const sink = cell.confirms.unnumbered(intake.nextOwn, arrival.ref);
      // It is new, whatever it says: nobody filters repeats of what has no number of its own.
      intake.takeLoose([event], behind, sink, { ...arrival, nowMs, repeat: false });
    };
    if (!this.defers(cell, arrival.nowMs)) take(arrival.nowMs);
    else if (!this.defer(cell, event.body.bytes.length, take))
      throw new MeshError("BUSY", windowFull);
  }

  private take(cell: CellRecord, run: Run, arrival: Arrival): void {
    if (cell.sender.isElsewhere) {
      // It came late: the sender says it again to its new home, which decides.
      this.parts.counters.add("eventsFenced", run.count);
      return;
    }
    const { shedding } = this.parts.attachments;
    const isOld = run.last < cell.sender.floor;
    const isEarly = this.isEarly(cell, run, arrival.nowMs);
    const isCrowded = this.mustWait(cell, run.header.channels, arrival.nowMs);
    const beyond = this.beyond(cell, run);
    const isGood = !shedding && !isOld && !isEarly && !isCrowded && beyond === undefined;
    if (isGood && !this.defers(cell, arrival.nowMs)) {
      this.parts.traces.accepted(run);
      this.parts.intake.take(cell.sender, run, arrival);
      cell.stats.sent += run.count;
      return;
    }
    // A run that is wrong is refused as such, also where nothing of it is taken now.
    this.parts.intake.check(run);
    cell.stats.sent += run.count;
    if (shedding) this.refuse(cell, run, "sheds load for want of memory", arrival.nowMs);
    else if (isEarly) this.refuse(cell, run, "what was refused comes first");
    else if (isCrowded) this.refuse(cell, run, crowded, arrival.nowMs);
    else if (beyond !== undefined) this.refuse(cell, run, beyond, arrival.nowMs);
    else if (this.defers(cell, arrival.nowMs)) this.deferRun(cell, run, arrival);
    else {
      cell.confirms.accepted(run.header.first, run.last, 0, true);
      cell.confirms.handled(run.header.first, run.last);
    }
  }

  private deferRun(cell: CellRecord, run: Run, arrival: Arrival): void {
    const take = (nowMs: number): void => {
      const beyond = this.beyond(cell, run);
      // Its new home, which may have asked already, decides.
      if (cell.sender.isElsewhere) this.parts.counters.add("eventsFenced", run.count);
      else if (beyond !== undefined) this.refuse(cell, run, beyond, nowMs);
      else this.parts.intake.take(cell.sender, run, { ...arrival, nowMs });
    };
    const isTaken = this.defer(cell, run.bytes.length, take);
    if (!isTaken) this.refuse(cell, run, windowFull, arrival.nowMs);
  }

  /** Why a run cannot be remembered: its numbers, or its repeats; `undefined` if it can be. */
  private beyond(cell: CellRecord, run: Run): string | undefined {
    if (!hasRoomFor(cell, run)) return scattered;
    return this.parts.dedupe.hasRoomFor(run) ? undefined : repeatsBusy;
  }

  private checkLoad(cell: CellRecord): void {
    if (!this.parts.attachments.shedding) return;
    throw this.busy(`${cell.service}: the transmitter sheds load; send it again later`);
  }

  private busy(why: string): MeshError {
    this.parts.counters.add("eventsRefused");
    return new MeshError("BUSY", why);
  }

  /**
   * Whether a cell should send this later: a group has enough to do. Who works is not made to wait,
   * lest those wait for it that it waits for.
   */
  private mustWait(cell: CellRecord, channels: Iterable<string>, nowMs: number): boolean {
    return this.parts.groups.areCrowded(channels, nowMs) && !isAtWork(cell);
  }

  /** Whether a run stands behind one that was refused as busy: it must not overtake that. */
  private isEarly(cell: CellRecord, run: Run, nowMs: number): boolean {
    const { refused } = cell;
    if (refused === undefined) return false;
    const { first, floor } = run.header;
    if (first > refused.first && floor <= refused.first && nowMs < refused.untilMs) return true;
    cell.refused = undefined;
    return false;
  }

  /** Whether the listeners of a cell that was attached elsewhere before may not have come yet. */
  private defers(cell: CellRecord, nowMs: number): boolean {
    // What waits goes first, even if its time has come.
    if (this.deferredBytes.has(cell)) return true;
    return nowMs < cell.sender.waitsUntilMs;
  }

  /**
   * Takes something when the listeners have had their time; tells whether there is room for it
   * until then.
   */
  private defer(cell: CellRecord, bytes: number, take: (nowMs: number) => void): boolean {
    const before = this.deferredBytes.get(cell) ?? 0;
    if (before > this.parts.limits.windowBytes) return false;
    this.deferredBytes.set(cell, before + bytes);
    this.parts.deadlines.at(cell.sender.waitsUntilMs, (nowMs) => {
      this.deferredBytes.delete(cell);
      take(nowMs);
    });
    return true;
  }

  /** @param nowMs given where this run is the reason, and not only behind another one. */
  private refuse(cell: CellRecord, run: Run, why: string, nowMs?: number): void {
    this.parts.counters.add("eventsRefused", run.count);
    const { confirms } = cell;
    if (nowMs !== undefined) {
      const first = Math.min(run.header.first, cell.refused?.first ?? run.header.first);
      cell.refused = { first, untilMs: nowMs + refusedMs };
    }
    if (run.seqs === undefined) confirms.refused(run.header.first, run.last, "BUSY", why);
    else for (const seq of run.seqs) confirms.refused(seq, seq, "BUSY", why);
  }
}

/** A cell speaks for itself; `cell` is for who numbers the events of another one. */
function checkSender({ id, service }: CellRecord, { header }: Run): void {
  const { cell = id } = header;
  if (header.sender === id && header.service === service && cell === id) return;
  throw new MeshError("DENIED", "sender and service of a run, and cell, are those of the HELO", {
    hint: "write the id and the service of your HELO, and leave cell out",
  });
}

/** Whether the numbers of a run can be remembered. */
function hasRoomFor({ sender }: CellRecord, run: Run): boolean {
  if (sender.hasRoomFor(run)) return true;
  // A floor holds, whatever becomes of its run.
  sender.raise(run.header.floor);
  return sender.hasRoomFor(run);
}
