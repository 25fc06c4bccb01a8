import { type Context, Subscriber } from "zeromq";
import { checkAddress, isIpv6 } from "./address.js";
import { pump } from "./pump.js";

/** A cell that reads from an event connection. */
export interface EventListener {
  /** A message of a topic that it subscribed to: head and part, kept by reference. */
  onEvents(head: Buffer, part: Buffer): void;
  /** The connection is lost for good; the listener has left it. */
  onLost(reason: string): void;
}

/** Messages that wait unread in the event socket; what is beyond is dropped there, and repaired. */
const eventsMax = 512;
const reconnectMs = 50;

/** `ZMQ_SNDHWM`, which zeromq does not offer for a SUB. */
const sendHighWaterMarkOption = 23;

const space = 0x20;
const zero = 0x30;

/** What a SUB is made with. */
export interface EventSocketTerms {
  readonly context: Context;
  readonly partBytesMax: number;
}

/** A SUB that drops none of its own subscriptions, however many a thousand cells make at once. */
class PatientSubscriber extends Subscriber {
  keepSubscriptions(): void {
    this.setInt32Option(sendHighWaterMarkOption, 0);
  }
}

/**
 * The event connections of a process: one to each address, for all cells that are attached there.
 *
 * A socket of its own for each cell, with its monitor, were most of what it costs to attach a cell
 * here, and half of what it costs the transmitter, whose heartbeats of ZMTP go to each connection.
 *
 * @see PROTOCOL.md §8.13
 */
export class EventConnections {
  private readonly terms: () => EventSocketTerms;
  /** Those that further cells may join. */
  private readonly open = new Map<string, EventConnection>();

  constructor(terms: () => EventSocketTerms) {
    this.terms = terms;
  }

  /** Has a cell read from an address. @throws if the address is none. */
  join(address: string, listener: EventListener): EventConnection {
    const connection = this.open.get(address) ?? this.connect(address);
    connection.join(listener);
    return connection;
  }

  private connect(address: string): EventConnection {
    checkAddress(address);
    const connection = new EventConnection(address, this.terms(), (isOpen) => {
      if (isOpen && !this.open.has(address)) this.open.set(address, connection);
      else if (!isOpen && this.open.get(address) === connection) this.open.delete(address);
    });
    this.open.set(address, connection);
    return connection;
  }
}

/** Who reads a topic. */
interface Topic {
  readonly listeners: Set<EventListener>;
  /**
   * Those of them that came to others: until a mark comes, what comes may be older than their
   * subscription.
   */
  readonly unmarked: Set<EventListener>;
}

/** A SUB at one event socket, and the cells of this process that read from it. */
export class EventConnection {
  private readonly socket: PatientSubscriber;
  private readonly onOpen: (isOpen: boolean) => void;
  /** What each listener has subscribed to. */
  private readonly listeners = new Map<EventListener, Set<string>>();
  private readonly topics = new Map<string, Topic>();

  /**
   * @param onOpen told whether further cells may join: not while the connection is cut, since it
   *   may be lost for good.
   */
  constructor(address: string, terms: EventSocketTerms, onOpen: (isOpen: boolean) => void) {
    this.onOpen = onOpen;
    this.socket = new PatientSubscriber({
      context: terms.context,
      linger: 0,
      reconnectInterval: reconnectMs,
      receiveHighWaterMark: eventsMax,
      maxMessageSize: terms.partBytesMax,
      ipv6: isIpv6(address),
    });
    this.socket.keepSubscriptions();
    this.watch();
    try {
      this.socket.connect(address);
    } catch (error) {
      this.socket.close();
      throw error;
    }
    void pump(
      this.socket,
      (parts) => this.take(parts),
      (error) => this.lose(`receive events: ${String(error)}`),
    );
  }

  join(listener: EventListener): void {
    this.listeners.set(listener, new Set());
  }

  /** Ends what the listener has subscribed to, and the connection with its last listener. */
  leave(listener: EventListener): void {
    const names = this.listeners.get(listener);
    if (names === undefined) return;
    if (this.listeners.size > 1) {
      for (const name of names) this.unsubscribe(listener, name);
      this.listeners.delete(listener);
      return;
    }
    this.listeners.clear();
    this.topics.clear();
    this.onOpen(false);
    this.socket.close();
  }

  /**
   * Subscribes to a topic. Whoever is not the first to do so waits for a mark: the transmitter
   * publishes one for each subscription that arrives, so the topic is subscribed to anew.
   */
  subscribe(listener: EventListener, name: string): void {
    const names = this.listeners.get(listener);
    if (names === undefined || names.has(name)) return;
    names.add(name);
    const topic = this.topics.get(name);
    if (topic === undefined) {
      this.topics.set(name, { listeners: new Set([listener]), unmarked: new Set() });
    } else {
      topic.listeners.add(listener);
      topic.unmarked.add(listener);
      this.socket.unsubscribe(name);
    }
    this.socket.subscribe(name);
  }

  unsubscribe(listener: EventListener, name: string): void {
    this.listeners.get(listener)?.delete(name);
    const topic = this.topics.get(name);
    if (topic?.listeners.delete(listener) !== true) return;
    topic.unmarked.delete(listener);
    if (topic.listeners.size > 0) return;
    this.topics.delete(name);
    this.socket.unsubscribe(name);
  }

  /**
   * A connection that is refused after it stood is that of a transmitter which has ended, even if
   * the command connections do not show it yet. One that never stood is only out of reach.
   */
  private watch(): void {
    const { events } = this.socket;
    let isCut = false;
    const cut = (now: boolean): void => {
      isCut = now;
      if (this.listeners.size > 0) this.onOpen(!now);
    };
    events.on("disconnect", () => cut(true));
    events.on("handshake", () => cut(false));
    events.on("close", () => {
      if (isCut) this.lose("event connection refused");
    });
  }

  private take([head, part]: Buffer[]): void {
    if (head === undefined || part === undefined) return;
    const topic = this.topics.get(head.toString("latin1", 0, head.indexOf(space) + 1));
    if (topic === undefined) return;
    const { listeners, unmarked } = topic;
    if (unmarked.size > 0 && isMark(head)) unmarked.clear();
    const isShared = listeners.size > 1;
    for (const listener of listeners) {
      if (unmarked.has(listener)) continue;
      // Events are views on the part, and a handler may write to them.
      this.hand(listener, head, isShared ? Buffer.from(part) : part);
    }
  }

  private hand(listener: EventListener, head: Buffer, part: Buffer): void {
    try {
      listener.onEvents(head, part);
    } catch (error) {
      this.leave(listener);
      listener.onLost(`receive events: ${String(error)}`);
    }
  }

  private lose(reason: string): void {
    for (const listener of [...this.listeners.keys()]) {
      this.leave(listener);
      listener.onLost(reason);
    }
  }
}

/** Whether a message counts no events. */
function isMark(head: Buffer): boolean {
  return head[head.length - 1] === zero && head[head.length - 2] === space;
}
