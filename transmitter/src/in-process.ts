import type {
  Clock,
  InProcessClient,
  InProcessConnection,
  InProcessTransmitter,
} from "@thynapse/cell-sdk";
import { subscriptionBytesMax } from "@thynapse/protocol";
import type { TransmitterCore } from "./core/transmitter-core.js";

const prefix = "in-process/";

/**
 * Tells whether a connection is one of this process. Routing ids begin with a zero byte, so they
 * never look like one.
 */
export function isInProcess(connection: string): boolean {
  return connection.startsWith(prefix);
}

interface Local {
  readonly client: InProcessClient;
  readonly topics: Set<string>;
}

/**
 * Connections of cells that live in the transmitter's process: the same rules as on the sockets,
 * without sockets.
 *
 * A command of a cell goes to the core at once, and what it causes comes in a later turn, never
 * from inside the call. A subscription is matched exactly.
 */
export class InProcessHub implements InProcessTransmitter {
  private readonly core: TransmitterCore;
  readonly clock: Clock;
  /** Plans a turn. */
  private readonly soon: () => void;
  private readonly connections = new Map<string, Local>();
  private readonly subscribers = new Map<string, Set<Local>>();
  private count = 0;

  constructor(core: TransmitterCore, clock: Clock, soon: () => void) {
    this.core = core;
    this.clock = clock;
    this.soon = soon;
  }

  connect(client: InProcessClient): InProcessConnection {
    const connection = `${prefix}${++this.count}`;
    const local: Local = { client, topics: new Set() };
    this.connections.set(connection, local);
    return {
      command: (part) => {
        if (!this.connections.has(connection)) return;
        this.core.receive(connection, [part], this.clock.nowMs());
        this.soon();
      },
      subscribe: (topic) => this.subscribe(connection, local, topic),
      unsubscribe: (topic) => this.unsubscribe(local, topic),
      close: () => this.close(connection, local),
    };
  }

  /** Hands a command to the cell; one whose cell has gone is told to the core. */
  send(connection: string, part: Buffer): void {
    const local = this.connections.get(connection);
    if (local !== undefined) {
      local.client.command(part);
      return;
    }
    this.core.unreachable(connection, this.clock.nowMs());
    this.soon();
  }

  /** Hands a message of the event socket to the cells that subscribed to its topic. */
  publish(head: Buffer, part: Buffer): void {
    if (this.subscribers.size === 0) return;
    const topic = head.toString("latin1", 0, head.indexOf(space) + 1);
    for (const { client } of this.subscribers.get(topic) ?? []) client.events(head, part);
  }

  /** Ends all connections. */
  closeAll(reason: string): void {
    const ended = [...this.connections.values()];
    this.connections.clear();
    this.subscribers.clear();
    for (const { client } of ended) client.closed(reason);
  }

  private subscribe(connection: string, local: Local, topic: string): void {
    const bytes = Buffer.from(topic, "latin1");
    if (!this.connections.has(connection) || bytes.length > subscriptionBytesMax) return;
    if (!this.core.subscribed(bytes, this.clock.nowMs())) return;
    local.topics.add(topic);
    const subscribers = this.subscribers.get(topic) ?? new Set();
    this.subscribers.set(topic, subscribers.add(local));
    this.soon();
  }

  private unsubscribe(local: Local, topic: string): void {
    if (!local.topics.delete(topic)) return;
    this.drop(local, topic);
    this.soon();
  }

  private close(connection: string, local: Local): void {
    if (!this.connections.delete(connection)) return;
    for (const topic of local.topics) this.drop(local, topic);
    local.topics.clear();
    this.core.unreachable(connection, this.clock.nowMs());
    this.soon();
  }

  private drop(local: Local, topic: string): void {
    const subscribers = this.subscribers.get(topic);
    subscribers?.delete(local);
    if (subscribers?.size === 0) this.subscribers.delete(topic);
    this.core.unsubscribed(Buffer.from(topic, "latin1"), this.clock.nowMs());
  }
}

const space = 0x20;
