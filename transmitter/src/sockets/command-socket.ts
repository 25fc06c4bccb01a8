import { commandBytesMax, encodeJson, writeFrame } from "@thynapse/protocol";
import { type Context, Router } from "zeromq";
import { PeerQueue } from "./peer-queue.js";
import { Prober } from "./prober.js";

/** How a command socket is made. */
export interface CommandSocketOptions {
  readonly context: Context;
  readonly ipv6: boolean;
  /** Silence of a connection after which ZeroMQ cuts it, in ms; it is asked three times as often. */
  readonly deadAfterMs: number;
  /** Bytes that may wait for one connection. */
  readonly queueBytesMax: number;
  /** How long a closed socket may go on sending, in ms. */
  readonly lingerMs: number;
}

/** What a command socket tells its owner. */
export interface CommandSocketHandlers {
  /** The connection is gone; what was queued for it is dropped. */
  unreachable(connection: string): void;
  /** More than `queueBytesMax` waited for the connection; all of it was dropped. */
  overflowed(connection: string): void;
  /** A message that cannot be sent for another reason: a defect. */
  failed(error: unknown): void;
}

/** One message to one connection. */
export interface Outgoing {
  readonly connection: string;
  readonly part: Buffer;
}

/** What the socket remembers of one connection. */
interface Peer {
  readonly connection: string;
  readonly routingId: Buffer;
  /** Whether its last message came behind an empty delimiter; answers then carry one too. */
  delimited: boolean;
  /** Whether it was heard of, or written to, since the last sweep. */
  fresh: boolean;
  readonly waiting: PeerQueue;
}

/** Room above the limit of a part, so that what is a little too long is answered and not cut off. */
const partRoomBytes = 4096;

/** A connection that has not finished its handshake by then is closed, in ms. */
const handshakeMs = 2000;

/** First and longest pause before a full pipe is tried again, in ms. A full pipe gives no sign when it has room. */
const retryMs = 1;
const retryMsMax = 16;

/** Connections without traffic for one to two of these are forgotten; a cell beats four times a second. In ms. */
const sweepMs = 30_000;

/** A routing id that the socket chose: a zero byte and a number. */
const routingIdBytes = 5;

const chosenAnswer = writeFrame(
  "J",
  "ERRO",
  encodeJson({
    code: "BAD_ID",
    message: "BAD_ID: the connection has a routing id of its own choice",
    command: "",
    hint: "set no routing id on the DEALER",
  }),
);

const delimiter = Buffer.alloc(0);

/**
 * The ROUTER of a transmitter: one part to or from each connection, with a queue per connection in front.
 *
 * There is one writer, `flush`. It awaits each send, which costs a tenth more than not to, because only the promise
 * says that a pipe was full, and what is sent behind a part that was not taken would overtake it. With `sendTimeout: 0`
 * no send is ever pending, so a full pipe holds up nobody else. A part belongs to the socket once it was given.
 *
 * A connection is named by its routing id as latin-1 text. The socket chooses the ids; see PROTOCOL.md §1.5.
 */
export class CommandSocket {
  /** For the pump alone. */
  readonly socket: Router;
  private readonly options: CommandSocketOptions;
  private readonly handlers: CommandSocketHandlers;
  private readonly peers = new Map<string, Peer>();
  private readonly full = new Set<Peer>();
  private readonly prober: Prober;
  private readonly sweeper: NodeJS.Timeout;
  /** Messages of connections that chose their routing id. */
  chosenCount = 0;
  private outgoing: Outgoing[] = [];
  private writing: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private retryInMs = retryMs;
  private held: Promise<void> | undefined;
  private release: (() => void) | undefined;

  constructor(options: CommandSocketOptions, handlers: CommandSocketHandlers) {
    this.options = options;
    this.handlers = handlers;
    this.socket = new Router({
      context: options.context,
      ipv6: options.ipv6,
      mandatory: true,
      sendTimeout: 0,
      linger: options.lingerMs,
      maxMessageSize: commandBytesMax + partRoomBytes,
      handshakeInterval: handshakeMs,
      heartbeatInterval: Math.round(options.deadAfterMs / 3),
      heartbeatTimeout: options.deadAfterMs,
      heartbeatTimeToLive: options.deadAfterMs,
    });
    this.prober = new Prober((connection, part) => this.probeOnce(connection, part));
    this.sweeper = setInterval(() => this.sweep(), sweepMs).unref();
  }

  /** Bytes that wait for connections whose pipe is full. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const peer of this.full) bytes += peer.waiting.bytes;
    return bytes;
  }

  /**
   * Takes the routing id off a received message, and notes how the connection wants its answers.
   *
   * @returns the name of the connection, and `parts` then holds what it sent; undefined for a connection that chose its
   * id by itself, which is answered and otherwise ignored: it could take the id of another one.
   */
  admit(parts: Buffer[]): string | undefined {
    const routingId = parts.shift() ?? delimiter;
    const connection = routingId.toString("latin1");
    if (routingId[0] !== 0 || routingId.length !== routingIdBytes) {
      this.chosenCount++;
      this.send({ connection, part: chosenAnswer });
      return undefined;
    }
    let peer = this.peers.get(connection);
    if (peer === undefined) {
      peer = newPeer(connection, routingId);
      this.peers.set(connection, peer);
    }
    peer.fresh = true;
    peer.delimited = parts.length > 1 && parts[0]?.length === 0;
    return connection;
  }

