import { errorBudget, errorBudgetMs, MeshError, type Thid } from "@thynapse/protocol";
import { type LinkHello, linkTopic, type Prove } from "./hello.js";
import { Link } from "./link.js";
import { writeFrameHead } from "./link-frame.js";
import type { LinkEpochs } from "./link-parts.js";
import type { PeeringParts } from "./peering-parts.js";

/** A transmitter whose hello was seen, and the link to it. */
export interface Peer {
  readonly hello: LinkHello;
  link: Link;
  /** The topic on which it is spoken to, and the one on which it speaks. */
  readonly ours: string;
  readonly theirs: string;
  isUp: boolean;
  /** Connections of it that listen to this link: one that is made anew may overlap the old one. */
  ways: number;
  /** When the way to it, or from it, is tried afresh; infinite while both are open. */
  retryDueMs: number;
  retryPauseMs: number;
  /** Errors of the last while, and since when they are counted. */
  errors: number;
  errorsSinceMs: number;
}

/**
 * Silence of a link that is up after which its topic is subscribed to again: the other side may not
 * have known us when it was offered. The next time after twice as long. Once also so long after the
 * way to us has ended: ours may have ended with it, which only shows when something is sent on it.
 */
const silentMs = 500;
/** A way that stays closed for so long is dialled afresh, which shows our hello again. */
const closedMs = 5000;
const retryMsMax = 60_000;
/**
 * Between two ways that are tried afresh, in ms: whoever subscribes again says so to everybody, and
 * in a large mesh whose answers are late for all that many do would keep them late.
 */
const retryPaceMs = 100;

/**
 * Peers that have never been linked, at most: 10 a second are met at most (§19.3), so each has 25 s
 * before it makes way for the next one.
 */
const strangersMax = 256;

/** The peers that are known, by their ids and by the topics of their links. */
export class Peers {
  private readonly me: LinkHello;
  private readonly prove: Prove;
  private readonly byId = new Map<Thid, Peer>();
  private readonly byOurs = new Map<string, Peer>();
  private readonly byTheirs = new Map<string, Peer>();
  /** Those to whom the last way has ended in this turn. */
  private readonly ending = new Set<Peer>();
  /** Those that have never been linked, by their ids, oldest first. */
  private readonly strangers = new Set<Thid>();
  private retryFreeMs = Number.NEGATIVE_INFINITY;

  constructor(me: LinkHello, prove: Prove) {
    this.me = me;
    this.prove = prove;
  }

