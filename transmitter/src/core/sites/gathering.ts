import {
  type Body,
  booleanField,
  type FieldMap,
  intField,
  listField,
  mapValue,
  ownField,
  readPackedBody,
  readThid,
  type Run,
  SeqMap,
  stringField,
  type Thid,
} from "@thynapse/protocol";
import { partsOf } from "../events/answers.js";
import type { Asks, GatherReply, Replier } from "../events/asks.js";
import type { CellRecord } from "../cells/cells.js";
import type { Counters } from "../counters.js";
import type { Deadlines } from "../deadlines.js";
import { listenersOf } from "../events/plan.js";
import type { RouteTable } from "../events/route.js";
import { type Timed, TimeOuts } from "../events/time-outs.js";
import type { Links } from "./links.js";
import { writeSiteWord } from "./site-words.js";

/** What gathering needs of the transmitter around it. */
export interface GatheringParts {
  readonly links: () => Links;
  readonly routes: RouteTable;
  readonly asks: Asks;
  readonly deadlines: Deadlines;
  readonly counters: Counters;
}

/** A gather of another origin that reached cells of ours. */
interface Gather extends Timed {
  readonly peer: Thid;
  readonly sender: Thid;
  readonly seq: number;
  readonly expected: Map<Thid, Replier>;
  /** How many cells it reached. */
  readonly reached: number;
}

const cellsMax = 100_000;
/**
 * Cells that are named for the gathers of one run, and that the open gathers of one origin have
 * reached together: once there are so many, the next ones are said to reach nobody.
 */
const runCellsMax = 16_384;
const openCellsMax = 65_536;

/** Gathers across transmitters: whom they reached here, and what those reply. @see §12.5, §18.8 */
export class Gathering {
  private readonly parts: GatheringParts;
  private readonly gathers = new SeqMap<Gather>();
  private readonly timeOuts: TimeOuts<Gather>;
  /** Cells that the open gathers of each origin have reached. */
  private readonly open = new Map<Thid, number>();

  constructor(parts: GatheringParts) {
    this.parts = parts;
    this.timeOuts = new TimeOuts(parts.deadlines, (gather) => this.end(gather));
  }

  /** A run of another origin went out on our streams: tells it whom its gathers reached. */
  reached(peer: Thid, run: Run, nowMs: number): void {
    let room = Math.min(runCellsMax, openCellsMax - (this.open.get(peer) ?? 0));
    for (const [index, { ask }] of run.extras ?? []) {
      if (ask?.gather !== true) continue;
      const { sender } = run.header;
      const seq = run.seqAt(index);
      const cells = room > 0 ? this.listeners(run.channelAt(index)) : [];
      if (room <= 0) this.parts.counters.add("gathersUnnamed");
      room -= cells.length;
      const expected = new Map(cells.map((cell) => [cell.id, cell]));
      const dueMs = this.timeOuts.dueMs(nowMs, ask.timeoutMs);
      this.begin({ peer, sender, seq, expected, reached: cells.length, dueMs });
      const parts = partsOf(cells);
      for (const [at, part] of parts.entries()) {
        const more = at < parts.length - 1;
        this.say(peer, "EXPC", { sender, seq, cells: part, ...(more && { more }) }, nowMs);
      }
    }
  }

  private listeners(channel: string): Replier[] {
    return [...listenersOf(this.parts.routes.resolve(channel))].map(named);
  }

  private begin(gather: Gather): void {
    const { peer, sender, seq, reached } = gather;
    const before = this.gathers.get(sender, seq);
    if (before !== undefined) this.end(before);
    if (reached === 0) return;
    this.gathers.set(sender, seq, gather);
    this.timeOuts.add(gather);
    this.open.set(peer, (this.open.get(peer) ?? 0) + reached);
  }

  /** All have replied or are gone, or its time is over. */
  private end(gather: Gather): void {
    const { peer, sender, seq, reached } = gather;
    this.gathers.delete(sender, seq);
    this.timeOuts.delete(gather);
    const left = (this.open.get(peer) ?? 0) - reached;
    if (left > 0) this.open.set(peer, left);
    else this.open.delete(peer);
  }

  /** A cell of ours replies to a gather. Tells whether it is one of another origin. */
  replied(to: Thid, seq: number, cell: CellRecord, reply: GatherReply, nowMs: number): boolean {
    const gather = this.gathers.get(to, seq);
    if (gather === undefined) return false;
    gather.expected.delete(cell.id);
    if (gather.expected.size === 0) this.end(gather);
    const { body } = reply;
    const said = body === undefined ? reply : { body: [body.tag, body.bytes] };
    this.say(gather.peer, "RPLY", { to, seq, from: named(cell), ...said }, nowMs);
    return true;
  }

  /** A cell of ours is gone: nobody waits for its replies. */
  left(cell: CellRecord, nowMs: number): void {
    for (const gather of [...this.gathers.values()]) {
      const { peer, sender, seq, expected } = gather;
      if (!expected.delete(cell.id)) continue;
      if (expected.size === 0) this.end(gather);
      this.say(peer, "EXPC", { sender, seq, gone: [named(cell)] }, nowMs);
    }
  }

  /** `EXPC`: whom a gather of ours reached elsewhere, or who of them is gone. */
  expected(peer: Thid, map: FieldMap): void {
    const sender = readThid(ownField(map, "sender"));
    const seq = intField(map, "seq", { min: 1 });
    for (const cell of readCells(map, "gone")) this.parts.asks.gone(sender, seq, cell);
    if (ownField(map, "cells") === undefined) return;
    const more = booleanField(map, "more", false);
    this.parts.asks.expectAt(peer, { sender, seq, cells: readCells(map, "cells"), more });
  }

  /** `RPLY` with `to`: a cell elsewhere replies to a gather of ours. */
  answered(map: FieldMap): void {
    const to = readThid(ownField(map, "to"));
    const seq = intField(map, "seq", { min: 1 });
    const from = readReplier(ownField(map, "from"));
    this.parts.asks.gathered(to, seq, from, readGatherReply(map));
  }

  private say(peer: Thid, command: string, map: object, nowMs: number): void {
    const links = this.parts.links();
    if (links.isLinked(peer)) links.send(peer, writeSiteWord(command, map), nowMs);
  }
}

function named({ id, service }: Replier): Replier {
  return { id, service };
}

function readCells(map: FieldMap, field: string): Replier[] {
  return listField(map, field, cellsMax).map(readReplier);
}

/** @throws {MeshError} `BAD_PAYLOAD`, `BAD_ID` */
export function readReplier(value: unknown): Replier {
  const map = mapValue(value, "a cell");
  return { id: readThid(ownField(map, "id")), service: stringField(map, "service", 64) };
}

function readGatherReply(map: FieldMap): GatherReply {
  if (ownField(map, "code") !== undefined) {
    return { code: stringField(map, "code", 64), message: stringField(map, "message", 1024) };
  }
  const body: Body = readPackedBody(ownField(map, "body"));
  return { body };
}
