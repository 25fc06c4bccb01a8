import type { Thid } from "@thynapse/protocol";
import { BeatPace } from "./beat-pace.js";
import { Contact } from "./contact.js";
import { Detector } from "./detector.js";
import type { MembersHandlers, MembersLimits } from "./members-parts.js";
import { isGone, mayLive, type MemberState } from "./member-state.js";

/**
 * A sign of life: it rises with each start of a transmitter, and within one with each heartbeat.
 */
export interface Beat {
  readonly id: Thid;
  readonly incarnation: number;
  readonly beat: number;
}

/** A transmitter of the mesh, as this one sees it. */
export interface Member {
  readonly id: Thid;
  readonly incarnation: number;
  readonly state: MemberState;
  /** Since when it has been in this state, in ms. */
  readonly sinceMs: number;
  /** Whether this start was ever alive for us: what others say of the dead is not repeated. */
  readonly hasLived: boolean;
}

/** A start of a transmitter, and how far it is known to have lived. */
interface Start {
  incarnation: number;
  contact: Contact;
}

interface Held extends Member, Start {
  incarnation: number;
  state: MemberState;
  sinceMs: number;
  hasLived: boolean;
  beat: number;
  detector: Detector;
  pace: BeatPace;
  /** When its connection was lost; infinite while it stands. */
  cutMs: number;
}

/** Heartbeats until a sign of life has come by way of somebody else: at most two, and some time. */
const relayBeats = 2.4;
/** A silence as improbable as this makes a peer late, and so suspect: one in a thousand. */
const latePhi = 3;

/**
 * Who belongs to the mesh and lives.
 *
 * Everybody passes on the newest sign of life of everybody, so a broken link between two does not
 * make either look dead. Whoever notices that it was away itself buries nobody in the moment after.
 *
 * @see PROTOCOL.md §19.16, §19.17
 */
export class Members {
  /** Signs of life of earlier starts, and those that cannot be: they count for nothing. */
  refuted = 0;
  private readonly limits: MembersLimits;
  private readonly handlers: MembersHandlers;
  private readonly held = new Map<Thid, Held>();
  /** Of each that has started again, the start before. */
  private readonly pasts = new Map<Thid, Start>();
  private lastTickMs: number;

  constructor(limits: MembersLimits, handlers: MembersHandlers, nowMs: number) {
    this.limits = limits;
    this.handlers = handlers;
    this.lastTickMs = nowMs;
  }

  get(id: Thid): Member | undefined {
    return this.held.get(id);
  }

  get all(): readonly Member[] {
    return [...this.held.values()];
  }

  get count(): number {
    return this.held.size;
  }

  /** When silences were last looked at. */
  get tickedMs(): number {
    return this.lastTickMs;
  }

  /** The newest sign of life of somebody, to be passed on. */
  beat(of: Thid): Beat | undefined {
    const member = this.held.get(of);
    if (member === undefined) return undefined;
    const { id, incarnation, beat } = member;
    return { id, incarnation, beat };
  }

  /** The last sign of life that is known of those that are gone, and of starts before theirs. */
  get lastBeats(): readonly Beat[] {
    const gone = [...this.held].filter(([, { state }]) => isGone(state));
    return [...this.pasts, ...gone].map(([id, { incarnation, contact }]) => {
      return { id, incarnation, beat: contact.lastBeat };
    });
  }

  /**
   * Somebody knows for how long one had lived that is gone. It does not live for that.
   *
   * @returns whether it had lived on without us, and that is found only now.
   */
  lived({ id, incarnation, beat }: Beat, nowMs: number): boolean {
    const member = this.held.get(id);
    const isPresent = member?.incarnation === incarnation;
    if (isPresent && mayLive(member.state)) return false;
    const start = isPresent ? member : this.pasts.get(id);
    return start?.incarnation === incarnation && this.weigh(id, { ...start, beat }, nowMs);
  }

  /** The same of an earlier start of this transmitter. @returns whether that is news. */
  livedBefore({ id, incarnation, beat }: Beat, nowMs: number): boolean {
    const past = this.pasts.get(id);
    if (past?.incarnation === incarnation && beat <= past.contact.lastBeat) return false;
    this.pasts.set(id, this.newStart(incarnation, beat, nowMs));
    return true;
  }

  /** A sign of life of a transmitter came, from itself (`isDirect`) or from another one. */
  heard({ id, incarnation, beat }: Beat, nowMs: number, isDirect = false): void {
    const member = this.held.get(id);
    if (member === undefined) {
      this.meet({ id, incarnation, beat }, nowMs);
    } else if (
      incarnation > member.incarnation ||
      (incarnation < member.incarnation && isDirect && isGone(member.state))
    ) {
      // It has started again, and nobody has to wait for proof that the old one is gone. Or its
      // younger twin is gone, and the older one speaks.
      this.pasts.set(id, { incarnation: member.incarnation, contact: member.contact });
      Object.assign(member, { beat, hasLived: false }, this.newStart(incarnation, beat, nowMs));
      member.detector = new Detector(this.limits, nowMs);
      member.pace = new BeatPace(nowMs);
      this.enter(member, "heard-of", nowMs);
    } else if (incarnation < member.incarnation) this.refuted++;
    else if (beat > member.beat) this.heardNew(member, beat, nowMs);
    else if (isDirect && beat < member.beat) {
      // Others have told of more heartbeats than there were: it lives all the same.
      this.spoke(member, nowMs);
    }
  }

