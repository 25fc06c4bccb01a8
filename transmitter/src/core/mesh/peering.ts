import { MeshError, type Thid, toMeshError } from "@thynapse/protocol";
import {
  helloPrefix,
  type LinkHello,
  linkTopic,
  meshTopic,
  type Prove,
  readHello,
  writeHello,
} from "./hello.js";
import { Link, type LinkCounts, type LinkLimits } from "./link.js";
import { readFrameHead, writeFrameHead } from "./link-frame.js";

/** What peering asks of the shell: connections and subscriptions of its one SUB, and the XPUB. */
export interface PeeringActions {
  /** Connects to an event socket, and again whenever the connection is lost. */
  dial(address: string): void;
  hangUp(address: string): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  publish(head: Buffer, part: Buffer): void;
}

/** What peering tells the transmitter around it. */
export interface PeeringHandlers {
  /** The way to the peer is open, for the first time or again. */
  linked(peer: LinkHello): void;
  /** The way to the peer is cut; what is sent meanwhile waits. */
  cut(peer: LinkHello): void;
  /** The next part of a peer, in order, once. @throws {MeshError} to refuse it. */
  taken(peer: LinkHello, part: Buffer): void;
  /** A part that somebody has told all. @throws {MeshError} to refuse it. */
  told(part: Buffer): void;
  /** What a peer sent before, or what it was sent, is not to be had any more. */
  begunAnew(peer: LinkHello, side: "ours" | "theirs"): void;
  /** The peer has started again: its old self is gone. */
  restarted(old: LinkHello, peer: LinkHello): void;
  /** Another transmitter has our id: whoever has run for less time ends. */
  twin(other: LinkHello): void;
  /** Something was refused; nothing has changed. */
  refused(error: MeshError): void;
}

/** What peering counts, for metrics. */
export interface PeeringCounts {
  hellosRefused: number;
  framesRefused: number;
}

interface Peer {
  readonly hello: LinkHello;
  readonly link: Link;
  /** The topic on which it is spoken to, and the one on which it speaks. */
  readonly ours: string;
  readonly theirs: string;
  isUp: boolean;
}

/** Transmitters that are met in a second; others wait, so many at most. */
const meetingsMax = 10;
const waitingMax = 256;
const secondMs = 1000;

/**
 * Who is linked with whom, over event sockets alone.
 *
 * A transmitter subscribes, everywhere it connects to, to a topic that introduces it. Whoever sees
 * that subscription connects back, and from then on each knows the other's hello. From both hellos,
 * and the secret of the mesh, come two topics, one for each direction: each side subscribes to the
 * one and lets only the other in.
 */
export class Peering {
  readonly counts: PeeringCounts = { hellosRefused: 0, framesRefused: 0 };
  private readonly me: LinkHello;
  private readonly prove: Prove;
  private readonly limits: LinkLimits;
  private readonly actions: PeeringActions;
  private readonly handlers: PeeringHandlers;
  private readonly peers = new Map<Thid, Peer>();
  private readonly byOurs = new Map<string, Peer>();
  private readonly byTheirs = new Map<string, Peer>();
  private readonly forAll: string;
  private readonly dialled = new Set<string>();
  /** Hellos that are still to be met: a connection shows each only once. */
  private readonly waiting = new Map<Thid, LinkHello>();
  private meetings = 0;
  private secondBeganMs = Number.NEGATIVE_INFINITY;

  constructor(
    me: LinkHello,
    parts: {
      readonly prove: Prove;
      readonly limits: LinkLimits;
      readonly actions: PeeringActions;
      readonly handlers: PeeringHandlers;
    },
  ) {
    this.me = me;
    this.prove = parts.prove;
    this.limits = parts.limits;
    this.actions = parts.actions;
    this.handlers = parts.handlers;
    this.forAll = meshTopic(parts.prove, me.mesh);
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    if (this.waiting.size > 0) nextMs = this.secondBeganMs + secondMs;
    for (const { link } of this.peers.values()) nextMs = Math.min(nextMs, link.deadlineMs);
    return nextMs;
  }

  /** Introduces this transmitter to all that it will be connected to. */
  start(): void {
    this.actions.subscribe(writeHello(this.me, this.prove));
    this.actions.subscribe(`${this.forAll} `);
  }

  /** What is counted of the link to a peer; `undefined` if none is known by that id. */
  countsOf(id: Thid): LinkCounts | undefined {
    return this.peers.get(id)?.link.counts;
  }

  isUp(id: Thid): boolean {
    return this.peers.get(id)?.isUp === true;
  }

  /**
   * A subscription was offered on the event socket. True admits it; `undefined`: it is none of
   * peering's.
   */
  subscribed(topic: string, nowMs: number): boolean | undefined {
    if (topic.startsWith(helloPrefix)) {
      this.heard(topic, nowMs);
      return false;
    }
    if (topic === `${this.forAll} `) return true;
    const peer = this.byOurs.get(topic);
    if (peer === undefined) return topic.startsWith("@") ? false : undefined;
    peer.isUp = true;
    peer.link.up(nowMs);
    this.handlers.linked(peer.hello);
    return true;
  }

