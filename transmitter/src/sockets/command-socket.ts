import { commandBytesMax, encodeJson, writeFrame } from "@thynapse/protocol";
import { Router } from "zeromq";
import { type ListeningOptions, listening, metadataOption } from "./listening.js";
import { isOurRoutingId, type Peer, Peers } from "./peers.js";
import { type Outgoing, Prober } from "./prober.js";
import { eventPortProperty, meshProperty } from "./zmtp-probe.js";

/** How a command socket is made. */
export interface CommandSocketOptions extends ListeningOptions {
  /** Bytes that may wait for one connection. */
  readonly queueBytesMax: number;
}

/** What a command socket tells its owner. */
export interface CommandSocketHandlers {
  /** The connection is gone; what was queued for it is dropped. */
  unreachable(connection: string): void;
  /** More than `queueBytesMax` waited for the connection; all of it was dropped. */
  overflowed(connection: string): void;
  /** A message that cannot be sent for another reason: a defect. */
  readonly failed: (error: unknown) => void;
}

/** Room above the limit of a part, so that what is a little too long is answered, not cut off. */
const partRoomBytes = 4096;

/**
 * First and longest pause before a full pipe is tried again, in ms. A full pipe gives no sign when
 * it has room again.
 */
const retryMs = 1;
const retryMsMax = 16;

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

/** A ROUTER that says more of itself in every handshake. */
class DescribedRouter extends Router {
  describe(name: string, value: string): void {
    this.setStringOption(metadataOption, `${name}:${value}`);
  }
}

const delimiter = Buffer.alloc(0);
const settled = Promise.resolve();

/**
 * The ROUTER of a transmitter: one part to or from each connection, with a queue per connection in
 * front.
 *
 * There is one writer, `flush`. It awaits each send, which costs a tenth more than not to: only the
 * promise says that a pipe was full, and what is sent behind a part that was not taken would
 * overtake it. With `sendTimeout: 0` no send is ever pending, so a full pipe holds up nobody else.
 * A part belongs to the socket once it was given.
 *
 * @see PROTOCOL.md §1.5, §3.4, §3.5
 */
export class CommandSocket {
  /** For the pump and the binding alone. */
  readonly socket: DescribedRouter;
  /** Messages of connections that chose their routing id by themselves. */
  chosenCount = 0;
  private readonly queueBytesMax: number;
  private readonly handlers: CommandSocketHandlers;
  private readonly peers = new Peers();
  private readonly full = new Set<Peer>();
  private readonly prober: Prober;
  private outgoing: Outgoing[] = [];
  private isWriting = false;
  private writing: Promise<void> = settled;
  private retry: NodeJS.Timeout | undefined;
  private retryInMs = retryMs;
  private held: Promise<void> | undefined;
  private release: (() => void) | undefined;

  constructor(options: CommandSocketOptions, handlers: CommandSocketHandlers) {
    this.queueBytesMax = options.queueBytesMax;
    this.handlers = handlers;
    this.socket = new DescribedRouter({
      ...listening(options),
      mandatory: true,
      maxMessageSize: commandBytesMax + partRoomBytes,
    });
    this.socket.describe(meshProperty, options.mesh);
    this.prober = new Prober((message) => this.probeOnce(message));
  }

  /**
   * Names the port of the event socket in every handshake, for transmitters that know this one by
   * its command port alone. Before the socket is bound.
   */
  tellEventPort(port: number): void {
    this.socket.describe(eventPortProperty, String(port));
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
   * @returns the name of the connection, and `parts` then holds what it sent; undefined for a
   * connection that chose its id by itself, which is answered and otherwise ignored.
   */
  admit(parts: Buffer[]): string | undefined {
    const routingId = parts.shift() ?? delimiter;
    const connection = routingId.toString("latin1");
    if (!isOurRoutingId(routingId)) {
      this.chosenCount++;
      this.send({ connection, part: chosenAnswer });
      return undefined;
    }
    this.peers.of(connection).delimited = parts.length > 1 && parts[0]?.length === 0;
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
    if (!this.isWriting && this.outgoing.length > 0) this.writing = this.write();
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

  /** Closes the socket. What ZeroMQ has goes out for at most `lingerMs`; the rest is dropped. */
  close(lingerMs: number): void {
    clearTimeout(this.retry);
    this.prober.close();
    this.peers.close();
    this.full.clear();
    this.outgoing = [];
    this.unhold();
    if (this.socket.closed) return;
    this.socket.linger = lingerMs;
    this.socket.close();
  }

  private async write(): Promise<void> {
    this.isWriting = true;
    try {
      while (this.outgoing.length > 0) {
        const messages = this.outgoing;
        this.outgoing = [];
        for (const message of messages) await this.writeOne(message);
      }
    } finally {
      // In the very turn in which nothing was left: what is queued later finds nobody writing, and
      // begins anew.
      this.isWriting = false;
    }
  }

  private async writeOne({ connection, part }: Outgoing): Promise<void> {
    const peer = this.peers.of(connection);
    if (!peer.waiting.empty) {
      this.queue(peer, part);
      return;
    }
    if (this.held !== undefined) await this.held;
    try {
      await this.offer(peer, part);
    } catch (error) {
      if (isFull(error)) this.queue(peer, part);
      else this.refused(peer, error);
    }
  }

  private offer(peer: Peer, part: Buffer): Promise<void> {
    const { routingId } = peer;
    return this.socket.send(peer.delimited ? [routingId, delimiter, part] : [routingId, part]);
  }

  private refused(peer: Peer, error: unknown): void {
    if (this.socket.closed) return;
    if ((error as NodeJS.ErrnoException).code !== "EHOSTUNREACH") {
      this.handlers.failed(error);
      return;
    }
    this.full.delete(peer);
    this.peers.forget(peer);
    this.handlers.unreachable(peer.connection);
  }

  private queue(peer: Peer, part: Buffer): void {
    peer.waiting.push(part);
    if (peer.waiting.bytes > this.queueBytesMax) {
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
    for (const peer of this.full) if (await this.retryPeer(peer)) moved = true;
    this.retry = undefined;
    this.retryInMs = moved ? retryMs : Math.min(2 * this.retryInMs, retryMsMax);
    if (this.full.size === 0) return;
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
        if (isFull(error) || this.socket.closed) return moved;
        this.refused(peer, error);
      }
      peer.waiting.shift();
      moved = true;
    }
    this.full.delete(peer);
    return moved;
  }

  /** Sends once; resolves with whether the connection may still be there. */
  private async probeOnce({ connection, part }: Outgoing): Promise<boolean> {
    if (this.held !== undefined) return true;
    const peer = this.peers.of(connection);
    try {
      await this.offer(peer, part);
    } catch (error) {
      if (isFull(error)) return true;
      this.refused(peer, error);
      return false;
    }
    return true;
  }
}

/** The pipe to the connection is full; the part was not taken. */
function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EAGAIN";
}
