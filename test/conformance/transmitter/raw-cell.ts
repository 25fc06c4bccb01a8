import { randomBytes } from "node:crypto";

import { Dealer, Subscriber } from "zeromq";
import { Mailbox } from "../mailbox.js";
import {
  bodyView,
  type Encoding,
  type EventToSend,
  type EventView,
  type Fields,
  frame,
  type Heard,
  packedBody,
  readHeard,
  runFrame,
} from "./frames.js";
import { type Confirm, confirmsOf, type Delivery, nameOf, packedDetail } from "./views.js";

/** One number of a stream, or a mark of count 0. */
export interface Streamed {
  readonly topic: string;
  readonly command: string;
  readonly number: number;
  readonly count: number;
  readonly fields: Fields;
  readonly event?: EventView;
}

/** Who a raw cell says that it is; what is left out is drawn, or not said. */
export interface RawCellOptions {
  readonly encoding?: Encoding;
  readonly service?: string;
  readonly id?: string;
  readonly session?: number;
  readonly secret?: string;
  readonly claims?: readonly Fields[];
}

/** Where a cell connects. */
export interface Addresses {
  readonly command: string;
}

const outcomes = ["ack", "nack", "release", "reject"];

/** A DEALER and a SUB, and hand-written frames between them and a transmitter. No rule of a cell is kept by itself. */
export class RawCell {
  readonly encoding: Encoding;
  readonly id: string;
  readonly service: string;
  welcome: Fields = {};
  /** Commands that are neither confirms, deliveries nor beats. */
  readonly commands = new Mailbox<Heard>("command");
  readonly confirms = new Mailbox<Confirm>("confirm");
  readonly deliveries = new Mailbox<Delivery>("delivery");
  readonly beats = new Mailbox<Fields>("beat");
  readonly streamed = new Mailbox<Streamed>("message of a stream");
  /** Names of the commands in the order in which they came, beats left out. */
  readonly order: string[] = [];
  /** Messages that came behind an empty delimiter. */
  delimiters = 0;
  /** Whether it answers beats. */
  beating = true;
  nextSeq = 1;
  private nextRef = 1;
  private readonly dealer = new Dealer({ linger: 0, sendHighWaterMark: 0 });
  private readonly subscriber = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  private sent: Promise<unknown> = Promise.resolve();

  constructor(at: Addresses, { encoding = "J", service, id }: RawCellOptions = {}) {
    this.encoding = encoding;
    this.service = service ?? `s-${randomBytes(4).toString("hex")}`;
    this.id = id ?? randomBytes(20).toString("hex");
    this.dealer.connect(at.command);
    open.add(this);
    void this.hearCommands();
    void this.hearStreams();
  }

  /** A cell that was welcomed; its SUB is connected, and subscribed to its presence. */
  static async attach(at: Addresses, options: RawCellOptions = {}): Promise<RawCell> {
    const cell = new RawCell(at, options);
    await cell.hello(options);
    return cell;
  }

  /** Says HELO and waits for the welcome. */
  async hello({ session, secret, claims }: RawCellOptions = {}): Promise<void> {
    const more = { session, secret, claims };
    this.say("HELO", { v: 1, id: this.id, service: this.service, ...defined(more) });
    const { fields } = await this.command("WLCM");
    this.welcome = fields;
    this.subscriber.connect(fields["pub"] as string);
    this.subscriber.subscribe(`${fields["presence"] as string} `);
  }

  say(command: string, fields: Fields = {}): void {
    this.sayParts(frame(this.encoding, command, fields));
  }

  /** Sends parts as they are. */
  sayParts(...parts: (Buffer | string)[]): void {
    this.sent = this.sent.then(() => this.dealer.send(parts)).catch(() => {});
  }

  subscribe(topic: string): void {
    this.subscriber.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.subscriber.unsubscribe(topic);
  }

  /** Takes the next command of this name. */
  command(name: string): Promise<Heard> {
    return this.commands.next(({ command }) => command === name);
  }

  /** Takes the next error and returns its fields. */
  async error(): Promise<Fields> {
    return (await this.command("ERRO")).fields;
  }

  /** Takes the next confirm of this number. */
  confirm(seq: number, state: string): Promise<Confirm> {
    return this.confirms.next((one) => one.seq === seq && one.state === state);
  }

  /** Takes the confirm of a settlement. */
  settled(ref: number): Promise<Confirm> {
    return this.confirms.next((one) => one.settled === ref);
  }

  /** Takes the next answer to an event of this number. */
  async answer(seq: number): Promise<Fields> {
    const { fields } = await this.commands.next(
      (heard) => heard.command === "ANSR" && heard.fields["seq"] === seq,
    );
    return fields["body"] === undefined ? fields : { ...fields, ...bodyView(fields["body"]) };
  }

  /** Resolves when the transmitter has answered all that was said before: a HELO again changes nothing (§5.3). */
  async roundTrip(): Promise<void> {
    this.say("HELO", { v: 1, id: this.id, service: this.service });
    await this.command("WLCM");
  }

