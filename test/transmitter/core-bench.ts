import {
  decodePayloadMap,
  type Encoding,
  encodeBody,
  encodeExtras,
  encodeJson,
  encodeMessagePack,
  type EventExtras,
  MessagePackCursor,
  readFrame,
  readRun,
  type Run,
  RunWriter,
  writeFrame,
} from "@thynapse/protocol";
import type { CoreLimits, Effect, Random } from "../../transmitter/src/core/effects.js";
import { TransmitterCore } from "../../transmitter/src/core/transmitter-core.js";

/** One command that a cell was sent; `run` stands where one follows the map. */
export interface Heard {
  readonly command: string;
  readonly encoding: Encoding;
  readonly fields: Record<string, unknown>;
  readonly run?: Run;
}

/** One message of the event socket. */
export interface Published extends Heard {
  readonly topic: string;
  readonly first: number;
  readonly count: number;
}

/** One event of a run, before it has a number. */
export interface PackedEvent {
  readonly channel: string;
  readonly data?: unknown;
  readonly extras?: EventExtras;
}

/** Who a bench cell is; what is left out is drawn or has its default. */
export interface BenchCellOptions {
  readonly service?: string;
  readonly encoding?: Encoding;
  readonly id?: string;
  readonly session?: number;
  readonly secret?: string;
  readonly claims?: readonly object[];
}

export const transmitterId = "f".repeat(40);

/** The core of a transmitter on a bench: commands go in, virtual time passes, what it says is kept by cell. */
export class CoreBench {
  readonly core: TransmitterCore;
  readonly published: Published[] = [];
  readonly logged: (Effect & { kind: "log" })[] = [];
  readonly probed: string[] = [];
  /** Set once the core says that its drain is over. */
  unconfirmed: number | undefined;
  drainRequested = false;
  nowMs = 5_000_000;
  private readonly cells = new Map<string, BenchCell>();
  private nextCell = 1;
  private inTurn = false;

  constructor(limits: Partial<CoreLimits> = {}) {
    const options = {
      ...limits,
      id: transmitterId,
      mesh: "bench",
      incarnation: 7,
      version: "0.0.0",
      pid: 1,
      advertise: () => "tcp://127.0.0.1:5455",
      transmitters: () => ["tcp://127.0.0.1:5454"],
      command: () => "tcp://127.0.0.1:5454",
      pub: () => "tcp://127.0.0.1:5455",
      wallMs: () => 1_700_000_000_000 + this.nowMs,
      rssBytes: () => 1,
      prometheus: () => "# metrics",
    };
    this.core = new TransmitterCore(options, countingRandom(), this.nowMs);
  }

  /** A connection that has said nothing yet. */
  stranger(encoding: Encoding = "J"): BenchCell {
    const number = this.nextCell++;
    const cell = new BenchCell(this, `connection-${number}`, encoding, number);
    this.cells.set(cell.connection, cell);
    return cell;
  }

  /** A cell that was welcomed. */
  cell(service: string, options: BenchCellOptions = {}): BenchCell {
    const cell = this.stranger(options.encoding);
    cell.hello({ ...options, service });
    return cell;
  }

  /** Several commands that come in one turn of the shell. */
  turn(act: () => void): void {
    if (this.inTurn) {
      act();
      return;
    }
    this.inTurn = true;
    try {
      act();
    } finally {
      this.inTurn = false;
    }
    this.carryOut();
  }

  /** Lets time pass; cells that beat answer each beat. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.core.nextDeadlineMs <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.core.nextDeadlineMs);
      this.turn(() => this.core.tick(this.nowMs));
    }
    this.nowMs = endMs;
    this.turn(() => this.core.tick(this.nowMs));
  }

  /** A SUB subscribes; tells whether it was admitted. */
  subscribe(topic: string): boolean {
    let admitted = false;
    this.turn(() => {
      admitted = this.core.subscribed(Buffer.from(topic), this.nowMs);
    });
    return admitted;
  }

  unsubscribe(topic: string): void {
    this.turn(() => this.core.unsubscribed(Buffer.from(topic), this.nowMs));
  }

  /** The messages of a topic so far. */
  stream(topic: unknown): Published[] {
    return this.published.filter((message) => message.topic === topic);
  }

