import { type EventExtras, keysMax, type LooseEvent, type Thid } from "@thynapse/protocol";
import type { Counters } from "../counters.js";
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
  /** What its rows take in a word. */
  readonly size: Size;
}

/** About as much as rows take in a word. */
interface Size {
  bytes: number;
  /** Keys of maps. */
  keys: number;
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
const wordRowsMax = 4096;
/** Keys of the details in one word; those of the word itself come on top. */
const detailKeysMax = keysMax - 8;
const unwritable = "its settlement cannot be passed on";

/** What became of deliveries of other origins: gathered for a turn, then told to each. */
export class PassedBack {
  private readonly links: () => Links;
  private readonly counters: Counters;
  private readonly gathered = new Map<string, Gathered>();
  private readonly awaited = new Map<number, Awaited>();
  private nextRef = 1;

  constructor(links: () => Links, counters: Counters) {
    this.links = links;
    this.counters = counters;
  }

  /** @param onLost called when the origin will not say what became of the outputs. */
  add(told: Told, onLost: () => void): void {
    const { group, span, cell, fate } = told;
    const { upstream } = span.lot;
    if (upstream === undefined) return;
    const { peer, renamed } = upstream;
    const key = `${peer} ${group.service} ${group.pattern.text} ${cell ?? ""}`;
    let gathered = this.gathered.get(key);
    const first = renamed?.number ?? span.from;
    const attempt = renamed?.attempt ?? span.attempt;
    const { outcome, reason, result, outputs, onDone } = fate;
    const ref = outputs === undefined || onDone === undefined ? undefined : this.nextRef++;
    const count = spanCount(span);
    const row = { outcome, first, count, attempt, reason, result, outputs, ref };
    const last = gathered?.rows.at(-1);
    if (gathered !== undefined && last !== undefined && isNext(last, row)) {
      gathered.rows[gathered.rows.length - 1] = { ...last, count: last.count + row.count };
      return;
    }
    if (ref !== undefined && onDone !== undefined) this.awaited.set(ref, { peer, onDone, onLost });
    const size = sizeOf(row);
    if (gathered !== undefined && !hasRoom(gathered, size)) {
      this.split(key, gathered);
      gathered = undefined;
    }
    if (gathered === undefined) {
      gathered = { peer, group, cell, rows: [], size: { bytes: 0, keys: 0 } };
      this.gathered.set(key, gathered);
    }
    gathered.rows.push(row);
    gathered.size.bytes += size.bytes;
    gathered.size.keys += size.keys;
  }

  /** A transmitter has answered a settlement with outputs: ignored if it is not the origin. */
  done(from: Thid, ref: number, isTaken: boolean): void {
    if (this.awaited.get(ref)?.peer === from) this.end(ref, isTaken);
    else this.counters.add("answersUnasked");
  }

  private end(ref: number, isTaken: boolean): void {
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
    for (const word of this.wordsOf(group, cell, rows)) links.send(peer, word, nowMs);
  }

  /** One word for all rows; if it cannot be written, one for each: none is lost by another. */
  private wordsOf(
    group: GroupName,
    cell: Thid | undefined,
    rows: readonly PassedSettlement[],
  ): Buffer[] {
    try {
      return [writeWord(group, cell, rows)];
    } catch {
      const [first, ...more] = rows as [PassedSettlement, ...PassedSettlement[]];
      if (more.length === 0) return [writeWord(group, cell, [this.rejected(first)])];
      return rows.flatMap((row) => this.wordsOf(group, cell, [row]));
    }
  }

  /** What is told of a settlement that cannot be told: its event is a dead letter. */
  private rejected({ first, count, attempt, ref }: PassedSettlement): PassedSettlement {
    this.counters.add("settlementsUnwritable", count);
    if (ref !== undefined) this.end(ref, false);
    return { outcome: "reject", first, count, attempt, reason: unwritable };
  }
}

function writeWord(
  { service, pattern }: GroupName,
  cell: Thid | undefined,
  rows: readonly PassedSettlement[],
): Buffer {
  const word = { service, pattern: pattern.text, cell, settled: rows.map(settlementRow) };
  return writeSiteWord("SETL", word);
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

function hasRoom({ rows, size }: Gathered, { bytes, keys }: Size): boolean {
  if (rows.length >= wordRowsMax || size.keys + keys > detailKeysMax) return false;
  return size.bytes + bytes <= wordBytesMax;
}

function sizeOf(row: PassedSettlement): Size {
  const { result, outputs = [], reason = "" } = row;
  const bytes = 32 + (result?.bytes.length ?? 0) + 3 * reason.length;
  // Of a detail: reason, result, ref and outputs.
  const size = { bytes, keys: isPlain(row) ? 0 : 4 };
  for (const output of outputs) addOutput(size, output);
  return size;
}

function addOutput(size: Size, { channel, body, extras }: LooseEvent): void {
  size.bytes += 64 + channel.length + body.bytes.length;
  const { headers = {}, key = "", id = "" }: EventExtras = extras;
  const entries = Object.entries(headers);
  // Of the extras: headers, key, ttlMs, id, and ask with its four.
  size.keys += entries.length + 9;
  size.bytes += key.length + id.length;
  for (const [name, text] of entries) size.bytes += name.length + text.length + 8;
}
