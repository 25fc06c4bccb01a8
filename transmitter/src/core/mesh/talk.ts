import { linkRingBytesMax, MeshError, type Thid, toMeshError } from "@thynapse/protocol";
import { Assembly, type DeltaPiece, writeDelta } from "./delta-words.js";
import { warnMs } from "./dials.js";
import type { Directory } from "./directory.js";
import { Gossip } from "./gossip.js";
import type { LinkHello } from "./hello.js";
import type { Joining } from "./joining.js";
import { mayLive } from "./member-state.js";
import type { Beat, Members } from "./members.js";
import { type Known, recordBytesMax } from "./mesh-record.js";
import { membersMax } from "./mesh-parts.js";
import {
  type BeatWord,
  type FarewellWord,
  type LinkWord,
  type MeshWord,
  type Standing,
  writeWord,
} from "./mesh-words.js";
import type { Peering } from "./peering.js";
import type { Telling } from "./telling.js";

/** A record that was refused is not asked for again for so long. */
const refusedMs = 60_000;
/**
 * Unacked bytes of a link beyond which no further record goes over it that is wanted: with the
 * largest one on top it holds what a link can, and does not begin anew.
 */
const answerBytesMax = linkRingBytesMax - recordBytesMax;

/** Those whose news talk carries, and who take what it brings. */
export interface TalkParts {
  readonly peering: Peering;
  readonly members: Members;
  readonly directory: Directory;
  readonly telling: Telling;
  readonly joining: Joining;
}

/**
 * What transmitters say to each other of the mesh itself: that they live, whom they know, and what
 * the records of all hold.
 *
 * @see PROTOCOL.md §19.9, §19.13
 */
export class Talk {
  private readonly me: LinkHello;
  private readonly heartbeatMs: number;
  private readonly parts: TalkParts;
  private readonly gossip: Gossip;
  private readonly assembly = new Assembly();
  /** When somebody is asked for what is missing of a record. */
  private readonly askDueMs = new Map<Thid, number>();
  /** Heartbeats that were said. */
  beat = 0;
  private nowMs = 0;

  constructor(me: LinkHello, heartbeatMs: number, parts: TalkParts) {
    this.me = me;
    this.heartbeatMs = heartbeatMs;
    this.parts = parts;
    this.gossip = new Gossip(heartbeatMs, Number.parseInt(me.id.slice(0, 8), 16));
  }

  /** Somebody's link is cut: others are asked what they hear of it. */
  cut(id: Thid): void {
    this.gossip.cut(id);
  }

  /** There is something new about a member. */
  changed(id: Thid): void {
    this.gossip.changed(id);
  }

  /** What a link carried may be lost. */
  begunAnew(id: Thid): void {
    this.assembly.forget(id);
  }

  forget(id: Thid): void {
    this.assembly.forget(id);
    this.gossip.forget(id);
    this.askDueMs.delete(id);
  }

  /** Says that this transmitter lives, and what else there is to say to all. */
  sayBeat(nowMs: number): void {
    this.beat++;
    const { id, incarnation } = this.me;
    const living = this.parts.members.all.filter(({ state }) => mayLive(state)).map((it) => it.id);
    const speaker = { id, incarnation, beat: this.beat, version: this.parts.directory.version };
    const others = this.gossip.names(living, nowMs).flatMap((it) => this.standing(it) ?? []);
    const missing = this.gossip.missing(living, nowMs);
    this.parts.peering.tellAll(writeWord({ kind: "beat", speaker, others, missing }));
  }

  /** What somebody is sent who knows our record up to a version, and with all of it the roster. */
  words(from: number): Buffer[] {
    const { id, incarnation } = this.me;
    const deltas = this.parts.directory.deltasFor([{ id, incarnation, version: from }]);
    const words = deltas.flatMap(writeDelta);
    return from > 0 ? words : [...words, this.roster()];
  }

  /**
   * Whom we know, but for those that others have told us to be gone: each start would tell the next
   * one of them, and they were never forgotten.
   */
  private roster(): Buffer {
    const told = this.parts.members.all.filter(({ state, hasLived }) => hasLived || mayLive(state));
    const roster = told.flatMap((member) => {
      const standing = this.standing(member.id);
      // Whoever is linked has been welcomed, or will be in a moment.
      const isAlive =
        mayLive(member.state) && (member.state !== "heard-of" || this.isUp(member.id));
      return standing === undefined ? [] : [{ ...standing, isAlive }];
    });
    return writeWord({ kind: "roster", roster, lived: this.parts.members.lastBeats });
  }

  /**
   * A cell has had a sign of life of a transmitter that it was attached to before. What nobody else
   * had heard all others are told.
   */
  lived(beat: Beat, nowMs: number): void {
    const { members, peering } = this.parts;
    const isOwn = beat.id === this.me.id;
    if (isOwn && beat.incarnation >= this.me.incarnation) return;
    if (!(isOwn ? members.livedBefore(beat, nowMs) : members.lived(beat, nowMs))) return;
    const roster = this.roster();
    for (const { id } of peering.all) peering.send(id, roster, nowMs);
  }

  /** Takes a word, from somebody's link or from the topic that all hear. */
  hear(word: MeshWord, nowMs: number, from?: Thid): void {
    this.nowMs = nowMs;
    try {
      if (word.kind === "beat") this.hearBeat(word);
      else if (word.kind === "farewell") this.hearFarewell(word, from);
      else if (from === undefined) {
        throw new MeshError("BAD_COMMAND", "that is for a link, and not to be told all");
      } else this.hearOnLink(word, from);
    } catch (thrown) {
      // It was read, and what it says is not taken: that does no harm to what follows.
      this.parts.peering.refuse(toMeshError(thrown));
    }
  }

