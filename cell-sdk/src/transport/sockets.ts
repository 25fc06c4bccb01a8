import { Context, Dealer, Subscriber } from "zeromq";
import { checkAddress, isIpv6 } from "./address.js";
import { pump } from "./pump.js";
import { Refusals } from "./refusals.js";
import type { Attachment, AttachmentHandlers, Transport } from "./transport.js";

/** Messages that wait unread in the event socket; what is beyond is dropped there, and repaired. */
const eventsMax = 512;
const commandsMax = 4096;
/** A part of the transmitter holds at most a delivery of one large event. */
const partBytesMax = 8 * 1024 * 1024;
/** How long a closed socket may go on sending what it was given. */
const lingerMs = 250;
const eventsReconnectMs = 50;
const contextSocketsMax = 16_384;

const refusals = new Refusals();

/** One for all cells of the process: each context has a thread of its own. */
let context: Context | undefined;

function sharedContext(): Context {
  context ??= new Context({ maxSockets: contextSocketsMax, blocky: false });
  return context;
}

/**
 * Reaches transmitters over ZeroMQ: a DEALER for commands, a SUB for events.
 *
 * It sets no heartbeats of ZMTP: the transmitter's say for how long they are good, and end both
 * sides of a connection.
 */
export class SocketTransport implements Transport {
  open(address: string, handlers: AttachmentHandlers): Attachment {
    return refusals.mayTry(address, performance.now())
      ? new SocketAttachment(address, handlers)
      : new RefusedAttachment(handlers);
  }

  checkAddress(address: string): void {
    checkAddress(address);
  }
}

const refused = "connection refused";

/** One that another cell of this process has just tried in vain. */
class RefusedAttachment implements Attachment {
  private readonly telling: NodeJS.Immediate;

  constructor(handlers: AttachmentHandlers) {
    this.telling = setImmediate(() => handlers.onDisconnected(refused));
  }

  send(): boolean {
    return false;
  }

  openEvents(): void {}

  subscribe(): void {}

  unsubscribe(): void {}

  close(): void {
    clearImmediate(this.telling);
  }
}

/**
 * - `open`: being connected, or connected.
 * - `ended`: lost or closed; nothing more is told.
 */
type AttachmentState = "open" | "ended";

class SocketAttachment implements Attachment {
  private readonly handlers: AttachmentHandlers;
  private readonly dealer: Dealer;
  private subscriber: Subscriber | undefined;
  private state: AttachmentState = "open";
  /** A part waits for the pipe. */
  private isBlocked = false;

  constructor(address: string, handlers: AttachmentHandlers) {
    this.handlers = handlers;
    this.dealer = new Dealer({
      context: sharedContext(),
      linger: 0,
      sendTimeout: 0,
      // A new attachment has new sockets: nothing stale is sent, and nobody reconnects unasked.
      reconnectInterval: -1,
      sendHighWaterMark: commandsMax,
      receiveHighWaterMark: commandsMax,
      maxMessageSize: partBytesMax,
      ipv6: isIpv6(address),
    });
    this.watch(address);
    if (!this.connect(this.dealer, address)) return;
    void pump(
      this.dealer,
      (parts) => this.takeCommand(parts),
      (error) => this.lose(`receive: ${String(error)}`),
    );
  }

  send(part: Buffer): boolean {
    if (this.isBlocked || this.state === "ended") return false;
    if (this.dealer.writable) this.dealer.send(part).catch(ignore);
    else void this.sendLater(part);
    return true;
  }

  openEvents(address: string): void {
    if (this.state === "ended") return;
    this.subscriber = new Subscriber({
      context: sharedContext(),
      linger: 0,
      reconnectInterval: eventsReconnectMs,
      receiveHighWaterMark: eventsMax,
      maxMessageSize: partBytesMax,
      ipv6: isIpv6(address),
    });
    this.watchEvents(this.subscriber);
    if (!this.connect(this.subscriber, address)) return;
    void pump(
      this.subscriber,
      (parts) => this.takeEvents(parts),
      (error) => this.lose(`receive events: ${String(error)}`),
    );
  }

  subscribe(topic: string): void {
    if (this.state === "open") this.subscriber?.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    if (this.state === "open") this.subscriber?.unsubscribe(topic);
  }

  close(): void {
    if (this.state === "ended") return;
    this.state = "ended";
    this.dealer.linger = lingerMs;
    this.closeSockets();
  }

  private watch(address: string): void {
    const { events } = this.dealer;
    events.on("handshake", () => {
      refusals.forget(address);
      if (this.state === "open") this.handlers.onConnected();
    });
    events.on("disconnect", () => this.lose("disconnected"));
    events.on("close", () => {
      // Also said of a connection that was given up here while it was being made.
      if (this.state === "open") refusals.note(address, performance.now());
      this.lose(refused);
    });
    events.on("close:error", () => this.lose("connection failed"));
    events.on("handshake:error:protocol", ({ error }) => this.lose(`handshake: ${error.message}`));
    events.on("handshake:error:auth", ({ error }) => this.lose(`handshake: ${error.message}`));
    events.on("handshake:error:other", ({ error }) => this.lose(`handshake: ${error.message}`));
  }

  /**
   * A connection of events that is refused after it stood is that of a transmitter which has ended,
   * even if the command connection does not show it yet. One that never stood is only out of reach.
   */
  private watchEvents({ events }: Subscriber): void {
    let isCut = false;
    events.on("disconnect", () => {
      isCut = true;
    });
    events.on("handshake", () => {
      isCut = false;
    });
    events.on("close", () => {
      if (isCut) this.lose("event connection refused");
    });
  }

  /** Connects; an address that a transmitter named wrongly is one that cannot be reached. */
  private connect(socket: Dealer | Subscriber, address: string): boolean {
    try {
      checkAddress(address);
      socket.connect(address);
      return true;
    } catch (error) {
      setImmediate(() => this.lose(String(error)));
      return false;
    }
  }

  /** The pipe is full: this part goes out when there is room, and none before it. */
  private async sendLater(part: Buffer): Promise<void> {
    this.isBlocked = true;
    this.dealer.sendTimeout = -1;
    try {
      await this.dealer.send(part);
    } catch {
      // Closed meanwhile: the part is sent on the next attachment if it matters.
      return;
    }
    this.dealer.sendTimeout = 0;
    this.isBlocked = false;
    if (this.state === "open") this.handlers.onDrain();
  }

  private takeCommand(parts: Buffer[]): void {
    const part = parts[0];
    if (this.state === "open" && part !== undefined) this.handlers.onCommand(part);
  }

  private takeEvents([head, part]: Buffer[]): void {
    if (this.state === "ended" || head === undefined || part === undefined) return;
    this.handlers.onEvents(head, part);
  }

  private lose(reason: string): void {
    if (this.state === "ended") return;
    this.state = "ended";
    this.closeSockets();
    this.handlers.onDisconnected(reason);
  }

  private closeSockets(): void {
    this.dealer.close();
    this.subscriber?.close();
  }
}

function ignore(): void {
  // The socket is closed, or full although it said otherwise: what matters is sent again.
}
