import { expect } from "chai";
import { Dealer } from "zeromq";

import { encodeJson, encodeMessagePack, type Encoding, randomThid } from "@thynapse/protocol";
import { type Heard, readHeard } from "../bench-heard.js";

/** Where a stranger connects. */
export interface Address {
  readonly command: string;
}

/** How long an answer may take, in ms. */
const answerMs = 15_000;

/** One DEALER at the command socket of a transmitter: it says whatever it is given. */
export class Stranger {
  readonly id = randomThid();
  readonly service = "strangers";
  readonly encoding: Encoding;
  /** What its latest welcome said. */
  welcome: Record<string, unknown> = {};
  /** Messages that it has sent. */
  sentCount = 0;
  private readonly socket: Dealer;
  /** Whether it answers beats; not any more once it said farewell. */
  beating = true;
  private asked = 0;

  constructor(address: Address, encoding: Encoding = "J") {
    this.encoding = encoding;
    this.socket = new Dealer({ linger: 0, receiveTimeout: answerMs });
    this.socket.connect(address.command);
  }

  /** A stranger that was welcomed. */
  static async cell(address: Address, encoding: Encoding = "J"): Promise<Stranger> {
    const stranger = new Stranger(address, encoding);
    await stranger.hello();
    return stranger;
  }

  /** Sends one message of these parts. */
  async sendParts(...parts: readonly (string | Buffer)[]): Promise<void> {
    this.sentCount++;
    await this.socket.send([...parts]);
  }

  /** Sends a command of the given fields, in its own encoding. */
  async say(command: string, fields: Record<string, unknown> = {}): Promise<void> {
    if (command === "GBYE") this.beating = false;
    const encode = this.encoding === "J" ? encodeJson : encodeMessagePack;
    const head = Buffer.from(`${this.encoding} ${command} `);
    await this.sendParts(Buffer.concat([head, encode(fields)]));
  }

  /** The next command that it is told, but beats; a delimiter in front of it is taken off. */
  async next(): Promise<Heard> {
    for (;;) {
      const parts = await this.socket.receive();
      const heard = readHeard(parts[parts.length - 1] as Buffer);
      if (heard.command !== "BEAT") return heard;
      if (this.beating) await this.say("BEAT");
    }
  }

  /** The next command, which must be this one. */
  async expect(command: string): Promise<Record<string, unknown>> {
    const heard = await this.next();
    expect(heard.command, JSON.stringify(heard.fields)).to.equal(command);
    return heard.fields;
  }

  /** Says HELO and takes the welcome. */
  async hello(fields: Record<string, unknown> = {}): Promise<void> {
    await this.say("HELO", { id: this.id, service: this.service, ...fields });
    this.welcome = await this.expect("WLCM");
  }

  /** Asks a request of the transmitter itself, in `J`; returns the result when it is confirmed too. */
  async ask(channel: string, data: unknown = null): Promise<unknown> {
    const ref = `ask ${++this.asked}`;
    await this.say("EVNT", { channel, data, ref, ask: { timeoutMs: answerMs } });
    let result: unknown;
    for (let left = 3; left > 0; left--) {
      const { command, fields } = await this.next();
      expect(command, JSON.stringify(fields)).to.be.oneOf(["CNFM", "ANSR"]);
      if (command === "ANSR") result = fields["data"];
    }
    return result;
  }

  /** Says that a good request on this connection is answered, and that nothing else was left to hear. */
  async expectServed(): Promise<void> {
    if (this.welcome["id"] === undefined) await this.hello();
    const ref = `good ${++this.asked}`;
    await this.say("CTCH", { pattern: "good.request", mode: "multi", ref });
    expect(await this.expect("CGHT")).to.include({ ref, pattern: "good.request" });
  }

  /** Says farewell, if it is a cell, and closes the connection. */
  async leave(): Promise<void> {
    if (this.welcome["id"] !== undefined) {
      await this.say("GBYE");
      for (let heard = await this.next(); heard.command !== "GBYE"; heard = await this.next());
    }
    this.close();
  }

  close(): void {
    this.socket.close();
  }
}
