import { randomBytes } from "node:crypto";

import type { InProcessTransmitter } from "@thynapse/cell-sdk";
import { Mailbox } from "../mailbox.js";
import { type Encoding, type Fields, frame, type Heard, readHeard } from "../transmitter/frames.js";
import type { Home } from "./cell-under-test.js";
import { jsonEvent, packedEvent, type ScriptedEvent } from "./scripted-event.js";
import { InProcessFace } from "./in-process-face.js";
import { SocketFace } from "./socket-face.js";

/** How cells reach a script: over sockets, or in this process. */
export interface Face {
  send(connection: string, part: Buffer): void;
  publish(head: Buffer, part: Buffer): void;
  close(): void;
}

/** What a face tells its script. */
export interface FaceHandlers {
  heard(connection: string, part: Buffer): void;
  subscription(topic: string, isOn: boolean): void;
}

/** What a script answers by itself. */
type Reflex = "WLCM" | "CGHT" | "MARK" | "BEAT" | "CNFM" | "settled" | "GBYE" | "DRPD";

const scripts = new Set<ScriptedTransmitter>();
const heartbeatMs = 250;

/**
 * A transmitter that does what a case says. By reflex it welcomes, grants, marks, beats and confirms, so that a case
 * says only what it is about; each reflex can be taken away.
 */
export class ScriptedTransmitter implements Home, FaceHandlers {
  readonly id = randomBytes(20).toString("hex");
  readonly incarnation = Number.parseInt(randomBytes(4).toString("hex"), 16);
  readonly origin = `${this.id}.${this.incarnation}`;
  readonly address: string;
  readonly inProcess: InProcessTransmitter;
  /** All commands but beats and greetings, from whatever connection. */
  readonly commands = new Mailbox<Heard>("command of the cell");
  readonly hellos = new Mailbox<Heard>("HELO");
  readonly beats = new Mailbox<Fields>("beat of the cell");
  readonly subscriptions = new Mailbox<{ topic: string; isOn: boolean }>("subscription");
  /** Names of commands in the order of their coming, beats left out. */
  readonly order: string[] = [];
  /** Other transmitters that the welcome names. */
  neighbours: string[] = [];
  /** What its beats say of streams, as long as the case leaves it there. */
  moved: readonly (readonly [number, number])[] = [];
  /** What is added to each welcome. */
  welcomeMore: Fields = {};
  private readonly reflexes = new Set<Reflex>(
    (["WLCM", "CGHT", "MARK", "BEAT", "CNFM", "settled", "GBYE", "DRPD"] as const).values(),
  );
  private readonly faces: readonly Face[];
  private readonly topics = new Map<string, string>();
  private readonly lasts = new Map<string, number>();
  private readonly pub: string;
  private readonly beater: NodeJS.Timeout;
  private connection = "";
  private encoding: Encoding = "J";
  private nextCatch = 1;
  private nextNumber = 1;

  private constructor(sockets: SocketFace) {
    this.address = sockets.command;
    this.pub = sockets.pub;
    const local = new InProcessFace(this);
    this.inProcess = local;
    this.faces = [sockets, local];
    this.beater = setInterval(() => {
      if (!this.reflexes.has("BEAT") || this.connection === "") return;
      this.say("BEAT", this.moved.length > 0 ? { streams: this.moved } : {});
    }, heartbeatMs);
    scripts.add(this);
    sockets.handlers = this;
  }

  static async open(): Promise<ScriptedTransmitter> {
    return new ScriptedTransmitter(await SocketFace.bind());
  }

  /** Takes reflexes away: the case does these itself, or nobody. */
  without(...reflexes: Reflex[]): this {
    for (const reflex of reflexes) this.reflexes.delete(reflex);
    return this;
  }

  /** Gives reflexes back. */
  with(...reflexes: Reflex[]): this {
    for (const reflex of reflexes) this.reflexes.add(reflex);
    return this;
  }

  /** Says something to the cell that was welcomed last. */
  say(command: string, fields: Fields = {}): void {
    this.part(frame(this.encoding, command, fields));
  }

  /** Says something that carries one event: a delivery, or a repair. */
  sayEvent(command: string, fields: Fields, event: ScriptedEvent): void {
    if (this.encoding === "J") {
      this.say(command, { ...fields, ...jsonEvent(event) });
      return;
    }
    const map = frame("M", command, fields);
    this.part(Buffer.concat([map, packedEvent(event).subarray(7)]));
  }

  /** Delivers an event, and returns its name. */
  deliver(caught: number, event: ScriptedEvent, more: Fields = {}): Fields {
    const number = this.nextNumber++;
    const name = { catch: caught, origin: this.origin, number, attempt: 1, ...more };
    this.sayEvent("DLVR", { repeat: false, ...name }, event);
    return { catch: name.catch, origin: name.origin, number: name.number, attempt: name.attempt };
  }

  /** Publishes an event on the stream of a pattern, under this number or the next one. */
  publish(pattern: string, event: ScriptedEvent, number = this.lastOf(pattern) + 1): void {
    const part = this.encoding === "J" ? frame("J", "EVNT", jsonEvent(event)) : packedEvent(event);
    this.lasts.set(pattern, Math.max(number, this.lastOf(pattern)));
    this.emit(`${this.topicOf(pattern)} ${number} 1`, part);
  }