  /** The connection to a peer was lost. */
  cut(id: Thid, nowMs: number): void {
    const member = this.held.get(id);
    if (member === undefined) return;
    member.cutMs = Math.min(member.cutMs, nowMs);
    if (member.state === "alive") this.enter(member, "suspect", nowMs);
  }

  /** The connection stands, for the first time or again. */
  linked(id: Thid): void {
    const member = this.held.get(id);
    if (member !== undefined) member.cutMs = Number.POSITIVE_INFINITY;
  }

  /**
   * Something came on the link of a peer. A link begins anew when its peer is held for dead, so
   * this was sent after that: it lives, and words for it are no longer lost.
   */
  spokeOnLink(id: Thid, nowMs: number): void {
    const member = this.held.get(id);
    if (member?.state === "dead") this.comeBack(member, nowMs);
  }

  /** A peer has said farewell. */
  left(id: Thid, incarnation: number, nowMs: number): void {
    const member = this.held.get(id);
    if (member?.incarnation !== incarnation || member.state === "left") return;
    this.enter(member, "left", nowMs);
  }

  /**
   * Looks at every silence; as often as heartbeats are sent.
   *
   * @returns how long this transmitter was away itself, in ms; 0 if it was not.
   */
  tick(nowMs: number): number {
    const awayMs = nowMs - this.lastTickMs - this.limits.heartbeatMs;
    this.lastTickMs = nowMs;
    const wasAway = awayMs > this.limits.heartbeatMs;
    for (const member of this.held.values()) {
      if (wasAway) this.pardon(member, awayMs);
      else this.judge(member, nowMs);
    }
    return wasAway ? awayMs : 0;
  }

  private meet(beat: Beat, nowMs: number): void {
    const member: Held = {
      ...beat,
      ...this.newStart(beat.incarnation, beat.beat, nowMs),
      state: "heard-of",
      sinceMs: nowMs,
      hasLived: false,
      detector: new Detector(this.limits, nowMs),
      pace: new BeatPace(nowMs),
      cutMs: Number.POSITIVE_INFINITY,
    };
    this.held.set(beat.id, member);
    this.handlers.changed(member, undefined);
  }

  private heardNew(member: Held, beat: number, nowMs: number): void {
    // Of one that is only heard of nobody knows yet how many there were.
    if (member.state === "heard-of" || member.pace.admits(beat - member.beat, nowMs)) {
      member.beat = beat;
      this.spoke(member, nowMs);
    } else this.refuted++;
  }

  private spoke(member: Held, nowMs: number): void {
    member.detector.heard(nowMs);
    if (member.state === "left") {
      this.weigh(member.id, member, nowMs);
      return;
    }
    if (member.state === "dead") {
      // One word may be an echo of the time before; the next one will not be.
      this.comeBack(member, nowMs);
    } else if (member.state !== "alive" && member.cutMs === Number.POSITIVE_INFINITY) {
      this.enter(member, "alive", nowMs);
    } else if (member.state === "heard-of") {
      this.enter(member, "alive", nowMs);
    }
    if (member.state === "alive" && !this.handlers.wasAway(nowMs))
      member.contact.sound(member.beat, nowMs);
  }

  private newStart(incarnation: number, beat: number, nowMs: number): Start {
    return { incarnation, contact: new Contact(beat, this.limits.heartbeatMs, nowMs) };
  }

  /** Whether one that is gone is found only now to have lived on without us. */
  private weigh(
    id: Thid,
    { contact, beat }: Pick<Held, "contact" | "beat">,
    nowMs: number,
  ): boolean {
    if (!contact.hasLivedOn(beat, nowMs)) return false;
    this.handlers.livedOn(id);
    return true;
  }

  private comeBack(member: Held, nowMs: number): void {
    member.detector = new Detector(this.limits, nowMs);
    this.enter(member, "heard-of", nowMs);
  }

  private pardon(member: Held, awayMs: number): void {
    member.detector.pardon(awayMs);
    member.cutMs += awayMs;
  }

  private judge(member: Held, nowMs: number): void {
    const { detector, state } = member;
    switch (state) {
      case "alive":
      case "suspect": {
        const isLost = nowMs - member.cutMs >= this.limits.cutMs;
        // Cut off from us, but others hear it: that is a broken link, and no death.
        const { cutMs, heartbeatMs } = this.limits;
        const isUnheard = nowMs - detector.lastMs >= Math.max(cutMs, relayBeats * heartbeatMs);
        if (detector.isOverdue(nowMs) || (isLost && isUnheard)) this.enter(member, "dead", nowMs);
        else if (state === "alive" && detector.phi(nowMs) >= latePhi) {
          this.enter(member, "suspect", nowMs);
        }
        break;
      }
      case "heard-of":
        if (detector.isOverdue(nowMs)) this.enter(member, "dead", nowMs);
        break;
      case "dead":
      case "left":
        if (nowMs - member.sinceMs < this.limits.forgetMs) break;
        this.held.delete(member.id);
        this.pasts.delete(member.id);
        this.handlers.forgotten(member.id);
    }
  }

  private enter(member: Held, state: MemberState, nowMs: number): void {
    const before = member.state;
    member.state = state;
    member.sinceMs = nowMs;
    member.hasLived ||= state === "alive";
    if (isGone(state)) this.weigh(member.id, member, nowMs);
    this.handlers.changed(member, before);
  }
}
