import { BeatClock } from "./beat-clock.js";
import { MeshError, type Thid } from "@thynapse/protocol";
import { Directory } from "./directory.js";
import type { LinkHello } from "./hello.js";
import { Joining } from "./joining.js";
import type { Settle } from "./link-ring.js";
import { isGone, mayLive, type MemberState } from "./member-state.js";
import { type Member, Members } from "./members.js";
import type { MeshHandlers, MeshParts } from "./mesh-parts.js";
import { isOfRouting, type MeshWord, readWord, writeWord } from "./mesh-words.js";
import { Peering } from "./peering.js";
import { Talk } from "./talk.js";
import { type Listener, stuckMsMax, Telling } from "./telling.js";

/** Where others reach a transmitter: keys of its record. */
const pubKey = "pub";
const commandKey = "command";
/** Heartbeats after which others hold one for alive that was away, and have said what it missed. */
const hereBeats = 4;

/**
 * A transmitter among others: who they are, whether they live, and what each of them has set.
 *
 * One seed is enough: whoever is linked tells of everybody that it knows, and each connects to all.
 */
export class Mesh {
  readonly peering: Peering;
  readonly members: Members;
  readonly directory: Directory;
  private readonly me: LinkHello;
  private readonly limits: MeshParts["limits"];
  private readonly handlers: MeshHandlers;
  /** For `Talk` alone, as the next one. */
  readonly telling: Telling;
  readonly joining: Joining;
  readonly talk: Talk;
  private readonly beats: BeatClock;
  private nowMs: number;
  private state: "here" | "away" | "leaving" = "here";
  /** When it became a member; infinite before. */
  joinedMs = Number.POSITIVE_INFINITY;
  /** When it is here again, where it was away and all have acked its record. */
  private hereMs = Number.POSITIVE_INFINITY;

  constructor(me: LinkHello, parts: MeshParts, nowMs: number) {
    const { limits, handlers } = parts;
    this.me = me;
    this.limits = limits;
    this.handlers = handlers;
    this.beats = new BeatClock(limits.heartbeatMs, nowMs);
    this.nowMs = nowMs;
    this.peering = this.makePeering(parts);
    this.members = new Members(
      limits,
      {
        changed: (member, before) => this.changed(member, before),
        forgotten: (id) => this.forget(id),
        livedOn: (id) => handlers.livedOn(id),
        wasAway: (atMs) => this.wasAway(atMs),
      },
      nowMs,
    );
    this.directory = new Directory(
      { ...me, bytesMax: limits.linkBytesMax / 2 },
      {
        changed: (id, change) => {
          if (change.key === pubKey) this.reach(id);
          handlers.changed(id, change);
        },
        renewed: (id, incarnation) => handlers.renewed(id, incarnation),
      },
    );
    this.telling = new Telling({
      version: () => this.directory.version,
      words: (from) => this.talk.words(from),
      send: (id, word, done) => this.peering.send(id, word, this.nowMs, done),
      listeners: () => [...this.listeners()],
    });
    const enter = (isDegraded: boolean): void => {
      this.joinedMs = this.nowMs;
      handlers.joined(isDegraded);
    };
    this.joining = new Joining(this, enter, limits);
    this.talk = new Talk(me, limits.heartbeatMs, this);
  }

  /** When `tick` is due. */
  get deadlineMs(): number {
    const { beats, peering, telling, joining } = this;
    return Math.min(beats.dueMs, peering.deadlineMs, telling.deadlineMs, joining.deadlineMs);
  }

  /** Begins to be a member: `joined` follows, at once if there are no seeds. */
  start(seeds: number, nowMs: number): void {
    this.nowMs = nowMs;
    this.peering.start(nowMs);
    this.directory.set(pubKey, this.me.pub);
    this.directory.set(commandKey, this.me.command);
    this.joining.start(seeds, nowMs, nowMs + this.limits.joinTimeoutMs);
  }

