import type { Thid } from "@thynapse/protocol";
import { Fifo } from "../fifo.js";
import type { Links } from "./links.js";

/** What pacing needs of the transmitter around it. */
export interface PacingParts {
  readonly links: () => Links;
  readonly limits: { readonly linkBytesMax: number };
}

/** Told of each word: true when it was taken, false when it never will be. */
type Done = (isTaken: boolean) => void;

/** Words that were not all sent. */
interface Told {
  /** Works them out when it is their turn, the same ones each time. */
  readonly words: () => readonly Buffer[];
  readonly done: Done | undefined;
  /** How many of them were sent. */
  sent: number;
}

/** What waits for one transmitter. */
interface Line {
  readonly waiting: Fifo<Told>;
  /** Bytes of words that were said behind. */
  saidBytes: number;
}

/** The part of a ring that may be full when another word of many is sent. */
const windowPart = 1 / 4;
/** What a word that waits takes up besides itself, in bytes. */
const wordBytes = 128;

/**
 * What there is to tell others of much that is known here: more at once than the ring of a link
 * holds would make that begin anew, and all of it be told again. So words are sent while little
 * waits for an ack, and the others at the ends of turns, as acks come.
 *
 * @see PROTOCOL.md §18.2
 */
export class Pacing {
  /** When words that had waited were sent last, in ms. */
  sentMs = Number.NEGATIVE_INFINITY;
  private readonly parts: PacingParts;
  private readonly lines = new Map<Thid, Line>();

  constructor(parts: PacingParts) {
    this.parts = parts;
  }

  /** Whether something waits for a transmitter. */
  isBehind(peer: Thid): boolean {
    return this.lines.has(peer);
  }

  /** Whether another word of many may be sent to a transmitter now. */
  hasRoom(peer: Thid): boolean {
    const { links, limits } = this.parts;
    return links().unackedBytes(peer) < limits.linkBytesMax * windowPart;
  }

  /**
   * Tells a transmitter something, in order behind what waits for it. `words` is asked for what
   * that is when its turn has come, and must give the same again; `done` is told of each word.
   */
  tell(peer: Thid, words: () => readonly Buffer[], nowMs: number, done?: Done): void {
    const told = { words: once(words), done, sent: 0 };
    const line = this.lines.get(peer);
    if (!this.parts.links().isLinked(peer)) untold(told);
    else if (line === undefined) this.begin(peer, told, nowMs);
    else line.waiting.push(told);
  }

  /**
   * Says a word: at once where nothing waits, else behind that. What is said behind may come to as
   * many bytes as a ring holds; beyond that it does not wait, and the bound of the link holds.
   */
  say(peer: Thid, word: Buffer, nowMs: number): void {
    const { links, limits } = this.parts;
    const line = this.lines.get(peer);
    const bytes = (line?.saidBytes ?? 0) + word.length + wordBytes;
    if (line !== undefined && bytes <= limits.linkBytesMax) {
      line.saidBytes = bytes;
      line.waiting.push({ words: () => [word], done: undefined, sent: 0 });
    } else if (links().isLinked(peer)) links().send(peer, word, nowMs);
  }

  /** What was under way to a transmitter is lost, and so is what waits for it. */
  drop(peer: Thid): void {
    const line = this.lines.get(peer);
    this.lines.delete(peer);
    for (const told of line?.waiting ?? []) untold(told);
  }

  /** Ends the turn: sends what there is room for by now. */
  flush(nowMs: number): void {
    for (const [peer, line] of this.lines) {
      if (!this.parts.links().isLinked(peer)) this.drop(peer);
      else if (this.hasRoom(peer)) {
        this.sentMs = nowMs;
        this.send(peer, line, nowMs);
      }
    }
  }

  private begin(peer: Thid, told: Told, nowMs: number): void {
    const line: Line = { waiting: new Fifo(), saidBytes: 0 };
    line.waiting.push(told);
    this.lines.set(peer, line);
    this.send(peer, line, nowMs);
  }

  private send(peer: Thid, line: Line, nowMs: number): void {
    const { waiting } = line;
    for (let told = waiting.first; told !== undefined; told = waiting.first) {
      if (!this.hasRoom(peer)) return;
      const words = told.words();
      const word = words[told.sent++];
      if (told.sent >= words.length) waiting.shift();
      if (word === undefined) continue;
      this.parts.links().send(peer, word, nowMs, told.done);
      // The link has begun anew with it, and the line was dropped.
      if (this.lines.get(peer) !== line) return;
    }
    this.lines.delete(peer);
  }
}

/** Works something out when it is asked for first, and once for all who ask. */
export function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}

function untold({ words, done, sent }: Told): void {
  if (done === undefined) return;
  for (let left = words().length - sent; left > 0; left--) done(false);
}
