import { MeshError, muteMs, type Thid, toMeshError } from "@thynapse/protocol";
import {
  helloPrefix,
  isYounger,
  type LinkHello,
  meshTopic,
  readHello,
  twinPrefix,
  writeHello,
} from "./hello.js";
import { Dials, warnMs } from "./dials.js";
import type { Link } from "./link.js";
import { readFrameHead } from "./link-frame.js";
import type { Settle } from "./link-ring.js";
import { type LinkView, viewOf } from "./link-view.js";
import { Meetings } from "./meetings.js";
import { PeeringCounts, type PeeringParts } from "./peering-parts.js";
import { isOverBudget, linkTo, noteAnew, type Peer, Peers, turn } from "./peers.js";
import { Twins } from "./twins.js";

/**
 * Who is linked with whom, over event sockets alone.
 *
 * A transmitter subscribes, everywhere it connects to, to a topic that introduces it. Whoever sees
 * that subscription connects back, and from then on each knows the other's hello. From both hellos,
 * and the secret of the mesh, come two topics, one for each direction: each side subscribes to the
 * one and lets only the other in.
 *
 * @see PROTOCOL.md §19.1 to §19.5
 */
export class Peering {
  readonly counts = new PeeringCounts();
  private readonly me: LinkHello;
  private readonly parts: PeeringParts;
  private readonly peers: Peers;
  private readonly dials: Dials;
  private readonly meetings = new Meetings();
  private readonly twins: Twins;
  /** Others that have the id of a peer, and wait until it is gone. */
  private readonly rivals = new Map<Thid, LinkHello>();
  private readonly forAll: string;
  /** The last stream of all links that are gone. */
  private epochMax = 0;

  constructor(me: LinkHello, parts: PeeringParts) {
    this.me = me;
    this.parts = parts;
    this.peers = new Peers(me, parts.prove);
    this.dials = new Dials(me.pub, parts.actions, (address) => this.peers.at(address));
    this.twins = new Twins(me, parts);
    this.forAll = meshTopic(parts.prove, me.mesh);
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    const { meetings, dials, peers, twins } = this;
    return Math.min(meetings.deadlineMs, dials.deadlineMs, peers.deadlineMs, twins.deadlineMs);
  }

  /** Introduces this transmitter to all that it will be connected to. */
  start(nowMs: number): void {
    this.twins.start(nowMs);
    this.parts.actions.subscribe(writeHello(this.me, this.parts.prove));
    this.parts.actions.subscribe(`${this.forAll} `);
  }

  /** What there is to say of each link. */
  get links(): readonly LinkView[] {
    return [...this.peers.all].map(viewOf);
  }

  /** Whom there is a link to, up or cut. */
  get all(): readonly LinkHello[] {
    return [...this.peers.all].map(({ hello }) => hello);
  }

  /** The peer that is known by an id. */
  get(id: Thid): LinkHello | undefined {
    return this.peers.get(id)?.hello;
  }

  isUp(id: Thid): boolean {
    return this.peers.get(id)?.isUp === true;
  }

  /** What waits on the link to a peer; `undefined` if none is known by that id. */
  waiting(id: Thid): Pick<Link, "unackedBytes" | "stuckSinceMs"> | undefined {
    return this.peers.get(id)?.link;
  }

  /**
   * A subscription was offered on the event socket. True admits it; `undefined`: it is none of
   * peering's.
   */
  subscribed(topic: string, nowMs: number): boolean | undefined {
    if (topic.startsWith(helloPrefix) || topic.startsWith(twinPrefix)) {
      this.heard(topic, nowMs);
      return false;
    }
    if (topic === `${this.forAll} `) return true;
    const peer = this.peers.spokenTo(topic);
    if (peer === undefined) return topic.startsWith("@") ? false : undefined;
    peer.ways++;
    this.peers.links(peer);
    // Who subscribes again is asked afresh what it has, and was not away.
    const isKept = this.peers.opens(peer);
    turn(peer, true, nowMs);
    peer.link.up(nowMs);
    if (!isKept) this.parts.handlers.linked(peer.hello);
    return true;
  }