  unsubscribed(topic: string): void {
    const peer = this.byOurs.get(topic);
    if (peer === undefined || !peer.isUp) return;
    peer.isUp = false;
    peer.link.down();
    this.handlers.cut(peer.hello);
  }

  /** A message of a peer came: what stands behind the topic of its head, and its part. */
  received(topic: string, head: string, part: Buffer, nowMs: number): void {
    const peer = this.byTheirs.get(topic);
    if (peer === undefined && topic !== this.forAll) return;
    try {
      if (peer === undefined) this.handlers.told(part);
      else peer.link.receive(readFrameHead(head), part, nowMs);
    } catch (thrown) {
      this.counts.framesRefused++;
      this.handlers.refused(toMeshError(thrown));
    }
  }

  /** Sends a part to a peer. @throws {MeshError} `NOT_FOUND` if none is known by that id. */
  send(id: Thid, part: Buffer, nowMs: number): void {
    const peer = this.peers.get(id);
    if (peer === undefined) throw new MeshError("NOT_FOUND", `no link to transmitter ${id}`);
    peer.link.send(part, nowMs);
  }

  /** Sends to all at once, without numbers: what may be lost. */
  tellAll(part: Buffer): void {
    this.actions.publish(Buffer.from(`${this.forAll} `, "latin1"), part);
  }

  tick(nowMs: number): void {
    for (const hello of this.waiting.values()) {
      if (this.isCrowded(nowMs)) break;
      this.waiting.delete(hello.id);
      this.meet(hello);
    }
    for (const { link } of this.peers.values()) link.tick(nowMs);
  }

  /** Publishes what the links have to say. At the end of each turn. */
  flush(): void {
    for (const { link, ours } of this.peers.values()) {
      const topic = ours.slice(0, -1);
      for (const { head, part } of link.takeMessages()) {
        this.actions.publish(writeFrameHead(topic, head), part);
      }
    }
  }

  /** Ends the link to a peer: it is dead, or it has left. It may come again by a hello. */
  forget(id: Thid): void {
    const peer = this.peers.get(id);
    if (peer === undefined) return;
    this.drop(peer);
    this.hangUp(peer.hello.pub);
  }

  /** Connects to an event socket, unless that is done already: whoever has it will connect back. */
  dial(address: string): void {
    if (address === this.me.pub || this.dialled.has(address)) return;
    this.dialled.add(address);
    this.actions.dial(address);
  }

  private hangUp(address: string): void {
    if (this.dialled.delete(address)) this.actions.hangUp(address);
  }

  private heard(topic: string, nowMs: number): void {
    try {
      this.consider(readHello(topic, this.me.mesh, this.prove), nowMs);
    } catch (thrown) {
      this.counts.hellosRefused++;
      this.handlers.refused(toMeshError(thrown));
    }
  }

  private consider(hello: LinkHello, nowMs: number): void {
    if (hello.id === this.me.id) {
      // A transmitter among its own seeds sees itself.
      if (hello.incarnation !== this.me.incarnation) this.handlers.twin(hello);
      return;
    }
    const { incarnation = 0 } = this.waiting.get(hello.id) ?? this.peers.get(hello.id)?.hello ?? {};
    if (hello.incarnation <= incarnation) return;
    if (!this.isCrowded(nowMs)) {
      this.meet(hello);
      return;
    }
    if (this.waiting.size >= waitingMax && !this.waiting.has(hello.id)) {
      throw new MeshError("BUSY", "too many new transmitters at once");
    }
    this.waiting.set(hello.id, hello);
  }

  private meet(hello: LinkHello): void {
    const known = this.peers.get(hello.id);
    if (known !== undefined) this.drop(known);
    if (known !== undefined && known.hello.pub !== hello.pub) this.hangUp(known.hello.pub);
    this.dial(hello.pub);
    const peer = this.add(hello);
    this.actions.subscribe(peer.theirs);
    if (known !== undefined) this.handlers.restarted(known.hello, hello);
  }

  private add(hello: LinkHello): Peer {
    const peer: Peer = {
      hello,
      ours: `${linkTopic(this.prove, this.me, hello)} `,
      theirs: `${linkTopic(this.prove, hello, this.me)} `,
      isUp: false,
      link: new Link(this.limits, {
        taken: (part) => this.handlers.taken(hello, part),
        begunAnew: () => this.handlers.begunAnew(hello, "theirs"),
        overrun: () => this.handlers.begunAnew(hello, "ours"),
      }),
    };
    this.peers.set(hello.id, peer);
    this.byOurs.set(peer.ours, peer);
    this.byTheirs.set(peer.theirs.slice(0, -1), peer);
    return peer;
  }

  private drop(peer: Peer): void {
    this.peers.delete(peer.hello.id);
    this.byOurs.delete(peer.ours);
    this.byTheirs.delete(peer.theirs.slice(0, -1));
    this.actions.unsubscribe(peer.theirs);
  }

  private isCrowded(nowMs: number): boolean {
    if (nowMs - this.secondBeganMs >= secondMs) {
      this.secondBeganMs = nowMs;
      this.meetings = 0;
    }
    if (this.meetings === meetingsMax) return true;
    this.meetings++;
    return false;
  }
}
