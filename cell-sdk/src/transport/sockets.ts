import { Context, Dealer } from "zeromq";
import { checkAddress, isIpv6 } from "./address.js";
import { type Caller, Doors } from "./doors.js";
import { type EventConnection, EventConnections, type EventListener } from "./event-connection.js";
import { pump } from "./pump.js";
import type { Attachment, AttachmentHandlers, AttachmentTerms, Transport } from "./transport.js";

const commandsMax = 4096;
/** A part of the transmitter holds at most a delivery of one large event. */
const partBytesMax = 8 * 1024 * 1024;
/** How long a closed socket may go on sending what it was given. */
const lingerMs = 250;
const contextSocketsMax = 16_384;

const doors = new Doors();

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
  open(address: string, handlers: AttachmentHandlers, terms?: AttachmentTerms): Attachment {
    return new SocketAttachment(address, handlers, terms?.isOnly ?? false);
  }

  checkAddress(address: string): void {
    checkAddress(address);
  }
}

const refused = "connection refused";

/**
 * - `open`: waiting for others to find out whether somebody listens, being connected, or connected.
 * - `ended`: lost or closed; nothing more is told.
 */
type AttachmentState = "open" | "ended";

class SocketAttachment implements Attachment, Caller, EventListener {
  readonly isPatient: boolean;
  private readonly address: string;
  private readonly handlers: AttachmentHandlers;
  /** Missing until it is this one's turn to connect. */
  private dealer: Dealer | undefined;
  private hasWaited = false;
  private events: EventConnection | undefined;
  private state: AttachmentState = "open";
  /** A part waits for the pipe. */
  private isBlocked = false;

  constructor(address: string, handlers: AttachmentHandlers, isPatient: boolean) {
    this.address = address;
    this.handlers = handlers;
    this.isPatient = isPatient;
    try {
      checkAddress(address);
    } catch (error) {
      this.loseSoon(String(error));
      return;
    }
    doors.knock(address, this);
    this.hasWaited = this.dealer === undefined;
  }

  enter(refusals: number): void {
    try {
      this.dealer = this.connected();
    } catch (error) {
      doors.left(this.address, this);
      this.loseSoon(String(error));
      return;
    }
    void pump(
      this.dealer,
      (parts) => this.takeCommand(parts),
      (error) => this.lose(`receive: ${String(error)}`),
    );
    if (this.hasWaited) this.handlers.onTrying(refusals);
  }

  turnAway(): void {
    this.loseSoon(refused);
  }

  send(part: Buffer): boolean {
    const { dealer } = this;
    if (dealer === undefined || this.isBlocked || this.state === "ended") return false;
    if (dealer.writable) dealer.send(part).catch(ignore);
    else void this.sendLater(dealer, part);
    return true;
  }

  openEvents(address: string): void {
    if (this.state === "ended") return;
    try {
      this.events = eventConnections.join(address, this);
    } catch (error) {
      this.loseSoon(String(error));
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
    if (this.dealer !== undefined) this.dealer.linger = lingerMs;
    this.leave();
  }

  /** A DEALER that is being connected. */
  private connected(): Dealer {
    const dealer = new Dealer({
      context: sharedContext(),
      linger: 0,
      sendTimeout: 0,
      // A new attachment has new sockets: nothing stale is sent, and nobody reconnects unasked.
      reconnectInterval: -1,
      sendHighWaterMark: commandsMax,
      receiveHighWaterMark: commandsMax,
      maxMessageSize: partBytesMax,
      ipv6: isIpv6(this.address),
    });
    try {
      this.watch(dealer);
      dealer.connect(this.address);
    } catch (error) {
      dealer.close();
      throw error;
    }
    return dealer;
  }

  private watch({ events }: Dealer): void {
    events.on("handshake", () => {
      if (this.state === "ended") return;
      doors.opened(this.address);
      this.handlers.onConnected();
    });
    events.on("disconnect", () => {
      if (this.state === "open") doors.lost(this.address);
      this.lose("disconnected");
    });
    events.on("close", () => {
      // Also said of a connection that was given up here while it was being made.
      if (this.state === "open") doors.refused(this.address, this);
      this.lose(refused);
    });
    events.on("close:error", () => this.lose("connection failed"));
    events.on("handshake:error:protocol", ({ error }) => this.lose(`handshake: ${error.message}`));
    events.on("handshake:error:auth", ({ error }) => this.lose(`handshake: ${error.message}`));
    events.on("handshake:error:other", ({ error }) => this.lose(`handshake: ${error.message}`));
  }

  /** Whoever opens an attachment is told later of whatever comes of it. */
  private loseSoon(reason: string): void {
    setImmediate(() => this.lose(reason));
  }

  /** The pipe is full: this part goes out when there is room, and none before it. */
  private async sendLater(dealer: Dealer, part: Buffer): Promise<void> {
    this.isBlocked = true;
    dealer.sendTimeout = -1;
    try {
      await dealer.send(part);
    } catch {
      // Closed meanwhile: the part is sent on the next attachment if it matters.
      return;
    }
    dealer.sendTimeout = 0;
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
    this.leave();
    this.handlers.onDisconnected(reason);
  }

  private leave(): void {
    doors.left(this.address, this);
    this.dealer?.close();
    this.events?.leave(this);
  }
}

function ignore(): void {
  // The socket is closed, or full although it said otherwise: what matters is sent again.
}
