import type { Thid } from "@thynapse/protocol";
import { Fifo } from "../fifo.js";
import type { Settle } from "./link-ring.js";

/** A transmitter that is to know our record, and whether it is waited for without a bound. */
export interface Listener {
  readonly id: Thid;
  /** It lives, and its link is up and moves: news is on its way, or it will soon be suspect. */
  readonly isSure: boolean;
}

/** What telling needs of the mesh around it. */
export interface TellingParts {
  /** The last change of our own record. */
  version(): number;
  /** The words that bring somebody up to now who knows our record up to a version; 0: nothing. */
  words(from: number): readonly Buffer[];
  send(id: Thid, word: Buffer, done?: Settle): void;
  /** Who is to know our record. */
  listeners(): readonly Listener[];
}

interface Waiting {
  readonly version: number;
  readonly untilMs: number;
  readonly then: () => void;
}

/** Longest wait for somebody who is suspect, or to whom no link is up, in ms. */
export const unsureMs = 2000;
/** A link that is up, and whose other side acks nothing for so long, is no more sure, in ms. */
export const stuckMsMax = 10_000;

/**
 * Tells our own record over the links: whole when a link is new or begins anew, and then what has
 * changed, once a turn. Knows who knows how much of it, and calls back when all do.
 *
 * @see PROTOCOL.md §19.12, §19.14
 */
export class Telling {
  private readonly parts: TellingParts;
  /** Up to which version each link was told; 0 for one that is to be told everything. */
  private readonly told = new Map<Thid, number>();
  /** Up to which version each is known to know. */
  private readonly known = new Map<Thid, number>();
  private readonly waiting = new Fifo<Waiting>();
  private lookedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: TellingParts) {
    this.parts = parts;
  }

  /** When `tick` is due, besides with each heartbeat; infinite if never. */
  get deadlineMs(): number {
    const { untilMs = this.lookedMs } = this.waiting.first ?? {};
    return untilMs > this.lookedMs ? untilMs : Number.POSITIVE_INFINITY;
  }

  /** A link is up: the first time it is told everything. */
  linked(id: Thid): void {
    if (!this.told.has(id)) this.told.set(id, 0);
  }

  /** What a link was told may be lost: it is told everything, when it is up. */
  anew(id: Thid): void {
    if (this.told.has(id)) this.told.set(id, 0);
    this.known.delete(id);
  }

  forget(id: Thid): void {
    this.told.delete(id);
    this.known.delete(id);
  }

  /** Somebody knows our record up to a version. */
  knows(id: Thid, version: number, nowMs: number): void {
    if (version <= (this.known.get(id) ?? 0)) return;
    this.known.set(id, version);
    this.tick(nowMs);
  }

  /** Sends to each link what it was not told. */
  flush(nowMs: number): void {
    const version = this.parts.version();
    const words = new Map<number, readonly Buffer[]>();
    for (const [id, from] of this.told) {
      if (from === version) continue;
      const news = words.get(from) ?? this.parts.words(from);
      words.set(from, news);
      this.told.set(id, version);
      const last = news.length - 1;
      for (const [at, word] of news.entries()) {
        this.parts.send(
          id,
          word,
          at < last ? undefined : (isTaken) => void (isTaken && this.knows(id, version, nowMs)),
        );
      }
    }
  }

  /** Calls when everybody knows our record as it is now; at once if they do. */
  whenKnown(then: () => void, nowMs: number): void {
    this.waiting.push({ version: this.parts.version(), untilMs: nowMs + unsureMs, then });
    this.tick(nowMs);
  }

  /** Calls whoever need not wait any longer. */
  tick(nowMs: number): void {
    this.lookedMs = nowMs;
    if (this.waiting.length === 0) return;
    let sure = Number.POSITIVE_INFINITY;
    let unsure = Number.POSITIVE_INFINITY;
    for (const { id, isSure } of this.parts.listeners()) {
      const known = this.known.get(id) ?? 0;
      if (isSure) sure = Math.min(sure, known);
      else unsure = Math.min(unsure, known);
    }
    for (let next = this.waiting.first; next !== undefined; next = this.waiting.first) {
      if (next.version > sure || (next.version > unsure && nowMs < next.untilMs)) return;
      this.waiting.shift();
      next.then();
    }
  }
}
