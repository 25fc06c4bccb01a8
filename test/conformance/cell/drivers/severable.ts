import type { Attachment, AttachmentHandlers, Transport } from "@thynapse/cell-sdk";

/** What can be cut for good. */
export interface Severable {
  /** Ends every connection without a word, and makes no other. */
  sever(): void;
}

/** A transport that can be cut: the nearest that a cell of this process comes to being killed. */
export class SeverableTransport implements Transport, Severable {
  private readonly transport: Transport;
  private readonly attachments = new Set<Attachment>();
  private isSevered = false;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  open(address: string, handlers: AttachmentHandlers): Attachment {
    if (this.isSevered) return dead;
    const attachment = this.transport.open(address, handlers);
    this.attachments.add(attachment);
    return {
      send: (part) => this.isSevered || attachment.send(part),
      openEvents: (events) => this.unlessSevered(() => attachment.openEvents(events)),
      subscribe: (topic) => this.unlessSevered(() => attachment.subscribe(topic)),
      unsubscribe: (topic) => this.unlessSevered(() => attachment.unsubscribe(topic)),
      close: () => {
        this.attachments.delete(attachment);
        attachment.close();
      },
    };
  }

  checkAddress(address: string): void {
    this.transport.checkAddress(address);
  }

  sever(): void {
    this.isSevered = true;
    for (const attachment of this.attachments) attachment.close();
  }

  private unlessSevered(act: () => void): void {
    if (!this.isSevered) act();
  }
}

const dead: Attachment = {
  send: () => true,
  openEvents: () => {},
  subscribe: () => {},
  unsubscribe: () => {},
  close: () => {},
};
