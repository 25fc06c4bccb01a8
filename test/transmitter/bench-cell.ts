import {
  type Encoding,
  encodeBody,
  encodeExtras,
  encodeJson,
  encodeMessagePack,
  type EventExtras,
  type Run,
  RunWriter,
  writeFrame,
} from "@thynapse/protocol";
import { confirmLines, type Heard, nameOf, readHeard } from "./bench-heard.js";

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

/** The bench, as its cells see it. */
export interface Bench {
  readonly core: { receive(connection: string, parts: readonly Buffer[], nowMs: number): void };
  readonly nowMs: number;
  turn(act: () => void): void;
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
  private readonly bench: Bench;
  private nextSeq = 1;
  private nextRef = 1;

  constructor(bench: Bench, connection: string, encoding: Encoding, number: number) {
    this.bench = bench;
    this.connection = connection;
    this.encoding = encoding;
    this.id = number.toString(16).padStart(40, "0");
  }

  /** Says HELO and takes the welcome. */
  hello({ encoding: _encoding, ...options }: BenchCellOptions): void {
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
    return this.take("CNFM").flatMap(confirmLines);
  }

  hear(part: Buffer): void {
    const heard = readHeard(part);
    if (heard.command !== "BEAT" || heard.fields["streams"] !== undefined) this.heard.push(heard);
    if (heard.command === "BEAT" && this.beating) this.say("BEAT");
  }
}

function briefly({ command, fields }: Heard): string {
  return `${command} ${JSON.stringify(fields)}`;
}
