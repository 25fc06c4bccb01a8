import type { Logger } from "pino";
import { hostOf } from "../options/endpoints.js";
import { isLoopback } from "../options/options.js";
import type { LinkWriter } from "../turns.js";

/**
 * The links of a transmitter, with a word of warning: one that tells others an address of loopback,
 * and is linked from another machine, is never heard there, and nobody would see why.
 */
export class OutwardLinks implements LinkWriter {
  private readonly links: LinkWriter;
  private readonly pub: () => string;
  private readonly log: Logger;
  private hasWarned = false;

  constructor(links: LinkWriter, pub: () => string, log: Logger) {
    this.links = links;
    this.pub = pub;
    this.log = log;
  }

  dial(address: string): void {
    if (!this.hasWarned && isLoopback(hostOf(this.pub())) && !isLoopback(hostOf(address))) {
      this.hasWarned = true;
      const hint = "give --advertise HOST, or bind an address that others reach";
      const pub = this.pub();
      this.log.warn({ pub, peer: address, hint }, "a transmitter elsewhere cannot reach this one");
    }
    this.links.dial(address);
  }

  hangUp(address: string): void {
    this.links.hangUp(address);
  }

  subscribe(topic: string): void {
    this.links.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.links.unsubscribe(topic);
  }

  introduce(hello: string): void {
    this.links.introduce(hello);
  }
}
