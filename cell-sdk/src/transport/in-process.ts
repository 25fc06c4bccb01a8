import type { Attachment, AttachmentHandlers, Clock, Transport } from "./transport.js";

/** What a transmitter calls to reach a cell in its own process. */
export interface InProcessClient {
  command(part: Buffer): void;
  events(head: Buffer, part: Buffer): void;
  closed(reason: string): void;
}

/** What a cell calls to reach the transmitter in its own process. */
export interface InProcessConnection {
  command(part: Buffer): void;
  /** The subscription as on a socket: a topic and the space after it. */
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  close(): void;
}

/** A transmitter that takes cells of its own process. */
export interface InProcessTransmitter {
  /** The time in which it lives, if that is not the machine's; its cells then live in the same. */
  readonly clock?: Clock;
  connect(client: InProcessClient): InProcessConnection;
}

/** Makes the transport to a transmitter in this process: no sockets, the same rules. */
export function inProcess(transmitter: InProcessTransmitter): Transport {
  return {
    open: (_address, handlers) => new InProcessAttachment(transmitter, handlers),
    checkAddress: () => undefined,
    ...(transmitter.clock !== undefined && { clock: transmitter.clock }),
  };
}

class InProcessAttachment implements Attachment {
  private readonly handlers: AttachmentHandlers;
  private readonly connection: InProcessConnection;
  private isOpen = true;

  constructor(transmitter: InProcessTransmitter, handlers: AttachmentHandlers) {
    this.handlers = handlers;
    this.connection = transmitter.connect({
      command: (part) => {
        if (this.isOpen) handlers.onCommand(part);
      },
      events: (head, part) => {
        if (this.isOpen) handlers.onEvents(head, part);
      },
      closed: (reason) => this.lose(reason),
    });
    // As with a socket, the news comes in a later turn.
    setImmediate(() => {
      if (this.isOpen) handlers.onConnected();
    });
  }

  send(part: Buffer): boolean {
    if (!this.isOpen) return false;
    this.connection.command(part);
    return true;
  }

  openEvents(): void {
    // There is one connection for both.
  }

  subscribe(topic: string): void {
    if (this.isOpen) this.connection.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    if (this.isOpen) this.connection.unsubscribe(topic);
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.connection.close();
  }

  private lose(reason: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.handlers.onDisconnected(reason);
  }
}
