import { Context, Dealer } from "zeromq";
import { checkAddress, isIpv6 } from "./address.js";
import { type EventConnection, EventConnections, type EventListener } from "./event-connection.js";
import { pump } from "./pump.js";
import { Refusals } from "./refusals.js";
import type { Attachment, AttachmentHandlers, Transport } from "./transport.js";

const commandsMax = 4096;
/** A part of the transmitter holds at most a delivery of one large event. */
const partBytesMax = 8 * 1024 * 1024;
/** How long a closed socket may go on sending what it was given. */
const lingerMs = 250;
const contextSocketsMax = 16_384;

const refusals = new Refusals();

/** One for all cells of the process: each context has a thread of its own. */
let context: Context | undefined;

function sharedContext(): Context {
  context ??= new Context({ maxSockets: contextSocketsMax, blocky: false });
  return context;
}

const eventConnections = new EventConnections(() => ({ context: sharedContext(), partBytesMax }));

/**
 * Reaches transmitters over ZeroMQ: a DEALER for commands, and a SUB for events, which all cells of
 * the process share that are attached to the same transmitter.
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

class SocketAttachment implements Attachment, EventListener {
  private readonly handlers: AttachmentHandlers;
  private readonly dealer: Dealer;
  private events: EventConnection | undefined;
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
    try {
      checkAddress(address);
      this.dealer.connect(address);
    } catch (error) {
      this.loseSoon(error);
      return;
    }
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
    try {
      this.events = eventConnections.join(address, this);
    } catch (error) {
      this.loseSoon(error);
    }
  }

  subscribe(topic: string): void {
    if (this.state === "open") this.events?.subscribe(this, topic);
  }

  unsubscribe(topic: string): void {
    if (this.state === "open") this.events?.unsubscribe(this, topic);
  }

  onEvents(head: Buffer, part: Buffer): void {
    if (this.state === "open") this.handlers.onEvents(head, part);
  }

  onLost(reason: string): void {
    this.lose(reason);
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

  /** An address that a transmitter named wrongly is one that cannot be reached. */
  private loseSoon(error: unknown): void {
    setImmediate(() => this.lose(String(error)));
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

  private lose(reason: string): void {
    if (this.state === "ended") return;
    this.state = "ended";
    this.closeSockets();
    this.handlers.onDisconnected(reason);
  }

  private closeSockets(): void {
    this.dealer.close();
    this.events?.leave(this);
  }
}

function ignore(): void {
  // The socket is closed, or full although it said otherwise: what matters is sent again.
}