  /** When something is due for one of them; infinite if never. */
  get deadlineMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const peer of this.all) {
      nextMs = Math.min(nextMs, peer.link.deadlineMs, this.retryMs(peer));
    }
    return nextMs;
  }

  get all(): IterableIterator<Peer> {
    return this.byId.values();
  }

  get(id: Thid): Peer | undefined {
    return this.byId.get(id);
  }

  /** Those that are reached at an address: after a restart under a new id there may be two. */
  at(address: string): Peer[] {
    return [...this.all].filter(({ hello }) => hello.pub === address);
  }

  /** Who is spoken to on a topic. */
  spokenTo(topic: string): Peer | undefined {
    return this.byOurs.get(topic);
  }

  /** Who speaks on a topic, which is given without the space at its end. */
  speaking(topic: string): Peer | undefined {
    return this.byTheirs.get(topic);
  }

  add(hello: LinkHello, link: Link, nowMs: number): Peer {
    const peer: Peer = {
      hello,
      link,
      ours: `${linkTopic(this.prove, this.me, hello)} `,
      theirs: `${linkTopic(this.prove, hello, this.me)} `,
      isUp: false,
      ways: 0,
      retryDueMs: nowMs + closedMs,
      retryPauseMs: closedMs,
      errors: 0,
      errorsSinceMs: nowMs,
    };
    this.byId.set(hello.id, peer);
    this.strangers.add(hello.id);
    this.byOurs.set(peer.ours, peer);
    this.byTheirs.set(peer.theirs.slice(0, -1), peer);
    return peer;
  }

  /** A peer is linked, and no stranger from here on. */
  links({ hello }: Peer): void {
    this.strangers.delete(hello.id);
  }

  /** Those that were never linked and make way for a new one, oldest first. */
  strangersTooMany(): readonly Thid[] {
    return [...this.strangers].slice(0, Math.max(0, this.strangers.size + 1 - strangersMax));
  }

  /** The last way to a peer has ended, unless another one comes in the same turn. */
  ends(peer: Peer): void {
    this.ending.add(peer);
  }

  /** A way to a peer is open. @returns whether that is nothing new: one has ended in this turn. */
  opens(peer: Peer): boolean {
    return this.ending.delete(peer);
  }

  /** Those to whom there is no way any more. At the end of each turn. */
  *takeEnded(): Generator<Peer> {
    for (const peer of this.ending) {
      this.ending.delete(peer);
      yield peer;
    }
  }

  /** What their links have to say now: the head of each message, and its part. */
  *takeMessages(): Generator<readonly [head: Buffer, part: Buffer]> {
    for (const { link, ours } of this.all) {
      if (link.isQuiet) continue;
      const topic = ours.slice(0, -1);
      for (const { head, part } of link.takeMessages()) yield [writeFrameHead(topic, head), part];
    }
  }

  /** When the way to a peer is tried afresh. */
  retryMs({ retryDueMs }: Peer): number {
    return Math.max(retryDueMs, this.retryFreeMs);
  }

  /**
   * A way is tried afresh: its next time is later, and others wait, too.
   *
   * @returns whether it is to be dialled: it is closed, and to subscribe again has not helped.
   */
  putOff(peer: Peer, nowMs: number): boolean {
    const isDialled = !peer.isUp && peer.retryPauseMs >= closedMs;
    this.retryFreeMs = nowMs + retryPaceMs;
    const pauseMs = Math.max(2 * peer.retryPauseMs, peer.isUp ? silentMs : closedMs);
    peer.retryPauseMs = Math.min(pauseMs, retryMsMax);
    peer.retryDueMs = nowMs + peer.retryPauseMs;
    return isDialled;
  }

  remove(peer: Peer): void {
    this.ending.delete(peer);
    this.byId.delete(peer.hello.id);
    this.strangers.delete(peer.hello.id);
    this.byOurs.delete(peer.ours);
    this.byTheirs.delete(peer.theirs.slice(0, -1));
  }
}

/** Makes a link to a peer, which goes on with none of the streams before. */
export function linkTo(
  hello: LinkHello,
  { limits, handlers }: PeeringParts,
  before: LinkEpochs,
): Link {
  return new Link(
    limits,
    {
      taken: (part) => handlers.taken(hello, part),
      begunAnew: () => handlers.begunAnew(hello, "theirs"),
      dropped: () => handlers.begunAnew(hello, "ours"),
    },
    before,
  );
}

/** The way to a peer is open, or cut. */
export function turn(peer: Peer, isUp: boolean, nowMs: number): void {
  peer.isUp = isUp;
  peer.retryPauseMs = silentMs;
  peer.retryDueMs = nowMs + silentMs;
}

/** Counts an error of a peer. @returns whether there were too many of late. */
export function isOverBudget(peer: Peer, nowMs: number): boolean {
  if (nowMs - peer.errorsSinceMs > errorBudgetMs) {
    peer.errorsSinceMs = nowMs;
    peer.errors = 0;
  }
  return ++peer.errors >= errorBudget;
}

/**
 * A peer has made our stream begin anew: all that it is to know is sent again. Whoever has lost its
 * link needs that once.
 *
 * @throws {MeshError} `BAD_FRAME` where it does so again and again
 */
export function noteAnew(peer: Peer, nowMs: number): void {
  if (!isOverBudget(peer, nowMs)) return;
  throw new MeshError("BAD_FRAME", "a new stream is wished for again and again");
}
