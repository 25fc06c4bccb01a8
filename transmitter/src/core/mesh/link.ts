import { MeshError } from "@thynapse/protocol";
import type { FrameHead, FrameKind } from "./link-frame.js";
import { Fifo } from "../ring.js";

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
  overrun(frames: number): void;
}

/** One frame to publish. */
export interface LinkMessage {
  readonly head: FrameHead;
  /** Empty unless the frame is `data`. */
  readonly part: Buffer;
}

/** What a link has counted since it was made. */
export interface LinkCounts {
  sent: number;
  resent: number;
  taken: number;
  /** Frames that had come already. */
  repeated: number;
  /** Frames of an earlier stream of the other side. */
  stale: number;
  /** Times that frames were missing. */
  holes: number;
  overruns: number;
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
 */
export class Link {
  readonly counts: LinkCounts = {
    sent: 0,
    resent: 0,
    taken: 0,
    repeated: 0,
    stale: 0,
    holes: 0,
    overruns: 0,
  };
  private readonly limits: LinkLimits;
  private readonly handlers: LinkHandlers;
  private isUp = false;

  // What goes out.
  private epoch = 1;
  /** The parts that are not acked. */
  private readonly ring = new Fifo<Buffer>();
  private ringBytes = 0;
  private acked = 0;
  /** The last number that was sent, since the other side last said what it lacks. */
  private sent = 0;
  /** The highest number that ever was sent. */
  private sentMax = 0;
  private askDueMs = Number.POSITIVE_INFINITY;
  private askPauseMs = askMs;

  // What comes in.
  private theirEpoch = 0;
  private received = 0;
  private complainedMs = Number.NEGATIVE_INFINITY;

  /** The connection is new: nothing is sent until the other side has said what it has. */
  private isResuming = true;
  private isAckDue = false;
  private isAskDue = false;
  private isAgainDue = false;

  constructor(limits: LinkLimits, handlers: LinkHandlers) {
    this.limits = limits;
    this.handlers = handlers;
  }

  /** Frames that have no ack yet. */
  get unacked(): number {
    return this.ring.length;
  }

  get unackedBytes(): number {
    return this.ringBytes;
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    return this.isUp ? this.askDueMs : Number.POSITIVE_INFINITY;
  }

  /** Both directions are connected, for the first time or again. */
  up(nowMs: number): void {
    this.isUp = true;
    this.isResuming = true;
    this.isAskDue = true;
    this.sent = this.acked;
    this.askPauseMs = askMs;
    this.askDueMs = nowMs + askMs;
  }

  /** A direction is cut. What is sent meanwhile waits. */
  down(): void {
    this.isUp = false;
  }

  /** Sends a part, now or when there is room in the window. The part is never written to again. */
  send(part: Buffer, nowMs: number): void {
    const { ring } = this;
    if (ring.length > 0 && this.ringBytes + part.length > this.limits.linkBytesMax)
      this.beginAnew();
    if (ring.length === 0) this.askDueMs = Math.min(this.askDueMs, nowMs + askMs);
    this.ring.push(part);
    this.ringBytes += part.length;
  }

  /**
   * Takes a frame of the other side.
   *
   * @throws {MeshError} `BAD_FRAME` for an ack of what was never sent; nothing has changed then.
   */
  receive(head: FrameHead, part: Buffer, nowMs: number): void {
    if (head.ackEpoch > this.epoch || (head.ackEpoch === this.epoch && head.ack > this.sentMax)) {
      throw new MeshError("BAD_FRAME", `an ack of ${head.ack}, which was never sent`);
    }
    if (head.ackEpoch === this.epoch) this.ackedTo(head.ack, nowMs);
    if (this.isResuming && this.isUp) {
      this.isResuming = false;
      this.sent = this.acked;
      if (this.ring.length === 0) this.askDueMs = Number.POSITIVE_INFINITY;
    }
    this.heard(head, part, nowMs);
    if (head.kind === "ask") this.isAckDue = true;
    else if (head.kind === "again") this.sent = this.acked;
  }

  /** Asks for a sign when acks stay away. */
  tick(nowMs: number): void {
    if (!this.isUp || nowMs < this.askDueMs) return;
    this.isAskDue = true;
    this.askPauseMs = Math.min(2 * this.askPauseMs, askMsMax);
    this.askDueMs = nowMs + this.askPauseMs;
  }

  /** What is to be published now, in order. */
  *takeMessages(): Generator<LinkMessage> {
    if (!this.isUp) return;
    const room = this.isResuming ? 0 : Math.min(this.ring.length, this.limits.linkWindow);
    const last = this.acked + room;
    while (this.sent < last) {
      this.sent++;
      if (this.sent <= this.sentMax) this.counts.resent++;
      else this.counts.sent++;
      this.sentMax = Math.max(this.sentMax, this.sent);
      this.isAckDue = false;
      yield this.message("data", this.sent, this.ring.at(this.sent - this.acked - 1) as Buffer);
    }
    if (this.isAgainDue) yield this.message("again", this.sent, nothing);
    if (this.isAskDue) yield this.message("ask", this.sent, nothing);
    else if (this.isAckDue && !this.isAgainDue) yield this.message("ack", this.sent, nothing);
    this.isAgainDue = false;
    this.isAskDue = false;
    this.isAckDue = false;
  }

  private message(kind: FrameKind, number: number, part: Buffer): LinkMessage {
    const { epoch, theirEpoch, received } = this;
    return { head: { kind, epoch, number, ackEpoch: theirEpoch, ack: received }, part };
  }

  private ackedTo(ack: number, nowMs: number): void {
    const news = ack - this.acked;
    if (news <= 0) return;
    for (let left = news; left > 0; left--) this.ringBytes -= this.ring.shift()?.length ?? 0;
    this.acked = ack;
    this.sent = Math.max(this.sent, ack);
    this.askPauseMs = askMs;
    this.askDueMs = this.ring.length === 0 ? Number.POSITIVE_INFINITY : nowMs + askMs;
  }

  private heard(head: FrameHead, part: Buffer, nowMs: number): void {
    if (head.epoch < this.theirEpoch) {
      this.counts.stale++;
      return;
    }
    if (head.epoch > this.theirEpoch) {
      const isFirst = this.theirEpoch === 0;
      this.theirEpoch = head.epoch;
      this.received = 0;
      if (!isFirst || head.epoch > 1) this.handlers.begunAnew();
    }
    if (head.kind !== "data") {
      if (head.number > this.received) this.complain(nowMs);
    } else if (head.number === this.received + 1) {
      this.received++;
      this.counts.taken++;
      this.isAckDue = true;
      this.handlers.taken(part);
    } else if (head.number <= this.received) {
      this.counts.repeated++;
      this.isAckDue = true;
    } else this.complain(nowMs);
  }

  private complain(nowMs: number): void {
    if (nowMs - this.complainedMs < complainMs) return;
    this.complainedMs = nowMs;
    this.counts.holes++;
    this.isAgainDue = true;
  }

  private beginAnew(): void {
    const frames = this.ring.length;
    this.epoch++;
    this.ring.clear();
    this.ringBytes = 0;
    this.acked = 0;
    this.sent = 0;
    this.sentMax = 0;
    this.counts.overruns++;
    this.handlers.overrun(frames);
  }
}
