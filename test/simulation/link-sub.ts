import type { EventClient, EventLine } from "./event-line.js";
import type { Network } from "./network.js";
import type { Process } from "./process.js";

/** Takes a message of another transmitter: its topic, what stands behind it, and its part. */
export type LinkReceived = (topic: string, head: string, part: Buffer) => void;

const space = 0x20;

/**
 * What a transmitter hears others by: a SUB that shows all its topics everywhere that it is
 * connected to, and another one that knocks at seeds with nothing but a hello.
 */
export class LinkSub implements EventClient {
  readonly process: Process;
  private readonly network: Network;
  private readonly onReceived: LinkReceived;
  private readonly topics = new Set<string>();
  private readonly lines = new Map<string, EventLine>();
  private readonly seedLines: EventLine[] = [];
  private hello: string | undefined;

  constructor(network: Network, process: Process, onReceived: LinkReceived) {
    this.network = network;
    this.process = process;
    this.onReceived = onReceived;
  }

  dial(address: string): void {
    if (this.lines.has(address)) return;
    const line = this.network.connectLink(address, this);
    this.lines.set(address, line);
    for (const topic of this.topics) line.subscribe(topic);
  }

  hangUp(address: string): void {
    this.lines.get(address)?.close();
    this.lines.delete(address);
  }

  /** Connects to a seed, which sees nothing but the hello. */
  seed(address: string): void {
    const line = this.network.connectLink(address, this);
    this.seedLines.push(line);
    if (this.hello !== undefined) line.subscribe(this.hello);
  }

  /** Shows this hello to all seeds from now on, in the place of the one before. */
  introduce(hello: string): void {
    for (const line of this.seedLines) {
      if (this.hello !== undefined) line.unsubscribe(this.hello);
      line.subscribe(hello);
    }
    this.hello = hello;
  }

  subscribe(topic: string): void {
    this.topics.add(topic);
    for (const line of this.lines.values()) line.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic);
    for (const line of this.lines.values()) line.unsubscribe(topic);
  }

  /** A SUB passes on what it is still subscribed to. */
  published(head: Buffer, part: Buffer): void {
    const topicEnd = head.indexOf(space, head.indexOf(space) + 1);
    const topic = head.toString("latin1", 0, topicEnd);
    if (!this.topics.has(`${topic} `)) return;
    this.onReceived(topic, head.toString("latin1", topicEnd + 1), part);
  }
}
