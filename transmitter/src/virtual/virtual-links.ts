import type { LinkWriter } from "../turns.js";

/** A transmitter without sockets, as others see it. */
export interface VirtualPeer {
  readonly address: string;
  /** Whether it admits the subscription. */
  subscribed(topic: string): boolean;
  unsubscribed(topic: string): void;
  received(topic: string, head: string, part: Buffer): void;
}

interface Connection {
  readonly to: string;
  /** What the other side admits, while it is there. */
  readonly admitted: Set<string>;
}

/** What of one transmitter goes out to others. */
interface End {
  readonly peer: VirtualPeer;
  readonly topics: Set<string>;
  readonly connections: Map<string, Connection>;
  hello: string | undefined;
}

const space = 0x20;

/**
 * The links of transmitters that live in one process: what is published is there in the same
 * moment. As on sockets, a connection to whoever is not there stands as soon as it comes.
 */
export class VirtualLinks {
  private readonly ends = new Map<string, End>();

  /** Takes a transmitter in, and returns how it reaches others; they reach it from `appear` on. */
  open(peer: VirtualPeer): LinkWriter {
    const end: End = { peer, topics: new Set(), connections: new Map(), hello: undefined };
    this.ends.set(peer.address, end);
    return {
      dial: (address) => this.dial(end, address),
      hangUp: (address) => this.hangUp(end, address),
      subscribe: (topic) => {
        end.topics.add(topic);
        for (const connection of end.connections.values()) this.offer(connection, topic);
      },
      unsubscribe: (topic) => {
        end.topics.delete(topic);
        for (const connection of end.connections.values()) this.withdraw(connection, topic);
      },
      introduce: (hello) => {
        end.hello = hello;
        for (const other of this.ends.values()) if (other !== end) other.peer.subscribed(hello);
      },
    };
  }

  /** A transmitter listens: who wants to connect to it does. */
  appear(address: string): void {
    for (const end of this.ends.values()) this.connectAgain(end, address);
  }

  /** A transmitter is gone, with all its connections. */
  close(address: string): void {
    const gone = this.ends.get(address);
    this.ends.delete(address);
    for (const connection of gone?.connections.values() ?? []) {
      for (const topic of connection.admitted) this.withdraw(connection, topic);
    }
    for (const { connections } of this.ends.values()) connections.get(address)?.admitted.clear();
  }

  /** Hands a message of a transmitter to those who have subscribed to its topic. */
  publish(from: string, head: Buffer, part: Buffer): void {
    const topicEnd = head.indexOf(space, head.indexOf(space) + 1);
    if (topicEnd < 0) return;
    const topic = head.toString("latin1", 0, topicEnd);
    for (const { peer, connections } of this.ends.values()) {
      if (connections.get(from)?.admitted.has(`${topic} `) !== true) continue;
      peer.received(topic, head.toString("latin1", topicEnd + 1), part);
    }
  }

  private dial(end: End, address: string): void {
    if (end.connections.has(address)) return;
    end.connections.set(address, { to: address, admitted: new Set() });
    this.connectAgain(end, address);
  }

  private hangUp(end: End, address: string): void {
    const connection = end.connections.get(address);
    if (connection === undefined) return;
    end.connections.delete(address);
    for (const topic of connection.admitted) this.withdraw(connection, topic);
  }

  /** Shows whoever is at an address what this transmitter asks for: there is somebody new. */
  private connectAgain(end: End, address: string): void {
    const other = this.ends.get(address);
    if (other === undefined || other === end) return;
    if (end.hello !== undefined) other.peer.subscribed(end.hello);
    const connection = end.connections.get(address);
    if (connection === undefined) return;
    for (const topic of end.topics) this.offer(connection, topic);
  }

  private offer(connection: Connection, topic: string): void {
    const other = this.ends.get(connection.to);
    if (other?.peer.subscribed(topic) === true) connection.admitted.add(topic);
  }

  private withdraw(connection: Connection, topic: string): void {
    if (!connection.admitted.delete(topic)) return;
    this.ends.get(connection.to)?.peer.unsubscribed(topic);
  }
}
