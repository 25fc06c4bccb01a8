import { Dealer } from "zeromq";

import { encodeJson, encodeMessagePack, type Encoding, randomThid } from "@thynapse/protocol";
import { eventually } from "../../../support/eventually.js";
import { readHeard } from "../../bench-heard.js";
import type { Address } from "../stranger.js";
import type { Voice } from "./said.js";

/** How long the answer to a good request may take behind all that was sent before, in ms. */
const answerMs = 30_000;

const unknownCommand = "ZZZZ";

/** One connection that says very much and reads all the time; it counts what it is told. */
export class Flooder implements Voice {
  readonly id = randomThid();
  readonly service = "flooders";
  readonly encoding: Encoding;
  origin = "";
  /** Messages that it has sent. */
  sentCount = 0;
  /** Those of them that had more parts than one. */
  manyParts = 0;
  /** Errors that it was told, by code. */
  readonly errors = new Map<string, number>();
  private readonly socket: Dealer;
  private readonly refs = new Set<unknown>();
  private asked = 0;
  private refused = 0;
  private closed = false;

  constructor(address: Address, encoding: Encoding) {
    this.encoding = encoding;
    this.socket = new Dealer({ linger: 0 });
    this.socket.connect(address.command);
    void this.read();
  }

  /** All errors that it was told. */
  get errorCount(): number {
    let count = 0;
    for (const some of this.errors.values()) count += some;
    return count;
  }

  async send(...parts: readonly (Buffer | string)[]): Promise<void> {
    this.sentCount++;
    if (parts.length > 1) this.manyParts++;
    await this.socket.send([...parts]);
  }

  async say(command: string, fields: Record<string, unknown>): Promise<void> {
    const encode = this.encoding === "J" ? encodeJson : encodeMessagePack;
    await this.send(Buffer.concat([Buffer.from(`${this.encoding} ${command} `), encode(fields)]));
  }

  /**
   * Waits until everything that was sent has been answered. A command that nobody knows is refused whatever this
   * connection is by now, and the refusal names it.
   */
  async catchUp(): Promise<void> {
    await this.send(`${this.encoding} ${unknownCommand} {}`);
    const wanted = ++this.asked;
    await eventually(
      () => {
        if (this.refused < wanted) throw new Error(`${wanted - this.refused} answers are missing`);
      },
      { withinMs: answerMs },
    );
  }

  /**
   * Becomes a cell anew, whatever it was, and has a good request answered: everything that was sent before has been
   * answered then.
   */
  async beServed(ref: string): Promise<void> {
    await this.say("GBYE", {});
    await this.say("HELO", { id: this.id, service: this.service });
    await this.say("CTCH", { pattern: "a.**", mode: "any", credit: 50, ref });
    await eventually(
      () => {
        if (!this.refs.has(ref)) throw new Error(`no answer to ${ref}`);
      },
      { withinMs: answerMs },
    );
  }

  /** Waits until it was told this many errors. */
  async errorsReach(count: number): Promise<void> {
    await eventually(() => {
      if (this.errorCount < count) throw new Error(`${this.errorCount} errors came`);
    });
  }

  close(): void {
    this.closed = true;
    this.socket.close();
  }

  private async read(): Promise<void> {
    while (!this.closed) {
      try {
        const [part] = await this.socket.receive();
        this.take(part as Buffer);
      } catch (error) {
        if (this.closed) return;
        throw error;
      }
    }
  }

  private take(part: Buffer): void {
    const command = part.toString("latin1", 2, 6);
    if (command !== "ERRO" && command !== "WLCM" && command !== "CGHT") return;
    const { fields } = readHeard(part);
    if (command === "WLCM") this.origin = String(fields["origin"]);
    else if (command === "CGHT") this.refs.add(fields["ref"]);
    else if (fields["command"] === unknownCommand) this.refused++;
    if (command === "ERRO")
      this.errors.set(String(fields["code"]), (this.errors.get(String(fields["code"])) ?? 0) + 1);
  }
}