  /** Queues a message; `flush` sends it. */
  send(message: Outgoing): void {
    this.outgoing.push(message);
  }

  /** Sends a part again and again for a moment, to learn whether the connection is gone. */
  probe(message: Outgoing): void {
    this.prober.start(message);
  }

  /** Sends what is queued; resolves when each message was sent, or waits for its pipe. */
  flush(): Promise<void> {
    if (this.writing !== undefined) return this.writing;
    if (this.outgoing.length === 0) return settled;
    this.writing = this.write().finally(() => {
      this.writing = undefined;
    });
    return this.writing;
  }

  /** Sends nothing until `unhold`; what is given meanwhile waits. */
  hold(): void {
    this.held ??= new Promise<void>((resolve) => {
      this.release = resolve;
    });
  }

  /** Sends again. */
  unhold(): void {
    this.held = undefined;
    this.release?.();
  }

  /** Closes the socket. What was handed to ZeroMQ goes out while it lingers; the rest is dropped. */
  close(): void {
    clearInterval(this.sweeper);
    clearTimeout(this.retry);
    this.prober.close();
    this.outgoing = [];
    this.unhold();
    this.socket.close();
  }

  private async write(): Promise<void> {
    for (let messages = this.take(); messages.length > 0; messages = this.take()) {
      for (const { connection, part } of messages) {
        const peer = this.peer(connection);
        if (!peer.waiting.empty) this.queue(peer, part);
        else {
          if (this.held !== undefined) await this.held;
          try {
            await this.offer(peer, part);
          } catch (error) {
            this.refused(peer, part, error);
          }
        }
      }
    }
  }

  private take(): readonly Outgoing[] {
    const messages = this.outgoing;
    this.outgoing = [];
    return messages;
  }

  private offer(peer: Peer, part: Buffer): Promise<void> {
    const { routingId } = peer;
    return this.socket.send(peer.delimited ? [routingId, delimiter, part] : [routingId, part]);
  }

  private refused(peer: Peer, part: Buffer, error: unknown): void {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EAGAIN") this.queue(peer, part);
    else if (code === "EHOSTUNREACH") this.forget(peer);
    else if (!this.socket.closed) this.handlers.failed(error);
  }

  private queue(peer: Peer, part: Buffer): void {
    peer.waiting.push(part);
    if (peer.waiting.bytes > this.options.queueBytesMax) {
      peer.waiting.clear();
      this.full.delete(peer);
      this.handlers.overflowed(peer.connection);
      return;
    }
    this.full.add(peer);
    this.retry ??= setTimeout(() => void this.retryAll(), this.retryInMs);
  }

  private async retryAll(): Promise<void> {
    let moved = false;
    if (this.held !== undefined) await this.held;
    for (const peer of this.full) if (await this.retryPeer(peer)) moved = true;
    this.retry = undefined;
    if (this.socket.closed || this.full.size === 0) return;
    this.retryInMs = moved ? retryMs : Math.min(2 * this.retryInMs, retryMsMax);
    this.retry = setTimeout(() => void this.retryAll(), this.retryInMs);
  }

  /** Sends what waits for the peer until the pipe is full again; tells whether anything went. */
  private async retryPeer(peer: Peer): Promise<boolean> {
    let moved = false;
    for (let part = peer.waiting.first; part !== undefined; part = peer.waiting.first) {
      if (this.held !== undefined) await this.held;
      try {
        await this.offer(peer, part);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EAGAIN") return moved;
        this.refused(peer, part, error);
      }
      peer.waiting.shift();
      moved = true;
    }
    this.full.delete(peer);
    return moved;
  }

  private async probeOnce(connection: string, part: Buffer): Promise<boolean> {
    if (this.held !== undefined) return true;
    const peer = this.peer(connection);
    try {
      await this.offer(peer, part);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return true;
      this.refused(peer, part, error);
      return false;
    }
    return true;
  }

  private peer(connection: string): Peer {
    const known = this.peers.get(connection);
    if (known !== undefined) {
      known.fresh = true;
      return known;
    }
    const routingId = Buffer.from(connection, "latin1");
    const peer = newPeer(connection, routingId);
    this.peers.set(connection, peer);
    return peer;
  }

  private forget(peer: Peer): void {
    peer.waiting.clear();
    this.full.delete(peer);
    this.peers.delete(peer.connection);
    this.handlers.unreachable(peer.connection);
  }

  private sweep(): void {
    for (const peer of this.peers.values()) {
      if (!peer.fresh && peer.waiting.empty) this.peers.delete(peer.connection);
      peer.fresh = false;
    }
  }
}

const settled = Promise.resolve();

function newPeer(connection: string, routingId: Buffer): Peer {
  return { connection, routingId, delimited: false, fresh: true, waiting: new PeerQueue() };
}
