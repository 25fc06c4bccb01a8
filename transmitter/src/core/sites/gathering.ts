import {
  type Body,
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
import type { Asks, GatherReply, Replier } from "../events/asks.js";
import type { CellRecord } from "../cells/cells.js";
import type { Deadlines } from "../deadlines.js";
import { listenersOf } from "../events/plan.js";
import type { RouteTable } from "../events/route.js";
import type { Links } from "./links.js";
import { writeSiteWord } from "./site-words.js";

/** What gathering needs of the transmitter around it. */
export interface GatheringParts {
  readonly links: () => Links;
  readonly routes: RouteTable;
  readonly asks: Asks;
  readonly deadlines: Deadlines;
}

/** A gather of another origin that reached cells of ours. */
interface Gather {
  readonly peer: Thid;
  readonly sender: Thid;
  readonly seq: number;
  readonly expected: Map<Thid, Replier>;
}

const cellsMax = 100_000;

/** Gathers across transmitters: whom they reached here, and what those reply. @see §12.5, §18.8 */
export class Gathering {
  private readonly parts: GatheringParts;
  private readonly gathers = new SeqMap<Gather>();

  constructor(parts: GatheringParts) {
    this.parts = parts;
  }

  /** A run of another origin went out on our streams: tells it whom its gathers reached. */
  reached(peer: Thid, run: Run, nowMs: number): void {
    for (const [index, extras] of run.extras ?? []) {
      if (extras.ask?.gather !== true) continue;
      const { sender } = run.header;
      const seq = run.seqAt(index);
      const cells = [...listenersOf(this.parts.routes.resolve(run.channelAt(index)))].map(named);
      const expected = new Map(cells.map((cell) => [cell.id, cell]));
      this.gathers.set(sender, seq, { peer, sender, seq, expected });
      this.parts.deadlines.at(nowMs + extras.ask.timeoutMs, () => this.gathers.delete(sender, seq));
      this.say(peer, "EXPC", { sender, seq, cells }, nowMs);
    }
  }

  /** A cell of ours replies to a gather. Tells whether it is one of another origin. */
  replied(to: Thid, seq: number, cell: CellRecord, reply: GatherReply, nowMs: number): boolean {
    const gather = this.gathers.get(to, seq);
    if (gather === undefined) return false;
    gather.expected.delete(cell.id);
    const { body } = reply;
    const said = body === undefined ? reply : { body: [body.tag, body.bytes] };
    this.say(gather.peer, "RPLY", { to, seq, from: named(cell), ...said }, nowMs);
    return true;
  }

  /** A cell of ours is gone: nobody waits for its replies. */
  left(cell: CellRecord, nowMs: number): void {
    for (const { peer, sender, seq, expected } of [...this.gathers.values()]) {
      if (!expected.delete(cell.id)) continue;
      this.say(peer, "EXPC", { sender, seq, gone: [named(cell)] }, nowMs);
    }
  }

  /** `EXPC`: whom a gather of ours reached elsewhere, or who of them is gone. */
  expected(peer: Thid, map: FieldMap): void {
    const sender = readThid(ownField(map, "sender"));
    const seq = intField(map, "seq", { min: 1 });
    for (const cell of readCells(map, "gone")) this.parts.asks.gone(sender, seq, cell);
    if (ownField(map, "cells") === undefined) return;
    this.parts.asks.expectAt(peer, { sender, seq, cells: readCells(map, "cells") });
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
