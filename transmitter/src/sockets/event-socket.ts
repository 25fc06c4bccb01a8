import { subscriptionBytesMax } from "@thynapse/protocol";
import { XPublisher } from "zeromq";
import { type ListeningOptions, listening, metadataOption } from "./listening.js";
import { meshProperty } from "./zmtp-probe.js";

/** How an event socket is made. */
export interface EventSocketOptions extends ListeningOptions {
  /** Messages that wait for one cell before ZeroMQ drops those that follow. */
  readonly highWaterMark: number;
}

/** What an event socket tells its owner. */
export interface EventSocketHandlers {
  /** A subscription was offered; true admits exactly that topic, for that connection. */
  subscribed(topic: Buffer): boolean;
  /** A subscription was offered at a moment in which none can be admitted. */
  passedOver?(topic: Buffer): void;
  /** A connection ended its subscription, or died. */
  unsubscribed(topic: Buffer): void;
  /** A message that cannot be published: a defect. */
  readonly failed: (error: unknown) => void;
}

/** `ZMQ_SUBSCRIBE` and `ZMQ_UNSUBSCRIBE`, which zeromq does not name for an XPUB. */
const subscribeOption = 6;
const unsubscribeOption = 7;

const unsubscription = 0;
const subscription = 1;

/** An XPUB that admits nobody by itself. */
class GuardedPublisher extends XPublisher {
  describe(name: string, value: string): void {
    this.setStringOption(metadataOption, `${name}:${value}`);
  }

  /** Admits the connection from which the last received notice came. */
  admit(topic: Buffer): void {
    this.setStringOption(subscribeOption, topic);
  }

  /** Stops sending the topic to the connection from which the last received notice came. */
  dismiss(topic: Buffer): void {
    this.setStringOption(unsubscribeOption, topic);
  }
}

/**
 * The XPUB of a transmitter: it publishes to those connections alone whose subscription was
 * admitted.
 *
 * libzmq remembers from which connection the last notice came, and admits that one. So an answer is
 * given in the turn in which `receive` returned, before anything else is received. A message that
 * is no notice shifts that memory by one: the next answers would go to somebody else. After one
 * nothing is admitted until the socket has been read dry, which sets the memory right. A cell whose
 * subscription fell into that time gets no mark and subscribes again.
 *
 * Manual mode tells of each subscription, also of the second one for a topic; and when a connection
 * ends, of each topic that it had.
 *
 * @see PROTOCOL.md §8.1, §8.4
 */
export class EventSocket {
  /** For the pump alone. */
  readonly socket: GuardedPublisher;
  private readonly handlers: EventSocketHandlers;
  private shifted = false;
  /** How many connections listen to each topic. */
  private readonly admitted = new Map<string, number>();
  private held: [head: Buffer, part: Buffer][] | undefined;
  /** Messages that were no notices. */
  foreignCount = 0;
  /** Subscriptions passed over because the socket had not been read dry. */
  shiftedCount = 0;

  constructor(options: EventSocketOptions, handlers: EventSocketHandlers) {
    this.handlers = handlers;
    this.socket = new GuardedPublisher({
      ...listening(options),
      manual: true,
      sendHighWaterMark: options.highWaterMark,
      // Subscriptions wait for the pump without a bound, as they do in an XPUB anyhow: so ZeroMQ
      // never stops reading, and its heartbeats are safe. They tell a frozen cell from a busy one.
      receiveHighWaterMark: 0,
      heartbeatInterval: Math.round(options.deadAfterMs / 3),
      heartbeatTimeout: options.deadAfterMs,
      heartbeatTimeToLive: options.deadAfterMs,
      maxMessageSize: subscriptionBytesMax,
    });
    this.socket.describe(meshProperty, options.mesh);
  }

  /** Whether anybody is admitted to anything. */
  get isHeard(): boolean {
    return this.admitted.size > 0;
  }

  /** Takes what `receive` returned, in the same turn. */
  take(parts: readonly Buffer[]): void {
    if (this.socket.closed) return;
    const [notice] = parts;
    const kind = parts.length === 1 ? notice?.[0] : undefined;
    if (notice === undefined || (kind !== subscription && kind !== unsubscription)) {
      this.foreignCount++;
      this.shifted = true;
    } else if (kind === subscription) this.subscribed(notice.subarray(1));
    else this.unsubscribed(notice.subarray(1));
    if (this.shifted && !this.socket.readable) this.shifted = false;
  }

  /** Sends one message to those admitted to its head. Neither buffer may be written to again. */
  publish(head: Buffer, part: Buffer): void {
    if (this.held !== undefined) {
      this.held.push([head, part]);
      return;
    }
    // A full pipe drops its copy and is no error here, so this rejects for defects alone.
    this.socket.send([head, part]).catch(this.handlers.failed);
  }

  /** Publishes nothing until `unhold`; what is given meanwhile waits. */
  hold(): void {
    this.held ??= [];
  }

  /** Publishes again. */
  unhold(): void {
    const messages = this.held ?? [];
    this.held = undefined;
    for (const [head, part] of messages) this.publish(head, part);
  }

  /** Closes the socket, at once: one that lingered would not read, and see `keptAlive`. */
  close(): void {
    this.held = [];
    if (!this.socket.closed) this.socket.close();
  }

  private subscribed(topic: Buffer): void {
    if (this.shifted) {
      this.shiftedCount++;
      this.handlers.passedOver?.(topic);
    } else if (this.handlers.subscribed(topic)) {
      const key = topic.toString("latin1");
      this.admitted.set(key, (this.admitted.get(key) ?? 0) + 1);
      this.socket.admit(topic);
    }
  }

  private unsubscribed(topic: Buffer): void {
    const key = topic.toString("latin1");
    const left = (this.admitted.get(key) ?? 0) - 1;
    if (left > 0) this.admitted.set(key, left);
    else this.admitted.delete(key);
    this.handlers.unsubscribed(topic);
    // Of a connection that died libzmq knows no more than that, and does nothing.
    if (!this.shifted) this.socket.dismiss(topic);
  }
}
