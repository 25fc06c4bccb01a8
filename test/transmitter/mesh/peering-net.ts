import { createHmac } from "node:crypto";

import type { Thid } from "../../../protocol/src/thid.js";
import type { LinkHello, Prove } from "../../../transmitter/src/core/mesh/hello.js";
import { Peering } from "../../../transmitter/src/core/mesh/peering.js";

/** Proofs as a transmitter makes them. */
export const proving =
  (secret: string): Prove =>
  (purpose, what) =>
    createHmac("sha256", `${purpose} ${secret}`).update(what).digest("hex");

/** What a node of the net is made of; the rest is derived from its name. */
export interface NodeTerms {
  readonly mesh?: string;
  readonly secret?: string;
  readonly incarnation?: number;
}

/** One connection of a node's SUB to another's XPUB. */
interface Connection {
  readonly from: NetNode;
  readonly to: string;
  readonly admitted: Set<string>;
  isUp: boolean;
  /** What the dialling node has said on it, and what it was sent, in order. */
  readonly notices: string[];
  readonly messages: (readonly [head: string, part: Buffer])[];
}

/** A transmitter of the net: its peering, and what it was told. */
export interface NetNode {
  readonly hello: LinkHello;
  readonly peering: Peering;
  readonly told: string[];
  readonly parts: string[];
  readonly topics: Set<string>;
}

/** Event sockets and what subscribes to them, as ZeroMQ joins them: in order, with cuts. */
export class PeeringNet {
  nowMs = 0;
  dials = 0;
  private readonly nodes = new Map<string, NetNode>();
  private connections: Connection[] = [];

  /** Starts a transmitter at an address of its name; one that stood there is gone. */
  start(name: string, terms: NodeTerms = {}): NetNode {
    const { mesh = "default", secret = "", incarnation = 1 } = terms;
    this.stop(name);
    const hello: LinkHello = {
      id: Buffer.from(name.padEnd(20, "-")).toString("hex") as Thid,
      incarnation,
      mesh,
      pub: name,
      command: `${name} commands`,
      nonce: Buffer.from(`${name}${incarnation}`.padEnd(16, "-")).toString("hex"),
    };
    const told: string[] = [];
    const parts: string[] = [];
    const nameOf = (peer: LinkHello): string => `${peer.pub}/${peer.incarnation}`;
    const node: NetNode = {
      hello,
      told,
      parts,
      topics: new Set(),
      peering: new Peering(hello, {
        prove: proving(secret),
        limits: { linkWindow: 256, linkBytesMax: 1024 * 1024 },
        actions: {
          dial: (address) => this.dial(node, address),
          hangUp: (address) => this.hangUp(node, address),
          subscribe: (topic) => this.subscribe(node, topic),
          unsubscribe: (topic) => void node.topics.delete(topic),
          publish: (head, part) => this.publish(name, head.toString("latin1"), part),
        },
        handlers: {
          linked: (peer) => told.push(`linked ${nameOf(peer)}`),
          cut: (peer) => told.push(`cut ${nameOf(peer)}`),
          taken: (peer, part) => parts.push(`${nameOf(peer)} ${part.toString()}`),
          begunAnew: (peer, side) => told.push(`begun anew ${nameOf(peer)} ${side}`),
          restarted: (_old, peer) => told.push(`restarted ${nameOf(peer)}`),
          twin: (other) => told.push(`twin ${nameOf(other)}`),
          refused: (error) => told.push(`refused ${error.code}`),
        },
      }),
    };
    this.nodes.set(name, node);
    node.peering.start();
    this.mend();
    return node;
  }

  /** Kills a transmitter: its connections end. */
  stop(name: string): void {
    this.cutWhere((connection) => connection.from.hello.pub === name || connection.to === name);
    this.connections = this.connections.filter(({ from }) => from.hello.pub !== name);
    this.nodes.delete(name);
  }

  /** Shows the hello of one at the event socket of another, as a seed is knocked at. */
  knock(from: NetNode, at: string): void {
    const [hello = ""] = [...from.topics];
    this.nodes.get(at)?.peering.subscribed(hello, this.nowMs);
    this.settle();
  }

  /** Cuts every connection between two, both ways. */
  cut(one: string, other: string): void {
    const both = [one, other];
    this.cutWhere(({ from, to }) => both.includes(from.hello.pub) && both.includes(to));
  }

  /** Connects again what was cut, where both ends stand. */
  mend(): void {
    for (const connection of this.connections) if (!connection.isUp) this.connect(connection);
  }

  pass(ms: number): void {
    this.nowMs += ms;
    for (const { peering } of this.nodes.values()) peering.tick(this.nowMs);
    this.settle();
  }

  /** Carries notices and messages until nothing moves. */
  settle(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const connection of [...this.connections]) moved = this.carry(connection) || moved;
      for (const { peering } of this.nodes.values()) peering.flush();
      moved ||= this.connections.some(
        ({ messages, notices }) => messages.length + notices.length > 0,
      );
    }
  }

  private carry({ from, to, admitted, notices, messages }: Connection): boolean {
    const target = this.nodes.get(to);
    const moved = notices.length + messages.length > 0;
    for (const topic of notices.splice(0)) {
      if (target?.peering.subscribed(topic, this.nowMs) === true) admitted.add(topic);
    }
    for (const [head, part] of messages.splice(0)) {
      const [kind, name, ...rest] = head.split(" ");
      from.peering.received(`${kind} ${name}`, rest.join(" "), part, this.nowMs);
    }
    return moved;
  }

  private dial(from: NetNode, to: string): void {
    this.dials++;
    const connection: Connection = {
      from,
      to,
      admitted: new Set(),
      isUp: false,
      notices: [],
      messages: [],
    };
    this.connections.push(connection);
    this.connect(connection);
  }

  private connect(connection: Connection): void {
    if (!this.nodes.has(connection.to)) return;
    connection.isUp = true;
    connection.notices.push(...connection.from.topics);
  }

  private hangUp(from: NetNode, to: string): void {
    const isMeant = (connection: Connection): boolean =>
      connection.from === from && connection.to === to;
    this.cutWhere(isMeant);
    this.connections = this.connections.filter((connection) => !isMeant(connection));
  }

  private subscribe(from: NetNode, topic: string): void {
    from.topics.add(topic);
    for (const connection of this.connections) {
      if (connection.from === from && connection.isUp) connection.notices.push(topic);
    }
  }

  private publish(name: string, head: string, part: Buffer): void {
    for (const { to, admitted, messages, isUp } of this.connections) {
      if (!isUp || to !== name) continue;
      for (const topic of admitted) if (head.startsWith(topic)) messages.push([head, part]);
    }
  }

  private cutWhere(isMeant: (connection: Connection) => boolean): void {
    for (const connection of this.connections) {
      if (!connection.isUp || !isMeant(connection)) continue;
      connection.isUp = false;
      connection.notices.splice(0);
      connection.messages.splice(0);
      for (const topic of connection.admitted) {
        this.nodes.get(connection.to)?.peering.unsubscribed(topic);
      }
      connection.admitted.clear();
    }
  }
}
