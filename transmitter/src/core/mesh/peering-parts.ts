import type { MeshError } from "@thynapse/protocol";
import type { DialActions } from "./dials.js";
import type { LinkHello, Prove } from "./hello.js";
import type { LinkLimits } from "./link.js";

/** What peering asks of the shell: connections and subscriptions of its one SUB, and the XPUB. */
export interface PeeringActions extends DialActions {
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
  begunAnew(peer: LinkHello, side: "ours" | "theirs" | "both"): void;
  /** The peer has started again: its old self is gone. */
  restarted(old: LinkHello, peer: LinkHello): void;
  /** Another transmitter has the id of a peer whose link is up: it has to wait. */
  rivalled(present: LinkHello, other: LinkHello): void;
  /** This transmitter was among its own seeds. */
  metItself(): void;
  /** Another transmitter has our id, and has run for longer: this one is to end. */
  twin(other: LinkHello): void;
  /** Something was refused, and counted. */
  refused(error: MeshError): void;
}

/** What peering counts, for metrics. */
export class PeeringCounts {
  hellosRefused = 0;
  framesRefused = 0;
  /** Links that began anew since going on was not safe. */
  linksRenewed = 0;
  /** Links that were closed, for so many errors. */
  linksClosed = 0;
}

/** What peering is made of besides its own hello. */
export interface PeeringParts {
  readonly prove: Prove;
  readonly limits: LinkLimits;
  readonly actions: PeeringActions;
  readonly handlers: PeeringHandlers;
}