  /** Publishes something in the place of an event that a cell of this encoding cannot read. */
  publishUnreadable(pattern: string, event: ScriptedEvent): void {
    const number = this.lastOf(pattern) + 1;
    this.lasts.set(pattern, number);
    const { channel, seq } = event;
    const error = {
      code: "BAD_PAYLOAD",
      message: "JSON cannot say NaN",
      command: "EVNT",
      channel,
      seq,
    };
    const packed = packedEvent(event);
    packed[packed.length - 1] = 0xc1;
    this.emit(
      `${this.topicOf(pattern)} ${number} 1`,
      this.encoding === "J" ? frame("J", "ERRO", error) : packed,
    );
  }

  /** Publishes the mark of a pattern's stream. */
  mark(pattern: string): void {
    const last = this.lastOf(pattern);
    this.emit(`${this.topicOf(pattern)} ${last + 1} 0`, frame(this.encoding, "MARK", { last }));
  }

  /** Loses so many events of a stream on the way: the cell under test must find and tell the hole. */
  lose(pattern: string, count: number): void {
    this.lasts.set(pattern, this.lastOf(pattern) + count);
  }

  /** Gives a pattern's stream another topic: a new numbering. */
  renumber(pattern: string): void {
    this.topics.delete(pattern);
    this.lasts.delete(pattern);
  }

  topicOf(pattern: string): string {
    const topic = this.topics.get(pattern) ?? `s-${randomBytes(8).toString("hex")}`;
    this.topics.set(pattern, topic);
    return topic;
  }

  /** Confirms events of the cell: accepted, handled, or refused with a code. */
  confirm(seq: number, state: string, more: Fields = {}): void {
    if (this.encoding === "J") {
      this.say("CNFM", { seq, state, ...(state === "accepted" && { matched: 0 }), ...more });
      return;
    }
    const row = [seq, seq];
    if (state === "accepted") row.push(0, (more["repeat"] === true) as unknown as number);
    if (state === "refused") row.push(more["code"] as number, "refused" as unknown as number);
    this.say("CNFM", { [state]: [row] });
  }

  /** Confirms a settlement. */
  settled(ref: unknown): void {
    this.say("CNFM", this.encoding === "J" ? { settled: ref } : { settled: [[ref, ref]] });
  }

  /** Takes the next command of this name. */
  command(name: string): Promise<Heard> {
    return this.commands.next(({ command }) => command === name);
  }

  /** Dies without a word. */
  close(): void {
    scripts.delete(this);
    clearInterval(this.beater);
    for (const face of this.faces) face.close();
  }

  heard(connection: string, part: Buffer): void {
    this.connection = connection;
    const heard = readHeard(part);
    this.encoding = heard.encoding as Encoding;
    if (heard.command === "BEAT") {
      this.beats.put(heard.fields);
      return;
    }
    this.order.push(heard.command);
    if (heard.command === "HELO") this.hellos.put(heard);
    else this.commands.put(heard);
    this.react(heard);
  }

  subscription(topic: string, isOn: boolean): void {
    this.subscriptions.put({ topic, isOn });
    if (!isOn || !this.reflexes.has("MARK")) return;
    for (const [pattern, known] of this.topics) if (topic === `${known} `) this.mark(pattern);
  }

  private react({ command, fields, events }: Heard): void {
    if (command === "HELO" && this.reflexes.has("WLCM")) this.welcome();
    if (command === "CTCH" && this.reflexes.has("CGHT")) this.grant(fields);
    if (command === "DROP" && this.reflexes.has("DRPD")) this.say("DRPD", fields);
    if (command === "GBYE" && this.reflexes.has("GBYE")) this.say("GBYE", { reason: "farewell" });
    if (command === "SETL" && this.reflexes.has("settled")) this.settled(fields["ref"]);
    if (command !== "EVNT" || !this.reflexes.has("CNFM")) return;
    const seqs = events.length > 0 ? events.map(({ seq }) => seq) : [fields["seq"] as number];
    for (const state of ["accepted", "handled"]) for (const seq of seqs) this.confirm(seq, state);
  }

  private welcome(): void {
    this.nextCatch = 1;
    this.say("WLCM", {
      v: 1,
      id: this.id,
      pub: this.pub,
      incarnation: this.incarnation,
      origin: this.origin,
      presence: "p-scripted",
      secret: "5ec2e7".padEnd(32, "0"),
      mesh: "scripted",
      heartbeatMs,
      eventBytesMax: 1_048_576,
      windowBytes: 4_194_304,
      transmitters: [this.address, ...this.neighbours],
      ...this.welcomeMore,
    });
  }

  private grant({ pattern, mode, ref }: Fields): void {
    const base = { catch: this.nextCatch++, pattern, mode, ...(ref !== undefined && { ref }) };
    const next = this.lastOf(pattern as string) + 1;
    const more = mode === "multi" ? { topic: this.topicOf(pattern as string), next } : {};
    this.say("CGHT", { ...base, ...more });
  }

  private lastOf(pattern: string): number {
    return this.lasts.get(pattern) ?? 0;
  }

  private part(part: Buffer): void {
    for (const face of this.faces) face.send(this.connection, part);
  }

  private emit(head: string, part: Buffer): void {
    for (const face of this.faces) face.publish(Buffer.from(head), part);
  }
}

afterEach(() => {
  for (const script of scripts) script.close();
});