  private carryOut(): void {
    for (let effects = this.take(); effects.length > 0; effects = this.take()) {
      for (const effect of effects) this.carryOutOne(effect);
    }
  }

  private take(): readonly Effect[] {
    return this.core.takeEffects(this.nowMs);
  }

  private carryOutOne(effect: Effect): void {
    switch (effect.kind) {
      case "send":
        this.cells.get(effect.connection)?.hear(effect.part);
        return;
      case "publish":
        this.published.push(readPublished(effect.head, effect.part));
        return;
      case "probe":
        this.probed.push(effect.connection);
        return;
      case "log":
        this.logged.push(effect);
        return;
      case "drain":
        this.drainRequested = true;
        return;
      case "stopped":
        this.unconfirmed = effect.unconfirmed;
        return;
    }
  }
}

/** One connection of a bench, and all that it was told. */
export class BenchCell {
  readonly connection: string;
  readonly encoding: Encoding;
  id: string;
  service = "nobody";
  /** The latest welcome. */
  welcome: Record<string, unknown> = {};
  /** What was heard and not taken yet, but bare beats. */
  readonly heard: Heard[] = [];
  /** Whether it answers beats. */
  beating = true;
  private readonly bench: CoreBench;
  private nextSeq = 1;
  private nextRef = 1;

  constructor(bench: CoreBench, connection: string, encoding: Encoding, number: number) {
    this.bench = bench;
    this.connection = connection;
    this.encoding = encoding;
    this.id = number.toString(16).padStart(40, "0");
  }

  /** Says HELO and takes the welcome. */
  hello({ encoding: _, ...options }: BenchCellOptions): void {
    this.id = options.id ?? this.id;
    this.service = options.service ?? this.service;
    this.say("HELO", { ...options, id: this.id, service: this.service });
    this.welcome = this.take("WLCM")[0]?.fields ?? {};
  }

  say(command: string, fields: Record<string, unknown> = {}): void {
    const payload = this.encoding === "J" ? encodeJson(fields) : encodeMessagePack(fields);
    this.sayPart(writeFrame(this.encoding, command, payload));
  }

  /** Sends parts as they are. */
  sayPart(...parts: (Buffer | string)[]): void {
    const buffers = parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part));
    const { core } = this.bench;
    this.bench.turn(() => core.receive(this.connection, buffers, this.bench.nowMs));
  }

  /** Sends one event and returns its number. */
  send(channel: string, fields: Record<string, unknown> = {}): number {
    if (this.encoding === "M") return this.sendRun([{ channel, data: fields["data"] }]);
    const seq = typeof fields["seq"] === "number" ? fields["seq"] : this.nextSeq;
    this.nextSeq = Math.max(this.nextSeq, seq + 1);
    this.say("EVNT", { channel, data: null, seq, ...fields });
    return seq;
  }

  /** Sends a run in `M` and returns its first number. */
  sendRun(events: readonly PackedEvent[], header: Partial<Run["header"]> = {}): number {
    const first = header.first ?? this.nextSeq;
    this.nextSeq = Math.max(this.nextSeq, first + events.length);
    const writer = new RunWriter(256);
    for (const { channel, data, extras } of events) {
      const body = encodeBody(data);
      writer.append(channel, body.tag, body.bytes, 1, encodeExtras(extras));
    }
    const { id: sender, service } = this;
    const opening = { sender, service, session: 1, floor: 1, time: 5, ...header, first };
    this.sayPart(writer.close(opening, Buffer.from("M EVNT ")));
    return first;
  }

  /** Catches and returns the answer. */
  catch(pattern: string, mode: "multi" | "any", options: object = {}): Record<string, unknown> {
    this.say("CTCH", { pattern, mode, ...options });
    const [answer] = this.take("CGHT");
    if (answer === undefined) throw new Error(`not caught: ${JSON.stringify(this.heard)}`);
    return answer.fields;
  }

  /** Settles one delivery; returns the reference of the settlement. */
  settle(delivery: Heard, outcome = "ack", detail: object = {}): number {
    const ref = this.nextRef++;
    const { catch: number, origin, attempt } = delivery.fields;
    if (this.encoding === "J") {
      this.say("SETL", { ...nameOf(delivery), outcome, ref, ...detail });
      return ref;
    }
    const count = delivery.run?.count ?? 1;
    const code = ["ack", "nack", "release", "reject"].indexOf(outcome);
    const row = [code, delivery.fields["number"], count, attempt];
    if (Object.keys(detail).length > 0) row.push(detail);
    this.say("SETL", { catch: number, origin, ref, settled: [row] });
    return ref;
  }

  /** Takes what was heard of these commands, or all, in order. */
  take(...commands: string[]): Heard[] {
    const taken = this.heard.filter(
      ({ command }) => commands.length === 0 || commands.includes(command),
    );
    for (const one of taken) this.heard.splice(this.heard.indexOf(one), 1);
    return taken;
  }

  /** The only one that was heard of this command. */
  takeOne(command: string): Heard {
    const taken = this.take(command);
    if (taken.length === 1) return taken[0] as Heard;
    const rest = JSON.stringify([...taken, ...this.heard].map(briefly));
    throw new Error(`${taken.length} of ${command}, not one: ${rest}`);
  }

  /** The confirms heard so far, short: "1 accepted 2", "1 handled", "settled 4". */
  confirms(): string[] {
    return this.take("CNFM").flatMap((heard) =>
      heard.encoding === "J" ? [jsonConfirm(heard.fields)] : packedConfirms(heard.fields),
    );
  }

  hear(part: Buffer): void {
    const heard = readHeard(part);
    if (heard.command !== "BEAT" || heard.fields["streams"] !== undefined) this.heard.push(heard);
    if (heard.command === "BEAT" && this.beating) this.say("BEAT");
  }
}

