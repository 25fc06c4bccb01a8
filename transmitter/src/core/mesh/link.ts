import { MeshError } from "@thynapse/protocol";
import { AckPace } from "./ack-pace.js";
import { carriesPart, type FrameHead, type FrameKind } from "./link-frame.js";
import { type LinkCounts, type LinkEpochs, noLinkCounts } from "./link-parts.js";
import { type Kept, LinkRing, type Settle, settleAll } from "./link-ring.js";
import { RoundTrip } from "./round-trip.js";

/** The bounds of a link. */
export interface LinkLimits {
  /** Frames that may be on their way without an ack, 1 … 65 536; default 256. */
  readonly linkWindow: number;
  /** Bytes that wait for their ack or for room in the window; beyond it the stream begins anew. */
  readonly linkBytesMax: number;
}

/** What a link tells its owner, in the turn in which it happens. */
export interface LinkHandlers {
  /** The next part of the other side, in order, once. */
  taken(part: Buffer): void;
  /** The other side has begun anew: what it sent before and has not come will not come. */
  begunAnew(): void;
  /** This side has begun anew: so many frames were dropped, and the other side may lack them. */
  dropped(frames: number): void;
}

const noEpochs: LinkEpochs = { ours: 0, theirs: 0 };

/** One frame to publish. */
export interface LinkMessage {
  readonly head: FrameHead;
  /** Empty unless the frame carries one. */
  readonly part: Buffer;
}

/** Silence of an unacked frame after which the other side is asked what it has, in ms. */
const askMs = 200;
/** The longest pause between two such questions, in ms. */
const askMsMax = 2000;
/** The same hole is complained of again after this time, in ms. */
const complainMs = 50;

const nothing = Buffer.alloc(0);

/**
 * One reliable, ordered stream each way between two transmitters, over connections that lose,
 * repeat and are cut.
 *
 * Each side numbers its frames from 1, keeps them until they are acked, and sends what the other
 * side lacks again from there on. A cut costs time and nothing else: the numbering goes on. When
 * more waits than the ring holds, the stream begins anew under the next epoch, and both owners are
 * told.
 *
 * A link belongs to one incarnation of either side: another one is another link, with a topic of
 * its own.
 *
 * @see PROTOCOL.md §19.6 to §19.8
 */
export class Link {
  readonly counts: LinkCounts = { ...noLinkCounts };
  readonly roundTrip = new RoundTrip();
  private readonly limits: LinkLimits;
  private readonly handlers: LinkHandlers;
  private isUp = false;

  // What goes out.
  private readonly ring: LinkRing;
  private askDueMs = Number.POSITIVE_INFINITY;
  private askPauseMs = askMs;
  private movedMs = 0;

  // What comes in.
  private theirEpoch = 0;
  /** The last stream of the other side that began without any knowledge of this one. */
  private unknowing = 0;
  private received = 0;
  private complainedMs = Number.NEGATIVE_INFINITY;

  /** The connection is new: nothing is sent until the other side has said what it has. */
  private isResuming = true;
  private readonly acks = new AckPace();
  private isAskDue = false;
  private isAgainDue = false;

  /** @param before the streams of earlier links to the same peer: these are not gone on with. */
  constructor(limits: LinkLimits, handlers: LinkHandlers, before: LinkEpochs = noEpochs) {
    this.limits = limits;
    this.handlers = handlers;
    this.ring = new LinkRing(before.ours + 1);
    this.theirEpoch = before.theirs > 0 ? before.theirs + 1 : 0;
  }

  /** The streams that go out and come in. */
  get epochs(): LinkEpochs {
    return { ours: this.ring.epoch, theirs: this.theirEpoch };
  }

  /** Frames that have no ack yet. */
  get unacked(): number {
    return this.ring.length;
  }

  get unackedBytes(): number {
    return this.ring.bytes;
  }

  /** Since when something has waited, and nothing was acked; infinite if nothing waits. */
  get stuckSinceMs(): number {
    return this.ring.length > 0 ? this.movedMs : Number.POSITIVE_INFINITY;
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    return this.isUp ? Math.min(this.askDueMs, this.acks.dueMs) : Number.POSITIVE_INFINITY;
  }

  /** Both directions are connected, for the first time or again. */
  up(nowMs: number): void {
    this.isUp = true;
    this.isResuming = true;
    this.isAskDue = true;
    this.ring.sent = this.ring.acked;
    this.askPauseMs = askMs;
    this.askDueMs = nowMs + askMs;
    this.movedMs = nowMs;
  }

  /** A direction is cut. What is sent meanwhile waits. */
  down(): void {
    this.isUp = false;
    this.roundTrip.forget();
  }

  /**
   * Sends a part, now or when there is room in the window. The part is never written to again.
   *
   * `done(true)` follows when the other side has taken it, `done(false)` when it never will. An ack
   * without a `done` may take its time.
   */
  send(part: Buffer, nowMs: number, done?: Settle): void {
    const { ring } = this;
    const isFull = ring.length > 0 && ring.bytes + part.length > this.limits.linkBytesMax;
    const lost = isFull ? ring.beginAnew() : undefined;
    if (ring.length === 0) {
      this.askDueMs = Math.min(this.askDueMs, nowMs + askMs);
      this.movedMs = nowMs;
    }
    // An ack that nobody waits for may take its time.
    const isNext = ring.sent === ring.acked + ring.length && done !== undefined;
    if (isNext && this.isUp && !this.isResuming) this.roundTrip.begin(ring.sent + 1, nowMs);
    ring.push({ part, done });
    if (lost !== undefined) this.tellLost(lost);
  }

  /** Ends the link: what is not acked is lost. */
  drop(): void {
    this.isUp = false;
    settleAll(this.ring.beginAnew(), false);
  }

