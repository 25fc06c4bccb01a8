import { createHmac } from "node:crypto";

import type { Thid } from "../../../protocol/src/thid.js";
import type { LinkHello, Prove } from "../../../transmitter/src/core/mesh/hello.js";
import type { PeeringActions } from "../../../transmitter/src/core/mesh/peering-parts.js";

/** The id of the transmitter of this name. */
export const idOf = (name: string): Thid =>
  Buffer.from(name.padEnd(20, "-")).toString("hex") as Thid;

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
  readonly seeds?: number;
  /** Whose id it has, if not its own. */
  readonly twinOf?: string;
}

/** One connection of a node's SUB to another's XPUB. */
interface Connection {
  readonly from: NetNode;
  readonly to: string;
  readonly admitted: Set<string>;
  isUp: boolean;
  /** What the dialling node has said on it, a `!` before what it takes back, and what it was sent. */
  readonly notices: string[];
  readonly messages: (readonly [head: string, part: Buffer])[];
}

/** What of a transmitter is tied to its event socket and to its connections to others'. */
export interface Ears {
  subscribed(topic: string, nowMs: number): boolean | undefined;
  unsubscribed(topic: string, nowMs: number): void;
  received(topic: string, head: string, part: Buffer, nowMs: number): void;
  tick(nowMs: number): void;
  cutOff(nowMs: number): void;
  flush(): void;
  start(seeds: number, nowMs: number): void;
}

/** A transmitter of a net. */
export interface NetNode {
  readonly hello: LinkHello;
  readonly ears: Ears;
  readonly topics: Set<string>;
}

/** Event sockets and what subscribes to them, as ZeroMQ joins them: in order, with cuts. */
export abstract class Net<Node extends NetNode> {
  nowMs = 0;
  dials = 0;
  protected readonly nodes = new Map<string, Node>();
  private connections: Connection[] = [];
  /** Who does nothing for the time being. */
  private paused: string | undefined;
  /** Who takes nothing that comes on links, but speaks and hears what is for all. */
  readonly deaf = new Set<string>();
  /** Pairs that cannot connect. */
  private readonly broken = new Set<string>();

  /** Starts a transmitter at an address of its name; one that stood there is gone. */
  start(name: string, terms: NodeTerms = {}): Node {
    const { mesh = "default", secret = "", incarnation = 1 } = terms;
    this.stop(name);
    const hello: LinkHello = {
      id: idOf(terms.twinOf ?? name),
      incarnation,
      mesh,
      pub: name,
      command: `${name} commands`,
      nonce: Buffer.from(`${name}${incarnation}`.padEnd(16, "-")).toString("hex"),
    };
    const topics = new Set<string>();
    const of = (): NetNode => node;
    const node: Node = this.make(hello, proving(secret), topics, {
      dial: (address) => this.dial(of(), address),
      hangUp: (address) => this.hangUp(of(), address),
      subscribe: (topic) => this.subscribe(of(), topic),
      unsubscribe: (topic) => this.unsubscribe(of(), topic),
      publish: (head, part) => this.publish(name, head.toString("latin1"), part),
    });
    this.nodes.set(name, node);
    node.ears.start(terms.seeds ?? 0, this.nowMs);
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
    this.nodes.get(at)?.ears.subscribed(hello, this.nowMs);
    this.settle();
  }

  /** Cuts every connection between two, both ways, until it is mended. */
  cut(one: string, other: string): void {
    this.cutOneWay(one, other);
    this.cutOneWay(other, one);
  }

  /** Cuts what one hears of another. */
  cutOneWay(by: string, of: string): void {
    this.broken.add(`${by} to ${of}`);
    this.cutWhere(({ from, to }) => from.hello.pub === by && to === of);
  }

  /** Connects again what was cut, where both ends stand. */
  mend(): void {
    this.broken.clear();
    for (const connection of this.connections) if (!connection.isUp) this.connect(connection);
  }

  pass(ms: number): void {
    this.nowMs += ms;
    for (const { ears } of this.active) ears.tick(this.nowMs);
    this.settle();
  }

  /** Freezes a transmitter for some time, in which all others go on; its sockets stay connected. */
  pause(name: string, ms: number): void {
    this.paused = name;
    for (let left = ms; left > 0; left -= 50) this.pass(50);
    this.paused = undefined;
  }

  /** Carries notices and messages until nothing moves. */
  settle(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const connection of [...this.connections]) moved = this.carry(connection) || moved;
      for (const { ears } of this.active) {
        ears.cutOff(this.nowMs);
        ears.flush();
      }
      moved ||= this.connections.some(
        ({ from, to, messages, notices }) =>
          this.paused !== to &&
          this.paused !== from.hello.pub &&
          messages.length + notices.length > 0,
      );
    }
  }

  private get active(): Node[] {
    return [...this.nodes.values()].filter(({ hello }) => hello.pub !== this.paused);
  }

  /** Makes what listens at the sockets of a transmitter. */
  protected abstract make(
    hello: LinkHello,
    prove: Prove,
    topics: Set<string>,
    actions: PeeringActions,
  ): Node;

  private carry({ from, to, admitted, notices, messages }: Connection): boolean {
    if (this.paused === to || this.paused === from.hello.pub) return false;
    const target = this.nodes.get(to);
    const moved = notices.length + messages.length > 0;
    for (const notice of notices.splice(0)) {
      if (!notice.startsWith("!")) {
        if (target?.ears.subscribed(notice, this.nowMs) === true) admitted.add(notice);
      } else if (admitted.delete(notice.slice(1))) {
        target?.ears.unsubscribed(notice.slice(1), this.nowMs);
      }
    }
    for (const [head, part] of messages.splice(0)) {
      const [kind, name, ...rest] = head.split(" ");
      if (kind === "@link" && this.deaf.has(from.hello.pub)) continue;
      from.ears.received(`${kind} ${name}`, rest.join(" "), part, this.nowMs);
    }
    return moved;
  }

  private dial(from: NetNode, to: string): void {
    if (this.connections.some((each) => each.from === from && each.to === to)) return;
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
    const { from, to } = connection;
    if (!this.nodes.has(to) || this.broken.has(`${from.hello.pub} to ${to}`)) return;
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

  private unsubscribe(from: NetNode, topic: string): void {
    from.topics.delete(topic);
    for (const connection of this.connections) {
      if (connection.from === from && connection.isUp) connection.notices.push(`!${topic}`);
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
        this.nodes.get(connection.to)?.ears.unsubscribed(topic, this.nowMs);
      }
      connection.admitted.clear();
    }
  }
}