  /** Says farewell: others know at once that this incarnation is gone, and beats no more. */
  leave(nowMs: number): void {
    this.nowMs = nowMs;
    if (this.state === "leaving") return;
    this.state = "leaving";
    const word = writeWord({ ...this.me, kind: "farewell" });
    for (const peer of this.linkedPeers()) this.peering.send(peer, word, nowMs);
    this.peering.tellAll(word);
  }

  /** Sets a value of our own, which all are told at the end of the turn; `undefined` deletes it. */
  set(key: string, value: unknown): void {
    this.directory.set(key, value);
  }

  /**
   * Calls when every live member has applied our record as it is now; at once if there is nobody
   * else. Whoever is suspect, or alive without a link, is waited for until that ends, 2 s at most.
   */
  whenKnown(then: () => void, nowMs: number): void {
    this.nowMs = nowMs;
    this.telling.whenKnown(then, nowMs);
  }

  /**
   * Sends a part to a member, reliably and in order. `done(true)`: it has been taken;
   * `done(false)`: it never will be: the link began anew, or the member is gone or has restarted.
   *
   * @throws {MeshError} `NOT_FOUND` if there is no link to that member
   */
  send(id: Thid, part: Buffer, nowMs: number, done?: Settle): void {
    if (!this.isLinked(id)) throw new MeshError("NOT_FOUND", `no link to transmitter ${id}`);
    this.peering.send(id, part, nowMs, done);
  }

  /** Whether there is a link to this start of a member; what is sent waits while it is cut. */
  isLinked(id: Thid): boolean {
    const [link, member] = [this.peering.get(id), this.members.get(id)];
    return link !== undefined && link.incarnation === member?.incarnation && !isGone(member.state);
  }

  /** Bytes that wait for an ack of a member. */
  unackedBytes(id: Thid): number {
    return this.peering.waiting(id)?.unackedBytes ?? 0;
  }

  /** Those to whom a link is up. */
  linkedPeers(): Thid[] {
    return this.peering.all.map(({ id }) => id).filter((id) => this.peering.isUp(id));
  }

  /** Those who are alive, this transmitter left out. */
  liveMembers(): Member[] {
    return this.members.all.filter(({ state }) => state === "alive");
  }

  /**
   * Whether this transmitter was away for so long that others may hold it for dead, and has not yet
   * heard what became of that: what it knows of its cells and of others may be old.
   */
  wasAway(nowMs: number): boolean {
    const silentMs = nowMs - this.members.tickedMs - this.limits.heartbeatMs;
    return this.state === "away" || silentMs >= this.limits.acceptablePauseMs;
  }

  /** @see Peering.subscribed */
  subscribed(topic: string, nowMs: number): boolean | undefined {
    this.nowMs = nowMs;
    return this.peering.subscribed(topic, nowMs);
  }

  unsubscribed(topic: string, nowMs: number): void {
    this.nowMs = nowMs;
    this.peering.unsubscribed(topic);
  }

  received(topic: string, head: string, part: Buffer, nowMs: number): void {
    this.nowMs = nowMs;
    this.peering.received(topic, head, part, nowMs);
  }

  /** Does what is due. @returns whether that was a heartbeat. */
  tick(nowMs: number): boolean {
    this.nowMs = nowMs;
    this.peering.tick(nowMs);
    this.telling.tick(nowMs);
    this.joining.tick(nowMs);
    if (nowMs < this.beats.dueMs) return false;
    this.beats.said(nowMs);
    const awayMs = this.members.tick(nowMs);
    if (awayMs >= this.limits.acceptablePauseMs) this.cameBack(awayMs);
    else if (this.state === "away" && this.nowMs >= this.hereMs) this.state = "here";
    if (this.state !== "leaving") this.talk.sayBeat(this.nowMs);
    return true;
  }

  /** Publishes what is to be said. At the end of each turn. */
  flush(): void {
    this.telling.flush(this.nowMs);
    this.peering.flush();
  }