  /**
   * Takes a frame of the other side. @returns whether that has made this side begin anew.
   *
   * @throws {MeshError} `BAD_FRAME` for an ack of what was never sent; nothing has changed then.
   */
  receive(head: FrameHead, part: Buffer, nowMs: number): boolean {
    const { ring } = this;
    const isOfRing = head.ackEpoch === ring.epoch;
    const isWish = head.ackEpoch === ring.epoch + 1 && head.ack === 0;
    if ((head.ackEpoch > ring.epoch && !isWish) || (isOfRing && head.ack > ring.sentMax)) {
      throw new MeshError("BAD_FRAME", `an ack of ${head.ack}, which was never sent`);
    }
    const taken = isOfRing ? this.ackedTo(head.ack, nowMs) : [];
    const lost = isWish || this.isUnknowing(head) ? ring.beginAnew() : undefined;
    if (this.isResuming && this.isUp) {
      this.isResuming = false;
      ring.sent = ring.acked;
      if (ring.length === 0) this.askDueMs = Number.POSITIVE_INFINITY;
    }
    if (head.kind === "ask") this.acks.isDue = true;
    else if (head.kind === "again") ring.sent = ring.acked;
    settleAll(taken, true);
    if (lost !== undefined) this.tellLost(lost);
    this.heard(head, part, nowMs);
    return lost !== undefined;
  }

  /** Asks for a sign when acks stay away. */
  tick(nowMs: number): void {
    this.acks.tick(nowMs);
    if (!this.isUp || nowMs < this.askDueMs) return;
    this.isAskDue = true;
    this.askPauseMs = Math.min(2 * this.askPauseMs, askMsMax);
    this.askDueMs = nowMs + this.askPauseMs;
  }

  /** Whether there is nothing to publish. */
  get isQuiet(): boolean {
    const { ring } = this;
    const isDue = this.acks.isDue || this.isAskDue || this.isAgainDue;
    const hasRoom = ring.sent - ring.acked < Math.min(ring.length, this.limits.linkWindow);
    return !this.isUp || !(isDue || (hasRoom && !this.isResuming));
  }

  /** What is to be published now, in order. */
  *takeMessages(): Generator<LinkMessage> {
    if (!this.isUp) return;
    const { ring } = this;
    const room = this.isResuming ? 0 : Math.min(ring.length, this.limits.linkWindow);
    const last = ring.acked + room;
    while (ring.sent < last) {
      const { number, kept, isRepeat } = ring.next();
      this.counts[isRepeat ? "resent" : "sent"]++;
      this.acks.told();
      yield this.message(kept.done === undefined ? "patient" : "data", number, kept.part);
    }
    if (this.isAgainDue) yield this.message("again", ring.sent, nothing);
    if (this.isAskDue) yield this.message("ask", ring.sent, nothing);
    else if (this.acks.isDue && !this.isAgainDue) yield this.message("ack", ring.sent, nothing);
    if (this.isAskDue || this.isAgainDue || this.acks.isDue) this.acks.told();
    this.isAgainDue = false;
    this.isAskDue = false;
  }

  private message(kind: FrameKind, number: number, part: Buffer): LinkMessage {
    const { theirEpoch: ackEpoch, received: ack } = this;
    return { head: { kind, epoch: this.ring.epoch, number, ackEpoch, ack }, part };
  }

  private ackedTo(ack: number, nowMs: number): readonly Kept[] {
    const taken = this.ring.ackedTo(ack);
    if (taken.length === 0) return taken;
    this.roundTrip.acked(ack, nowMs);
    this.movedMs = nowMs;
    this.askPauseMs = askMs;
    this.askDueMs = this.ring.length === 0 ? Number.POSITIVE_INFINITY : nowMs + askMs;
    return taken;
  }

  /**
   * Whether the other side has made a new link and knows of no other before: its stream is new, and
   * it has nothing of ours any more, so that ours cannot go on either.
   */
  private isUnknowing({ epoch, ackEpoch }: FrameHead): boolean {
    if (ackEpoch > 0 || this.theirEpoch === 0) return false;
    if (epoch <= this.theirEpoch || epoch <= this.unknowing) return false;
    this.unknowing = epoch;
    return true;
  }

  private heard(head: FrameHead, part: Buffer, nowMs: number): void {
    if (head.epoch < this.theirEpoch) {
      this.counts.stale++;
      // It is told which stream is waited for here.
      this.acks.isDue = true;
      return;
    }
    if (head.epoch > this.theirEpoch && !this.follow(head)) {
      this.complain(nowMs);
    } else if (!carriesPart(head.kind)) {
      if (head.number > this.received) this.complain(nowMs);
    } else if (head.number === this.received + 1) {
      this.received++;
      this.counts.taken++;
      this.acks.taken(part.length, head.kind === "patient", nowMs);
      this.handlers.taken(part);
    } else if (head.number <= this.received) {
      this.counts.repeated++;
      this.acks.isDue = true;
    } else this.complain(nowMs);
  }

  /** Goes over to a new stream of the other side. @returns false if this is not its beginning. */
  private follow({ kind, epoch, number }: FrameHead): boolean {
    if (number > (carriesPart(kind) ? 1 : 0)) return false;
    const isFirst = this.theirEpoch === 0;
    this.theirEpoch = epoch;
    this.received = 0;
    if (!isFirst) this.handlers.begunAnew();
    return true;
  }

  private complain(nowMs: number): void {
    if (nowMs - this.complainedMs < complainMs) return;
    this.complainedMs = nowMs;
    this.counts.holes++;
    this.isAgainDue = true;
  }

  private tellLost(lost: readonly Kept[]): void {
    this.counts.overruns++;
    this.roundTrip.forget();
    this.handlers.dropped(lost.length);
    settleAll(lost, false);
  }
}
