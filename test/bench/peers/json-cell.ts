import { randomBytes } from "node:crypto";

import { Dealer, Subscriber } from "zeromq";

import type { Arrivals } from "../arrivals.js";
import type { Load, Order } from "../load.js";
import { JsonStream, type StreamEvent } from "./json-stream.js";
import type { Seat } from "./peer.js";

/** Events on the way without `accepted`: 2 MiB of bodies of 100 bytes, half of the window. */
const UNACCEPTED_MAX = 4_096;

/** What is used of a welcome. */
interface Welcome {
  readonly pub: string;
  readonly presence: string;
  readonly heartbeatMs: number;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Takes a seat without the SDK, in the encoding that any language speaks: one JSON object per
 * command, one event per command, written to the protocol text and nothing else.
 */
export async function joinByHand(url: string, service: string): Promise<Seat> {
  const cell = new JsonCell(url, service);
  await cell.attach();
  return {
    send: (_scenario, load, count) => cell.send(load, count),
    receive: (_scenario, arrivals) => cell.receive(arrivals),
    answer: () => Promise.reject(new Error("only flows are done by hand")),
    ask: () => Promise.reject(new Error("only flows are done by hand")),
    close: () => cell.close(),
  };
}

class JsonCell {
  readonly #id = randomBytes(20).toString("hex");
  readonly #service: string;
  readonly #dealer = new Dealer({ linger: 0, sendHighWaterMark: 0 });
  readonly #sub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  readonly #awaited = new Map<string, (fields: Fields) => void>();
  #welcome: Welcome | undefined;
  #stream: JsonStream | undefined;
  #beat: NodeJS.Timeout | undefined;
  #seq = 0;
  #acceptedCount = 0;
  /** All up to this number are handled. */
  #handled = 0;
  #onAccepted: (() => void) | undefined;
  /** Commands go out one after the other: a socket takes one `send` at a time. */
  #sent: Promise<void> = Promise.resolve();

  constructor(url: string, service: string) {
    this.#service = service;
    this.#dealer.connect(url);
  }

  async attach(): Promise<void> {
    this.#read(this.#readCommands());
    const heard = this.#await("WLCM");
    await this.#tell("HELO", { v: 1, id: this.#id, service: this.#service });
    this.#welcome = (await heard) as unknown as Welcome;
    this.#sub.connect(this.#welcome.pub);
    this.#sub.subscribe(`${this.#welcome.presence} `);
    this.#beat = setInterval(() => {
      const stream = this.#stream;
      void this.#tell(
        "BEAT",
        stream === undefined ? {} : { streams: [[stream.catch, stream.last]] },
      );
    }, this.#welcome.heartbeatMs);
  }

  /** Sends with no more than `UNACCEPTED_MAX` on the way, and waits until all are accepted. */
  async send(load: Load, count: number): Promise<void> {
    const before = this.#acceptedCount;
    for (let number = 0; number < count; number++) {
      await this.#waitForAccepted(before + number - UNACCEPTED_MAX);
      const seq = ++this.#seq;
      const floor = this.#handled + 1;
      const event = { channel: load.channelAt(number), data: load.objectAt(number), seq, floor };
      await this.#tell("EVNT", event);
    }
    await this.#waitForAccepted(before + count);
  }

  /** Catches the load's channel; resolves with the first mark, when the catch is armed. */
  async receive(arrivals: Arrivals): Promise<void> {
    const heard = this.#await("CGHT");
    await this.#tell("CTCH", { ref: 1, pattern: "bench.load", mode: "multi" });
    const caught = await heard;
    const stream = new JsonStream(Number(caught.catch), {
      take: (event) => arrivals.takeObject(event.data as Order),
      miss: (fields) => void this.#tell("MISS", fields),
    });
    this.#stream = stream;
    this.#sub.subscribe(`${String(caught.topic)} `);
    const armed = new Promise<void>((resolve) => {
      this.#read(this.#readStream(stream, resolve));
    });
    await armed;
  }

  async close(): Promise<void> {
    clearInterval(this.#beat);
    await this.#tell("GBYE", {});
    this.#dealer.close();
    this.#sub.close();
  }

  #tell(command: string, fields: Fields): Promise<void> {
    const part = `J ${command} ${JSON.stringify(fields)}`;
    this.#sent = this.#sent.then(() => this.#dealer.send(part));
    return this.#sent;
  }

  #await(command: string): Promise<Fields> {
    return new Promise((resolve) => this.#awaited.set(command, resolve));
  }

  #waitForAccepted(count: number): Promise<void> | undefined {
    if (this.#acceptedCount >= count) return undefined;
    return new Promise((resolve) => {
      this.#onAccepted = () => {
        if (this.#acceptedCount < count) return;
        this.#onAccepted = undefined;
        resolve();
      };
    });
  }

  #read(loop: Promise<void>): void {
    // An uncaught one ends the run, see the role.
    loop.catch((error: unknown) => process.nextTick(() => Promise.reject(error)));
  }

  async #readCommands(): Promise<void> {
    for await (const [part] of this.#dealer) {
      const command = part!.toString("latin1", 2, 6);
      this.#take(command, JSON.parse(part!.toString("utf8", 7)) as Fields);
    }
  }

  #take(command: string, fields: Fields): void {
    if (command === "ERRO") throw new Error(`the transmitter says ${JSON.stringify(fields)}`);
    if (command === "CNFM") {
      if (fields.state === "refused") throw new Error(`refused: ${JSON.stringify(fields)}`);
      if (fields.state === "accepted") this.#acceptedCount++;
      if (fields.state === "handled" && fields.seq === this.#handled + 1) this.#handled++;
      this.#onAccepted?.();
    } else if (command === "RPAR") this.#stream?.repair(fields as unknown as StreamEvent);
    else if (command === "BEAT") this.#stream?.heard(fields.streams as [number, number][]);
    else this.#awaited.get(command)?.(fields);
  }

  async #readStream(stream: JsonStream, armed: () => void): Promise<void> {
    for await (const [head, part] of this.#sub) {
      const [, first, count] = head!.toString("latin1").split(" ");
      if (count === "0") stream.mark(Number(first));
      else stream.read(Number(first), JSON.parse(part!.toString("utf8", 7)) as StreamEvent);
      armed();
    }
  }
}