  /** Catches, and returns the fields of the answer. */
  async catch(pattern: string, mode: string, options: Fields = {}): Promise<Fields> {
    this.say("CTCH", { pattern, mode, ...options });
    return (await this.command("CGHT")).fields;
  }

  /** Catches in mode multi, and resolves when armed: by a mark, or by an event that came before it (§8.4). */
  async listen(pattern: string): Promise<{ catch: number; topic: string; next: number }> {
    const { topic, ...caught } = await this.catch(pattern, "multi");
    this.subscribe(`${topic as string} `);
    const armed = await this.streamed.next((one) => one.topic === topic);
    if (armed.command !== "MARK") this.streamed.putBack(armed);
    return { catch: caught["catch"] as number, topic: topic as string, next: armed.number };
  }

  /** Sends events as one run, or in `J` one by one; returns the number of the first. */
  send(events: EventToSend | readonly EventToSend[], header: Fields = {}): number {
    const all = Array.isArray(events) ? (events as EventToSend[]) : [events as EventToSend];
    const first = (header["first"] as number | undefined) ?? this.nextSeq;
    this.nextSeq = Math.max(this.nextSeq, first + all.length);
    if (this.encoding === "M") {
      this.sayParts(runFrame({ ...this.runHeader(), ...header, first }, all));
      return first;
    }
    const { floor, repeat, handled } = header;
    for (const [index, { raw, data = null, ...event }] of all.entries()) {
      const body = raw === undefined ? { data } : { bytes: Buffer.from(raw).toString("base64") };
      this.say("EVNT", defined({ ...event, ...body, seq: first + index, floor, repeat, handled }));
    }
    return first;
  }

  /** The header that a run of this cell has. */
  runHeader(): Fields {
    const sender = Buffer.from(this.id, "hex");
    return { sender, service: this.service, session: 1, floor: 1, first: 1, time: Date.now() };
  }

  /** Settles a delivery; returns the reference of the settlement. */
  settle(delivery: Delivery, outcome = "ack", detail: Fields = {}): number {
    const ref = this.nextRef++;
    const { catch: number, origin, attempt } = delivery;
    if (this.encoding === "J") {
      this.say("SETL", { ...nameOf(delivery), outcome, ref, ...detail });
      return ref;
    }
    const row = [outcomes.indexOf(outcome), delivery.number, 1, attempt, packedDetail(detail)];
    this.say("SETL", { catch: number, origin, ref, settled: [row] });
    return ref;
  }

  /** Sends a body as the reply that these fields name. */
  reply(name: Fields, data: unknown): void {
    this.say(
      "RPLY",
      this.encoding === "J" ? { ...name, data } : { ...name, body: packedBody(data) },
    );
  }

  /** Ends both connections without a word. */
  close(): void {
    open.delete(this);
    this.dealer.close();
    this.subscriber.close();
  }

  private async hearCommands(): Promise<void> {
    for await (const parts of this.dealer) {
      if (parts.length === 2 && parts[0]?.length === 0) this.delimiters++;
      else if (parts.length !== 1) throw new Error(`a message of ${parts.length} parts`);
      this.hear(readHeard(parts.at(-1) as Buffer));
    }
  }

  private hear(heard: Heard): void {
    const { command, fields, events } = heard;
    if (command === "BEAT") {
      this.beats.put(fields);
      if (this.beating) this.say("BEAT");
      return;
    }
    this.order.push(command === "CNFM" ? `CNFM ${Object.keys(fields).join()}` : command);
    if (command === "CNFM") {
      for (const one of this.encoding === "J" ? [fields as Confirm] : confirmsOf(fields)) {
        this.confirms.put(one);
      }
    } else if (command === "DLVR") {
      const name = fields as unknown as Delivery;
      for (const [index, event] of events.entries()) {
        this.deliveries.put({ ...name, ...event, number: name.number + index });
      }
    } else if (command === "ANSR" && Array.isArray(fields["answers"])) {
      const answers = fields["answers"] as readonly Fields[];
      for (const answer of answers) this.commands.put({ ...heard, fields: answer });
    } else this.commands.put(heard);
  }

  private async hearStreams(): Promise<void> {
    for await (const [head, part] of this.subscriber) {
      const [topic = "", first, count] = (head as Buffer).toString("latin1").split(" ");
      const { command, fields, events } = readHeard(part as Buffer);
      const number = Number(first);
      const base = { topic, command, number, count: Number(count), fields };
      if (events.length === 0) this.streamed.put(base);
      for (const [index, event] of events.entries()) {
        this.streamed.put({ ...base, number: number + index, event });
      }
    }
  }
}

const open = new Set<RawCell>();

// A case that fails leaves its sockets behind; the next one begins without them.
afterEach(() => {
  for (const cell of open) cell.close();
});

function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