  private makePeering({ prove, limits, actions, handlers }: MeshParts): Peering {
    return new Peering(this.me, {
      prove,
      limits,
      actions,
      handlers: {
        linked: (peer) => this.linked(peer),
        cut: ({ id }) => this.cut(id),
        taken: ({ id }, part) => this.taken(id, part),
        told: (part) => this.told(readWord(part)),
        begunAnew: ({ id }) => this.begunAnew(id),
        restarted: ({ id }) => this.telling.forget(id),
        rivalled: ({ id }, { pub }) =>
          this.peering.send(id, writeWord({ kind: "twin", pub }), this.nowMs),
        metItself: () => this.joining.metItself(this.nowMs),
        twin: (other) => {
          this.leave(this.nowMs);
          handlers.twin(other);
        },
        refused: (error) => handlers.refused(error),
      },
    });
  }

  private linked({ id, incarnation }: LinkHello): void {
    // Who is linked is heard of, also before its first heartbeat has come.
    this.members.heard({ id, incarnation, beat: 0 }, this.nowMs);
    this.members.linked(id);
    this.telling.linked(id);
    this.handlers.linked(id);
    this.joining.check(this.nowMs);
  }

  private cut(id: Thid): void {
    this.talk.cut(id);
    this.members.cut(id, this.nowMs);
    this.handlers.cut(id);
    // Others are asked at once whether they hear it.
    this.beats.hurry(this.nowMs);
  }

  private begunAnew(id: Thid): void {
    if (this.peering.get(id) === undefined) this.telling.forget(id);
    else this.telling.anew(id);
    this.talk.begunAnew(id);
    this.handlers.begunAnew(id);
  }

  private cameBack(awayMs: number): void {
    if (this.state === "here") this.state = "away";
    this.handlers.away(awayMs);
    // When all have taken it again, everything that they said before that has come, too.
    for (const id of this.linkedPeers()) this.telling.anew(id);
    this.hereMs = Number.POSITIVE_INFINITY;
    this.telling.whenKnown(() => {
      this.hereMs = this.nowMs + hereBeats * this.limits.heartbeatMs;
    }, this.nowMs);
  }

  private *listeners(): Generator<Listener> {
    for (const { id, state } of this.members.all) {
      const isUp = this.peering.isUp(id);
      const stuckSinceMs = this.peering.waiting(id)?.stuckSinceMs ?? this.nowMs;
      const isSure = isUp && state === "alive" && this.nowMs - stuckSinceMs < stuckMsMax;
      if (isUp || state === "alive" || state === "suspect") yield { id, isSure };
    }
  }

  private told(word: MeshWord): void {
    this.talk.hear(word, this.nowMs);
    if (word.kind === "beat" && word.speaker.id !== this.me.id) this.beats.heard(this.nowMs);
  }

  private taken(from: Thid, part: Buffer): void {
    this.members.spokeOnLink(from, this.nowMs);
    if (isOfRouting(part)) this.handlers.word(from, part, this.nowMs);
    else this.talk.hear(readWord(part), this.nowMs, from);
  }

  private changed(member: Member, before: MemberState | undefined): void {
    const { id, state } = member;
    if (before === undefined || state === "heard-of") this.talk.changed(id);
    // The older one of two with one id speaks again: what the younger one had set is gone.
    const { incarnation = member.incarnation } = this.directory.known(id) ?? {};
    if (incarnation > member.incarnation) this.directory.supersede(id);
    if (mayLive(state)) this.reach(id);
    if (state === "dead") {
      this.peering.giveUp(id, this.nowMs);
      this.telling.anew(id);
    } else if (state === "left") {
      this.peering.forget(id, this.nowMs);
      this.telling.forget(id);
    }
    this.handlers.member(member, before);
    this.joining.check(this.nowMs);
    this.telling.tick(this.nowMs);
  }

  private reach(id: Thid): void {
    const pub = this.directory.get(id, pubKey);
    if (typeof pub === "string" && !this.peering.isUp(id)) this.peering.tryOut(pub, this.nowMs);
  }

  private forget(id: Thid): void {
    this.peering.forget(id, this.nowMs);
    this.directory.forget(id);
    this.telling.forget(id);
    this.talk.forget(id);
    this.handlers.forgotten(id);
  }
}
