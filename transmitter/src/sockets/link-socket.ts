import { Subscriber } from "zeromq";
import { Dialler } from "./dialler.js";
import { keptAlive, type ListeningOptions } from "./listening.js";
import { addressesOf, type Lookup } from "./name-watch.js";

/** What links tell their owner. */
export interface LinkSocketHandlers {
  /** A message of another transmitter: its topic, what stands behind it, and its part. */
  received(topic: string, head: string, part: Buffer): void;
  /** A transmitter names an address that cannot be connected to. */
  undiallable(address: string): void;
}

/** A part is a run or a word of the mesh, of at most one large event and what is around it. */
const partBytesMax = 8 * 1024 * 1024;
/** Messages that wait unread; what is beyond is dropped there, and sent again by the link. */
const unreadMax = 1024;
const reconnectMs = 100;
/** With `connectMs` at most 2 s until a link that has healed is tried. */
const reconnectMsMax = 800;
/** A connection that is not made by then is tried anew; the system would wait ever longer. */
const connectMs = 1000;

const space = 0x20;

/**
 * What a transmitter hears others by: one SUB for its links, and one that only knocks at seeds.
 *
 * A SUB shows all its topics to everyone that it is connected to, and is connected twice to whoever
 * it dials by two addresses. So seeds, of which nobody knows whose they are, get a socket of their
 * own that shows nothing but the hello; who sees it connects back and is then dialled by its own
 * address. It stays connected: a seed that comes later, or again, sees the hello too.
 *
 * Both must always be received from: a SUB that is not read does not even subscribe again.
 */
export class LinkSocket {
  /** For the pumps alone. */
  readonly sockets: readonly [links: Subscriber, seeds: Subscriber];
  private readonly handlers: LinkSocketHandlers;
  private readonly links: Dialler;
  private readonly seeds: Dialler;
  private hello: string | undefined;
  /** How many seeds have led to each address. */
  private readonly knocks = new Map<string, number>();

  constructor(
    { context, ipv6, deadAfterMs }: ListeningOptions,
    handlers: LinkSocketHandlers,
    lookup: Lookup = addressesOf,
  ) {
    this.handlers = handlers;
    const make = (): Subscriber =>
      new Subscriber({
        context,
        ipv6,
        linger: 0,
        maxMessageSize: partBytesMax,
        receiveHighWaterMark: unreadMax,
        reconnectInterval: reconnectMs,
        reconnectMaxInterval: reconnectMsMax,
        connectTimeout: connectMs,
        ...keptAlive,
        // A link that hears nothing subscribes again, and that must be acked.
        tcpMaxRetransmitTimeout: deadAfterMs,
      });
    this.sockets = [make(), make()];
    const undiallable = (address: string): void => handlers.undiallable(address);
    this.links = new Dialler(this.sockets[0], { lookup, undiallable });
    this.seeds = new Dialler(this.sockets[1], { lookup, undiallable });
  }

  /** Connects to an event socket, and again whenever the connection is lost. @see Dialler.dial */
  dial(address: string): void {
    this.links.dial(address);
  }

  hangUp(address: string): void {
    this.links.hangUp(address);
  }

  /** Shows the hello at the event socket of a seed, until as many calls of `unknock`. */
  knock(address: string): void {
    const count = this.knocks.get(address) ?? 0;
    if (count === 0 && !this.seeds.dial(address)) return;
    this.knocks.set(address, count + 1);
  }

  unknock(address: string): void {
    const count = this.knocks.get(address) ?? 0;
    if (count > 1) this.knocks.set(address, count - 1);
    else if (this.knocks.delete(address)) this.seeds.hangUp(address);
  }

  /** Shows this hello at all seeds from now on, and no other one. */
  introduce(hello: string): void {
    const [, seeds] = this.sockets;
    if (this.hello !== undefined) seeds.unsubscribe(this.hello);
    this.hello = hello;
    seeds.subscribe(hello);
  }

  subscribe(topic: string): void {
    this.sockets[0].subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.sockets[0].unsubscribe(topic);
  }

  /** Takes what `receive` returned. The topic is the first two words of the head. */
  take([head, part]: readonly Buffer[]): void {
    if (head === undefined || part === undefined) return;
    const topicEnd = head.indexOf(space, head.indexOf(space) + 1);
    if (topicEnd < 0) return;
    const topic = head.toString("latin1", 0, topicEnd);
    this.handlers.received(topic, head.toString("latin1", topicEnd + 1), part);
  }

  close(): void {
    this.links.close();
    this.seeds.close();
    for (const socket of this.sockets) socket.close();
  }
}