/** The fields that name a delivery. */
export function nameOf(delivery: Heard): Record<string, unknown> {
  const { catch: number, origin, number: first, attempt } = delivery.fields;
  return { catch: number, origin, number: first, attempt };
}

function jsonConfirm(fields: Record<string, unknown>): string {
  if (fields["settled"] !== undefined) return `settled ${fields["settled"]}`;
  const { seq, state, matched, repeat, code } = fields;
  const words = [seq, state, matched, code, repeat === true ? "repeat" : undefined];
  return words.filter((word) => word !== undefined).join(" ");
}

function packedConfirms(fields: Record<string, unknown>): string[] {
  const rows = (name: string): unknown[][] => (fields[name] ?? []) as unknown[][];
  return [
    ...rows("accepted").map(([a, b, n, again]) => `${a}-${b} accepted ${n}${again ? " repeat" : ""}`),
    ...rows("refused").map(([a, b, code]) => `${a}-${b} refused ${code}`),
    ...rows("handled").map(([a, b]) => `${a}-${b} handled`),
    ...rows("settled").map(([a, b]) => `settled ${a}-${b}`),
  ];
}

function briefly({ command, fields }: Heard): string {
  return `${command} ${JSON.stringify(fields)}`;
}

function readPublished(head: Buffer, part: Buffer): Published {
  const [topic = "", first, count] = head.toString().split(" ");
  return { topic, first: Number(first), count: Number(count), ...readHeard(part) };
}

/** Reads a command of a transmitter; in `M` a run may follow the map, or stand for it. */
export function readHeard(part: Buffer): Heard {
  const { encoding, command, payload } = readFrame(part);
  if (encoding === "J") {
    return { command, encoding, fields: JSON.parse(payload.toString()) as Record<string, unknown> };
  }
  if (command === "EVNT") return { command, encoding, fields: {}, run: readRun(part, 7) };
  const end = mapEnd(part);
  const fields = decodePayloadMap(part.subarray(7, end));
  if (end === part.length) return { command, encoding, fields };
  return { command, encoding, fields, run: readRun(part, end) };
}

/** Where the map of a command ends; what follows is a run. */
function mapEnd(part: Buffer): number {
  const cursor = new MessagePackCursor(part, 7, "BAD_PAYLOAD");
  cursor.skipValue();
  return cursor.at;
}

/** Chance that is the same in each test: ties and jitter in the middle, tokens counted up. */
function countingRandom(): Random {
  let drawn = 0;
  return {
    float: () => 0.5,
    hex: (bits) => (++drawn).toString(16).padStart(bits / 4, "a"),
  };
}
