import type { FieldMap, SeqRange } from "@thynapse/protocol";
import type { CoreLimits } from "../../../transmitter/src/core/effects.js";
import { Link } from "../../../transmitter/src/core/mesh/link.js";
import type { Links } from "../../../transmitter/src/core/sites/links.js";
import { MeshEar } from "../../../transmitter/src/core/sites/mesh-ear.js";
import {
  commandOf,
  readRangeRows,
  readSiteWord,
  writeSiteWord,
} from "../../../transmitter/src/core/sites/site-words.js";
import { CoreBench } from "../core-bench.js";

/** How long the last turn takes before one in which something comes, in ms. */
const turnMs = 50;

/** Bytes that the ring of a narrow link holds. */
export const narrowBytes = 8 * 1024;

/** A transmitter, and another one to which its link has a small ring: a real one, with its acks. */
export class NarrowLink {
  readonly bench: CoreBench;
  readonly peer = "a".repeat(40);
  /** Words that the other side has taken, oldest first. */
  readonly taken: Buffer[] = [];
  /** How often the stream to the other side has begun anew. */
  anew = 0;
  /** Whether what is said here comes through to the other side. */
  isHeard = true;
  readonly near: Link;
  private far: Link;
  private readonly ear: MeshEar;

  constructor(limits: Partial<CoreLimits> = {}) {
    this.bench = new CoreBench({ linkBytesMax: narrowBytes, ...limits });
    const { sites } = this.bench.core;
    this.ear = new MeshEar(() => undefined, sites);
    this.near = this.link((part) => this.take(part), this.begunAnew);
    this.far = this.link((part) => this.taken.push(part));
    for (const link of [this.near, this.far]) link.up(0);
    this.carry();
    sites.join(this.links);
    sites.found(this.peer, 7, []);
  }

  /** Words of this kind that the other side has taken. */
  wordsOf(command: string): FieldMap[] {
    const parts = this.taken.filter((part) => commandOf(part) === command);
    return parts.map((part) => readSiteWord(part).map);
  }

  /** What the other side was told to be settled, all groups together. */
  settled(): SeqRange[] {
    return this.wordsOf("CLAM").flatMap((map) => readRangeRows(map, "settled"));
  }

  /** The other side says a word, with what stands behind its map. */
  say(command: string, map: object, tail: Buffer = Buffer.alloc(0)): void {
    this.far.send(Buffer.concat([writeSiteWord(command, map), tail]), this.bench.nowMs);
    this.carry();
  }

  /** Carries frames until nobody has anything to say; one that has stopped says nothing. */
  carry(): void {
    const { nowMs } = this.bench;
    while (this.bench.rest === undefined && !(this.near.isQuiet && this.far.isQuiet)) {
      for (const { head, part } of this.near.takeMessages()) {
        if (this.isHeard) this.far.receive(head, part, nowMs);
      }
      this.bench.turn(() => {
        for (const { head, part } of this.far.takeMessages()) this.near.receive(head, part, nowMs);
        this.bench.core.tick(nowMs);
      });
    }
  }

  /** Lets time pass and carries frames, once in so long. */
  pass(ms: number, everyMs = 100): void {
    for (let left = ms; left > 0; left -= everyMs) {
      this.bench.pass(Math.min(everyMs, left) - turnMs);
      // What comes has its turn together with what is due by then.
      this.bench.nowMs += turnMs;
      for (const link of [this.near, this.far]) link.tick(this.bench.nowMs);
      this.carry();
    }
  }

  /** The link begins anew: the one here goes on as if the other side had. */
  readonly begunAnew = (): void => {
    this.anew++;
    this.ear.begunAnew(this.peer, this.bench.nowMs);
  };

  private take(part: Buffer): void {
    this.bench.core.sites.word(this.peer, part, this.bench.nowMs);
  }

  private link(taken: (part: Buffer) => void, dropped: () => void = () => {}): Link {
    const limits = { linkWindow: 256, linkBytesMax: narrowBytes };
    return new Link(limits, { taken, dropped, begunAnew: () => {} });
  }

  /** The link, as the routing uses it. */
  get links(): Links {
    return {
      send: (_id, part, nowMs, done) => this.near.send(part, nowMs, done),
      isLinked: (id) => id === this.peer,
      unackedBytes: () => this.near.unackedBytes,
      commandOf: () => undefined,
      joinedMs: () => Number.NEGATIVE_INFINITY,
      linkedPeers: () => [this.peer],
      attachedSession: () => 0,
      wasAway: () => false,
      hasRoom: () => true,
      set: () => {},
      whenKnown: (then) => then(),
    };
  }
}