  /** Whoever is linked says it on its link: nobody else can say it then. */
  private hearFarewell({ id, incarnation }: FarewellWord, from: Thid | undefined): void {
    if (from !== id && this.isUp(id)) return;
    this.parts.members.left(id, incarnation, this.nowMs);
  }

  private hearOnLink(word: LinkWord, from: Thid): void {
    switch (word.kind) {
      case "delta":
        this.learn(word, from);
        break;
      case "roster":
        // First: who is named there may be gone.
        this.parts.joining.told(
          from,
          word.roster.filter(({ id }) => id !== this.me.id),
          this.nowMs,
        );
        for (const standing of word.roster) this.hearOf(standing);
        for (const beat of word.lived) this.parts.members.lived(beat, this.nowMs);
        this.fetch(from, word.roster);
        break;
      case "want":
        this.answer(word.wanted, from);
        break;
      case "twin":
        this.parts.peering.tryOut(word.pub, this.nowMs, warnMs);
    }
  }

  /** Sends what somebody lacks, each record once; what is too much now it asks for again. */
  private answer(wanted: readonly Known[], from: Thid): void {
    const { peering, directory } = this.parts;
    for (const known of new Map(wanted.map((it) => [it.id, it])).values()) {
      if ((peering.waiting(from)?.unackedBytes ?? 0) > answerBytesMax) return;
      for (const part of directory.deltasFor([known]).flatMap(writeDelta)) {
        peering.send(from, part, this.nowMs);
      }
    }
  }

  private learn(piece: DeltaPiece, from: Thid): void {
    const { id } = piece.delta;
    if (id === this.me.id) throw new MeshError("DENIED", "a record is its owner's to change");
    // Whoever is heard tells its record on its link: nobody else can tell it then.
    if (id !== from && this.isHeard(id)) return;
    if (id !== from && !this.isMember(id)) {
      throw new MeshError("NOT_FOUND", `a delta of ${id}, which is no member`);
    }
    try {
      const delta = this.assembly.add(from, piece);
      // What is missing before it is asked for after a later beat.
      if (delta !== undefined && this.parts.directory.apply(delta)) this.askDueMs.delete(id);
    } catch (thrown) {
      this.askDueMs.set(id, this.nowMs + refusedMs);
      throw thrown;
    }
  }

  private hearBeat({ speaker, others, missing }: BeatWord): void {
    if (speaker.id === this.me.id) return;
    this.hearOf(speaker, true);
    this.gossip.heard(speaker.id, this.nowMs);
    this.gossip.asked(
      missing.filter((id) => this.isMember(id)),
      this.nowMs,
    );
    for (const standing of others) this.hearOf(standing);
    const ours = others.find(({ id }) => id === this.me.id);
    if (ours?.incarnation === this.me.incarnation) {
      this.parts.telling.knows(speaker.id, ours.version, this.nowMs);
    }
    this.fetch(speaker.id, [speaker, ...others]);
  }

  private hearOf(standing: Standing, isDirect = false): void {
    const { id, incarnation } = standing;
    if (id === this.me.id) return;
    // A younger twin of somebody to whom a link is up has to wait until that is cut.
    const present = this.parts.peering.get(id);
    const isRival = present !== undefined && present.incarnation < incarnation;
    if (isRival && this.isUp(id)) return;
    // What one that is heard has not said others cannot know.
    if (!isDirect && this.isHeard(id)) return;
    if (!this.isMember(id) && this.parts.members.count >= membersMax) {
      throw new MeshError("TOO_LARGE", `more than ${membersMax} members`);
    }
    this.parts.members.heard(standing, this.nowMs, isDirect);
  }

  /** Asks somebody for what it knows better: of one that is heard that one alone. */
  private fetch(from: Thid, standings: readonly Standing[]): void {
    if (!this.isUp(from)) return;
    const better = this.parts.directory.behind(standings.filter(({ version }) => version > 0));
    const wanted = better.filter(
      ({ id }) => (id === from || !this.isHeard(id)) && this.isAskDue(id),
    );
    if (wanted.length === 0) return;
    this.parts.peering.send(from, writeWord({ kind: "want", wanted }), this.nowMs);
  }

  /** What comes over a link of its own is waited for; one is asked, and later another one. */
  private isAskDue(id: Thid): boolean {
    const pauseMs = 2 * this.heartbeatMs;
    const firstMs = this.nowMs + (this.isUp(id) ? pauseMs : 0);
    const dueMs = this.askDueMs.get(id) ?? firstMs;
    const isDue = dueMs <= this.nowMs;
    this.askDueMs.set(id, isDue ? this.nowMs + pauseMs : dueMs);
    return isDue;
  }

  private isUp(id: Thid): boolean {
    return this.parts.peering.isUp(id);
  }

  /** Whether somebody is linked both ways: a link may be cut one way, and others go round it. */
  private isHeard(id: Thid): boolean {
    return this.isUp(id) && this.gossip.hears(id, this.nowMs);
  }

  private isMember(id: Thid): boolean {
    return this.parts.members.get(id) !== undefined;
  }

  private standing(id: Thid): Standing | undefined {
    const beat = this.parts.members.beat(id);
    if (beat === undefined) return undefined;
    const known = this.parts.directory.known(id);
    return { ...beat, version: known?.incarnation === beat.incarnation ? known.version : 0 };
  }
}