  unsubscribed(topic: string): void {
    const peer = this.peers.spokenTo(topic);
    if (peer === undefined) return;
    peer.ways = Math.max(0, peer.ways - 1);
    if (peer.isUp && peer.ways === 0) this.peers.ends(peer);
  }

  /** A message of a peer came: what stands behind the topic of its head, and its part. */
  received(topic: string, head: string, part: Buffer, nowMs: number): void {
    const peer = this.peers.speaking(topic);
    if (peer === undefined && topic !== this.forAll) return;
    let isSafe = true;
    try {
      if (peer === undefined) this.parts.handlers.told(part);
      else {
        const frame = readFrameHead(head);
        if (peer.isUp) peer.retryDueMs = Number.POSITIVE_INFINITY;
        isSafe = false;
        if (peer.link.receive(frame, part, nowMs)) noteAnew(peer, nowMs);
      }
    } catch (thrown) {
      this.refuse(toMeshError(thrown));
      // What cannot be read as a frame is as good as lost, and comes again. But a part that was
      // refused is gone, and an ack of nothing is of another stream than ours.
      if (peer !== undefined && !isSafe) this.distrust(peer, nowMs);
    }
  }

  /**
   * Sends a part to a peer; `done` is told whether it was taken, or never will be.
   *
   * @throws {MeshError} `NOT_FOUND` if none is known by that id
   */
  send(id: Thid, part: Buffer, nowMs: number, done?: Settle): void {
    const peer = this.peers.get(id);
    if (peer === undefined) throw new MeshError("NOT_FOUND", `no link to transmitter ${id}`);
    peer.link.send(part, nowMs, done);
  }

  /** Counts and tells that something of a peer was refused. */
  refuse(error: MeshError): void {
    this.counts.framesRefused++;
    this.parts.handlers.refused(error);
  }

  /** Sends to all at once, without numbers: what may be lost. */
  tellAll(part: Buffer): void {
    this.parts.actions.publish(Buffer.from(`${this.forAll} `, "latin1"), part);
  }

  /** Tells which links are cut by now. At the end of each turn, before anything else. */
  cutOff(nowMs: number): void {
    for (const peer of this.peers.takeEnded()) this.cut(peer, nowMs);
  }

  /** Publishes what the links have to say. At the end of each turn. */
  flush(): void {
    for (const [head, part] of this.peers.takeMessages()) this.parts.actions.publish(head, part);
  }

  tick(nowMs: number): void {
    for (const hello of this.meetings.take(nowMs)) this.meet(hello, nowMs);
    for (const peer of this.peers.all) {
      peer.link.tick(nowMs);
      if (nowMs >= this.peers.retryMs(peer)) this.retry(peer, nowMs);
    }
    this.dials.tick(nowMs);
    this.twins.tick(nowMs);
  }

  /**
   * Gives a peer up for the time being: what it was sent is lost, and what it sends from here on
   * begins anew. Another one that has its id takes its place.
   */
  giveUp(id: Thid, nowMs: number): void {
    const peer = this.peers.get(id);
    if (peer === undefined) return;
    if (this.rivals.has(id)) this.forget(id, nowMs);
    else this.renew(peer, nowMs);
  }

  /** Ends the link to a peer: it has left, or is dead for long. It may come again by a hello. */
  forget(id: Thid, nowMs: number): void {
    const peer = this.peers.get(id);
    if (peer === undefined) return;
    this.remove(peer);
    this.dials.hangUp(peer.hello.pub);
    peer.link.drop();
    const rival = this.rivals.get(id);
    if (rival !== undefined) this.consider(rival, nowMs);
  }

  /**
   * Connects to an event socket that others have named, for good or for a while: whoever has it
   * will connect back.
   */
  tryOut(address: string, nowMs: number, forMs?: number): void {
    if (this.dials.tryOut(address, nowMs, forMs)) return;
    this.refuse(new MeshError("BUSY", "too many addresses where nobody answers"));
  }

