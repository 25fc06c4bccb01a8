import { Router, XPublisher } from "zeromq";
import type { Face, FaceHandlers } from "./scripted-transmitter.js";

/** A ROUTER and an XPUB on free ports. */
export class SocketFace implements Face {
  handlers: FaceHandlers | undefined;
  private readonly router = new Router({ linger: 0 });
  private readonly publisher = new XPublisher({ linger: 0, verbosity: "allSubsUnsubs" });
  private sent: Promise<unknown> = Promise.resolve();

  static async bind(): Promise<SocketFace> {
    const face = new SocketFace();
    await face.router.bind("tcp://127.0.0.1:*");
    await face.publisher.bind("tcp://127.0.0.1:*");
    void face.hearCommands();
    void face.hearSubscriptions();
    return face;
  }

  get command(): string {
    return this.router.lastEndpoint as string;
  }

  get pub(): string {
    return this.publisher.lastEndpoint as string;
  }

  send(connection: string, part: Buffer): void {
    if (connection.startsWith("local")) return;
    const id = Buffer.from(connection, "hex");
    this.later(() => this.router.send([id, part]));
  }

  publish(head: Buffer, part: Buffer): void {
    this.later(() => this.publisher.send([head, part]));
  }

  close(): void {
    this.router.close();
    this.publisher.close();
  }

  /** One after the other: a socket takes one send at a time. What cannot go any more is dropped. */
  private later(send: () => Promise<void>): void {
    this.sent = this.sent.then(send).catch(() => {});
  }

  private async hearCommands(): Promise<void> {
    for await (const [id, ...parts] of this.router) {
      this.handlers?.heard((id as Buffer).toString("hex"), parts.at(-1) as Buffer);
    }
  }

  private async hearSubscriptions(): Promise<void> {
    for await (const [message] of this.publisher) {
      const [isOn, ...topic] = message as Buffer;
      this.handlers?.subscription(Buffer.from(topic).toString("latin1"), isOn === 1);
    }
  }
}
