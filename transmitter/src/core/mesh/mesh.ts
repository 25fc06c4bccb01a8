import type { MeshError, Thid } from "@thynapse/protocol";
import { Directory, type DirectoryHandlers } from "./directory.js";
import type { LinkHello, Prove } from "./hello.js";
import type { LinkLimits } from "./link.js";
import { type Member, Members, type MembersLimits, type MemberState } from "./members.js";
import type { Delta } from "./mesh-record.js";
import { type MeshWord, readWord, type Standing, writeWord } from "./mesh-words.js";
import { Peering, type PeeringActions } from "./peering.js";

/** What a mesh tells the transmitter around it. */
export interface MeshHandlers extends DirectoryHandlers {
  /** A member lives, dies, leaves, or is heard of. */
  member(member: Member, before: MemberState | undefined): void;
  /** Another transmitter has our id: whoever has run for less time ends. */
  twin(other: LinkHello): void;
  refused(error: MeshError): void;
}

/** Where others reach a transmitter: keys of its record. */
const pubKey = "pub";
const commandKey = "command";

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
  private readonly heartbeatMs: number;
  private readonly handlers: MeshHandlers;
  /** When somebody is to be asked again for what is missing of a record. */
  private readonly askAgainMs = new Map<Thid, number>();
  private beat = 0;
  private beatDueMs: number;
  private nowMs: number;

  constructor(
    me: LinkHello,
    parts: {
      readonly prove: Prove;
      readonly limits: LinkLimits & MembersLimits;
      readonly actions: PeeringActions;
      readonly handlers: MeshHandlers;
    },
    nowMs: number,
  ) {
    const { limits, handlers, prove, actions } = parts;
    this.me = me;
    this.handlers = handlers;
    this.heartbeatMs = limits.heartbeatMs;
    this.beatDueMs = nowMs;
    this.nowMs = nowMs;
    this.peering = new Peering(me, {
      prove,
      limits,
      actions,
      handlers: {
        linked: ({ id }) => this.members.linked(id),
        cut: ({ id }) => this.members.cut(id, this.nowMs),
        taken: ({ id }, part) => this.hear(readWord(part), id),
        told: (part) => this.hear(readWord(part), undefined),
        begunAnew: () => undefined,
        restarted: () => undefined,
        twin: (other) => handlers.twin(other),
        refused: (error) => handlers.refused(error),
      },
    });
    this.members = new Members(
      limits,
      {
        changed: (member, before) => this.changed(member, before),
        forgotten: (id) => this.forget(id),
      },
      nowMs,
    );
    this.directory = new Directory(me, {
      changed: (id, change) => {
        if (change.key === pubKey) this.reach(id, change.value);
        handlers.changed(id, change);
      },
      renewed: (id, incarnation) => handlers.renewed(id, incarnation),
    });
  }

  /** When `tick` is due. */
  get deadlineMs(): number {
    return Math.min(this.beatDueMs, this.peering.deadlineMs);
  }

  /** Begins to be a member. */
  start(): void {
    this.peering.start();
    this.directory.set(pubKey, this.me.pub);
    this.directory.set(commandKey, this.me.command);
  }

  /** Sets a value of our own, and tells all; `undefined` deletes it. */
  set(key: string, value: unknown): void {
    const delta = this.directory.set(key, value);
    if (delta !== undefined) this.peering.tellAll(writeWord({ kind: "delta", delta }));
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

  tick(nowMs: number): void {
    this.nowMs = nowMs;
    this.peering.tick(nowMs);
    if (nowMs < this.beatDueMs) return;
    this.beatDueMs = nowMs + this.heartbeatMs;
    this.beat++;
    this.members.tick(nowMs);
    this.peering.tellAll(writeWord({ kind: "beat", standings: this.standings() }));
  }

  /** Publishes what is to be said. At the end of each turn. */
  flush(): void {
    this.peering.flush();
  }

  /** Ourselves, and then everybody whom we know. */
  private standings(): Standing[] {
    const known = new Map(this.directory.digest().map((each) => [each.id, each]));
    const { id, incarnation } = this.me;
    return [{ id, incarnation, beat: this.beat }, ...this.members.beats()].map((beat) => {
      const { version = 0, incarnation: of = -1 } = known.get(beat.id) ?? {};
      return { ...beat, version: of === beat.incarnation ? version : 0 };
    });
  }

  private hear(word: MeshWord, from: Thid | undefined): void {
    switch (word.kind) {
      case "beat":
        this.hearBeat(word.standings);
        break;
      case "delta":
        // What is missing before it is fetched after the next beat.
        this.directory.apply(word.delta);
        break;
      case "want":
        if (from !== undefined) this.answer(from, this.directory.deltasFor(word.wanted));
    }
  }

  private hearBeat(standings: readonly Standing[]): void {
    for (const standing of standings) {
      if (standing.id !== this.me.id) this.members.heard(standing, this.nowMs);
    }
    const speaker = standings[0]?.id;
    if (speaker === undefined || !this.peering.isUp(speaker)) return;
    const better = this.directory.behind(standings.filter(({ version }) => version > 0));
    // Everybody tells of it: one is asked, and another one when no answer has come.
    const wanted = better.filter(({ id }) => (this.askAgainMs.get(id) ?? 0) <= this.nowMs);
    if (wanted.length === 0) return;
    for (const { id } of wanted) this.askAgainMs.set(id, this.nowMs + 2 * this.heartbeatMs);
    this.peering.send(speaker, writeWord({ kind: "want", wanted }), this.nowMs);
  }

  private answer(to: Thid, deltas: readonly Delta[]): void {
    for (const delta of deltas) {
      this.peering.send(to, writeWord({ kind: "delta", delta }), this.nowMs);
    }
  }

  private changed(member: Member, before: MemberState | undefined): void {
    if (member.state !== "dead") this.reach(member.id, this.directory.get(member.id, pubKey));
    this.handlers.member(member, before);
  }

  private reach(id: Thid, pub: unknown): void {
    if (typeof pub !== "string" || this.peering.isUp(id)) return;
    this.peering.dial(pub);
  }

  private forget(id: Thid): void {
    this.peering.forget(id);
    this.directory.forget(id);
    this.askAgainMs.delete(id);
  }
}
