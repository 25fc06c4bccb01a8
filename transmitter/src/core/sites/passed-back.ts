import type { Thid } from "@thynapse/protocol";
import type { PassedFate } from "../groups/fates-parts.js";
import { type Span, spanCount } from "../groups/ledger.js";
import type { Links } from "./links.js";
import {
  type GroupName,
  type PassedSettlement,
  settlementRow,
  writeSiteWord,
} from "./site-words.js";

/** Rows of one origin, group and cell that go out in one word. */
interface Gathered {
  readonly peer: Thid;
  readonly group: GroupName;
  readonly cell: Thid | undefined;
  readonly rows: PassedSettlement[];
  bytes: number;
}

/** What became of deliveries, and where. */
interface Told {
  readonly group: GroupName;
  readonly span: Span;
  readonly cell: Thid | undefined;
  readonly fate: PassedFate;
}

/** A settlement with outputs that the origin has not answered. */
interface Awaited {
  readonly peer: Thid;
  readonly onDone: (isTaken: boolean) => void;
  /** Called when the origin will not answer. */
  readonly onLost: () => void;
}

const wordBytesMax = 256 * 1024;

/** What became of deliveries of other origins: gathered for a turn, then told to each. */
export class PassedBack {
  private readonly links: () => Links;
  private readonly gathered = new Map<string, Gathered>();
  private readonly awaited = new Map<number, Awaited>();
  private nextRef = 1;

  constructor(links: () => Links) {
    this.links = links;
  }

  /** @param onLost called when the origin will not say what became of the outputs. */
  add(told: Told, onLost: () => void): void {
    const { group, span, cell, fate } = told;
    const { upstream } = span.lot;
    if (upstream === undefined) return;
    const { peer, renamed } = upstream;
    const key = `${peer} ${group.service} ${group.pattern.text} ${cell ?? ""}`;
    let gathered = this.gathered.get(key);
    if (gathered === undefined) {
      gathered = { peer, group, cell, rows: [], bytes: 0 };
      this.gathered.set(key, gathered);
    }
    const first = renamed?.number ?? span.from;
    const attempt = renamed?.attempt ?? span.attempt;
    const { outcome, reason, result, outputs, onDone } = fate;
    const ref = outputs === undefined || onDone === undefined ? undefined : this.nextRef++;
    const count = spanCount(span);
    const row = { outcome, first, count, attempt, reason, result, outputs, ref };
    const last = gathered.rows.at(-1);
    if (last !== undefined && isNext(last, row)) {
      gathered.rows[gathered.rows.length - 1] = { ...last, count: last.count + row.count };
      return;
    }
    if (ref !== undefined && onDone !== undefined) this.awaited.set(ref, { peer, onDone, onLost });
    gathered.rows.push(row);
    gathered.bytes += bytesOf(row);
    if (gathered.bytes > wordBytesMax) this.split(key, gathered);
  }

  /** The origin has answered a settlement with outputs. */
  done(ref: number, isTaken: boolean): void {
    const awaited = this.awaited.get(ref);
    this.awaited.delete(ref);
    awaited?.onDone(isTaken);
  }

  /** An origin is dead, or its link begins anew: it answers nothing of what it was told. */
  lost(peer: Thid): void {
    for (const [ref, awaited] of [...this.awaited]) {
      if (awaited.peer !== peer) continue;
      this.awaited.delete(ref);
      awaited.onLost();
    }
    for (const [key, { peer: to }] of this.gathered) if (to === peer) this.gathered.delete(key);
  }

  flush(nowMs: number): void {
    const all = [...this.gathered.values()];
    this.gathered.clear();
    for (const gathered of all) this.send(gathered, nowMs);
  }

  /** Lets what is full go out with the others, and begins a new word. */
  private split(key: string, gathered: Gathered): void {
    this.gathered.delete(key);
    this.gathered.set(`${key} ${this.nextRef++}`, gathered);
  }

  private send({ peer, group, cell, rows }: Gathered, nowMs: number): void {
    const links = this.links();
    if (!links.isLinked(peer)) return;
    const settled = rows.map(settlementRow);
    const word = { service: group.service, pattern: group.pattern.text, cell, settled };
    links.send(peer, writeSiteWord("SETL", word), nowMs);
  }
}

function isNext(last: PassedSettlement, row: PassedSettlement): boolean {
  return (
    isPlain(last) &&
    isPlain(row) &&
    last.outcome === row.outcome &&
    last.attempt === row.attempt &&
    last.first + last.count === row.first
  );
}

function isPlain({ reason, result, outputs }: PassedSettlement): boolean {
  return reason === undefined && result === undefined && outputs === undefined;
}

function bytesOf({ result, outputs, reason }: PassedSettlement): number {
  let bytes = 32 + (result?.bytes.length ?? 0) + (reason?.length ?? 0);
  for (const { body } of outputs ?? []) bytes += body.bytes.length + 64;
  return bytes;
}