  private cut(peer: Peer, nowMs: number): void {
    turn(peer, false, nowMs);
    peer.link.down();
    this.parts.handlers.cut(peer.hello);
    const rival = this.rivals.get(peer.hello.id);
    if (rival !== undefined && isYounger(rival, peer.hello)) this.consider(rival, nowMs);
  }

  private heard(topic: string, nowMs: number): void {
    try {
      if (topic.startsWith(twinPrefix)) this.twins.heard(topic, nowMs);
      else this.consider(readHello(topic, this.me.mesh, this.parts.prove), nowMs);
    } catch (thrown) {
      this.counts.hellosRefused++;
      this.parts.handlers.refused(toMeshError(thrown));
    }
  }

  private consider(hello: LinkHello, nowMs: number): void {
    if (hello.id === this.me.id) {
      if (hello.nonce === this.me.nonce) return this.parts.handlers.metItself();
      this.twins.meet(hello, nowMs);
      return this.tryOut(hello.pub, nowMs, warnMs);
    }
    const peer = this.peers.get(hello.id);
    const present = peer?.hello;
    if (present?.nonce === hello.nonce) return;
    // Another one has its id, and that was its last way: it will not come back in this turn.
    if (peer !== undefined && this.peers.opens(peer)) this.cut(peer, nowMs);
    if (present !== undefined && (this.isUp(hello.id) || isYounger(present, hello))) {
      this.rivals.set(hello.id, hello);
      if (this.isUp(hello.id)) this.parts.handlers.rivalled(present, hello);
    } else if (this.meetings.admits(hello, nowMs)) this.meet(hello, nowMs);
  }

  private meet(hello: LinkHello, nowMs: number): void {
    const known = this.peers.get(hello.id);
    this.rivals.delete(hello.id);
    if (known !== undefined) {
      this.remove(known);
      if (known.hello.pub !== hello.pub) this.dials.hangUp(known.hello.pub);
    }
    for (const stranger of this.peers.strangersTooMany()) this.forget(stranger, nowMs);
    this.dials.dial(hello.pub);
    const link = linkTo(hello, this.parts, { ours: this.epochMax, theirs: 0 });
    const peer = this.peers.add(hello, link, nowMs);
    this.parts.actions.subscribe(peer.theirs);
    if (known === undefined) return;
    this.parts.handlers.restarted(known.hello, hello);
    known.link.drop();
  }

  private retry(peer: Peer, nowMs: number): void {
    if (this.peers.putOff(peer, nowMs)) return this.dials.redial(peer.hello.pub);
    this.parts.actions.unsubscribe(peer.theirs);
    this.parts.actions.subscribe(peer.theirs);
  }

  private remove(peer: Peer): void {
    this.epochMax = Math.max(this.epochMax, peer.link.epochs.ours);
    this.peers.remove(peer);
    this.parts.actions.unsubscribe(peer.theirs);
  }

  /** Begins both streams anew. */
  private renew(peer: Peer, nowMs: number): void {
    const { link } = peer;
    const { ours, theirs } = link.epochs;
    this.epochMax = Math.max(this.epochMax, ours);
    peer.link = linkTo(peer.hello, this.parts, { ours: this.epochMax, theirs });
    if (peer.isUp) peer.link.up(nowMs);
    link.drop();
  }

  /** Going on would be to build on what was lost: the link begins anew, or is closed. */
  private distrust(peer: Peer, nowMs: number): void {
    if (isOverBudget(peer, nowMs)) {
      this.counts.linksClosed++;
      this.meetings.bar(peer.hello, nowMs + muteMs);
      this.forget(peer.hello.id, nowMs);
    } else {
      this.counts.linksRenewed++;
      this.renew(peer, nowMs);
    }
    this.parts.handlers.begunAnew(peer.hello, "both");
  }
}
