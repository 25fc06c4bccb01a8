import type { LinkHello, Prove } from "../../../transmitter/src/core/mesh/hello.js";
import { Peering } from "../../../transmitter/src/core/mesh/peering.js";
import type { PeeringActions } from "../../../transmitter/src/core/mesh/peering-parts.js";
import { type Ears, Net, type NetNode } from "./net.js";

/** A transmitter that is nothing but its links, and what it was told. */
export interface PeeringNode extends NetNode {
  readonly peering: Peering;
  readonly told: string[];
  readonly parts: string[];
}

/** Links of transmitters that have nothing else. */
export class PeeringNet extends Net<PeeringNode> {
  protected make(
    hello: LinkHello,
    prove: Prove,
    topics: Set<string>,
    actions: PeeringActions,
  ): PeeringNode {
    const told: string[] = [];
    const parts: string[] = [];
    const nameOf = (peer: LinkHello): string => `${peer.pub}/${peer.incarnation}`;
    const peering = new Peering(hello, {
      prove,
      limits: { linkWindow: 256, linkBytesMax: 1024 * 1024 },
      actions,
      handlers: {
        linked: (peer) => told.push(`linked ${nameOf(peer)}`),
        cut: (peer) => told.push(`cut ${nameOf(peer)}`),
        taken: (peer, part) => parts.push(`${nameOf(peer)} ${part.toString()}`),
        told: (part) => parts.push(`to all: ${part.toString()}`),
        begunAnew: (peer, side) => told.push(`begun anew ${nameOf(peer)} ${side}`),
        restarted: (_old, peer) => told.push(`restarted ${nameOf(peer)}`),
        rivalled: (present, other) => told.push(`rivalled ${nameOf(present)} ${nameOf(other)}`),
        metItself: () => told.push("met itself"),
        twin: (other) => told.push(`twin ${nameOf(other)}`),
        refused: (error) => told.push(`refused ${error.code}`),
      },
    });
    return { hello, topics, peering, ears: earsOf(peering), told, parts };
  }
}

function earsOf(peering: Peering): Ears {
  return {
    start: (_seeds, nowMs) => peering.start(nowMs),
    subscribed: (topic, nowMs) => peering.subscribed(topic, nowMs),
    unsubscribed: (topic) => peering.unsubscribed(topic),
    received: (topic, head, part, nowMs) => peering.received(topic, head, part, nowMs),
    tick: (nowMs) => peering.tick(nowMs),
    cutOff: (nowMs) => peering.cutOff(nowMs),
    flush: () => peering.flush(),
  };
}
