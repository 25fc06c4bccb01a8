import {
  decodeMessagePack,
  encodeMessagePack,
  type FieldMap,
  MessagePackCursor,
  RunWriter,
  readRun,
  type Run,
  writeFrame,
} from "@thynapse/protocol";

import { CellCore } from "../../cell-sdk/src/core/cell-core.js";
import type { Effect, Line } from "../../cell-sdk/src/core/effects.js";
import type { CoreOptions } from "../../cell-sdk/src/core/environment.js";
import type { CellStatus } from "../../cell-sdk/src/core/status.js";
import { madeWelcome } from "./made-welcome.js";

/** A command that the cell sent. */
export interface Said {
  readonly command: string;
  /** Where it was said. */
  readonly line: Line;
  readonly map: FieldMap;
  /** Of `EVNT`. */
  readonly run?: Run;
}

/** An event of a made-up run: what is left out has a default. */
export interface MadeRun {
  readonly sender?: string;
  readonly first?: number;
  readonly floor?: number;
  readonly channel?: string;
  /** One body for each event; bytes as they are, all else as MessagePack. */
  readonly bodies: readonly unknown[];
  /** The tag of bodies that are bytes; default 0. */
  readonly tag?: number;
  /** Steps between the numbers; default 1 each. */
  readonly steps?: readonly number[];
  readonly extras?: FieldMap;
}

export const cellId = "c1".repeat(20);
export const senderId = "5e".repeat(20);
export const transmitterId = madeWelcome.id;

/**
 * A cell's rules in the hands of a test that plays the transmitter: virtual time, commands in and
 * out as maps, no sockets.
 */
export class CoreRig {
  readonly core: CellCore;
  readonly said: Said[] = [];
  readonly statuses: CellStatus[] = [];
  readonly effects: Effect[] = [];
  nowMs = 1000;
  private grants = 0;

  constructor(options: Partial<CoreOptions> = {}, random: () => number = () => 0.5) {
    this.core = new CellCore(
      {
        id: cellId,
        service: "tested",
        transmitters: ["tcp://one:1", "tcp://two:2"],
        connectTimeoutMs: 5000,
        outboxBytesMax: 64 * 1024 * 1024,
        outboxEventsMax: 262_144,
        ...options,
      },
      { wallMs: () => 1_700_000_000_000 + this.nowMs, random },
    );
  }

  /** A rig whose cell was welcomed. */
  static welcome(options: Partial<CoreOptions> = {}, fields: FieldMap = {}): CoreRig {
    const rig = new CoreRig(options);
    rig.core.start(rig.nowMs);
    rig.attach(fields);
    rig.said.length = 0;
    return rig;
  }

  /** Connects and welcomes; the transmitter is the same each time unless `fields` say otherwise. */
  attach(fields: FieldMap = {}): void {
    this.core.connected(this.nowMs);
    this.hear("WLCM", { ...madeWelcome, ...fields });
  }

  /** Loses the connection and waits until the next one is asked for. */
  lose(): void {
    this.core.disconnected("cut", this.nowMs);
    this.run();
    this.pass(50);
  }

  /** Lets the time go on, in steps, doing what is due. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.core.nextDeadlineMs <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.core.nextDeadlineMs);
      this.core.tick(this.nowMs);
      this.run();
    }
    this.nowMs = endMs;
    this.core.tick(endMs);
    this.run();
  }

  /** The transmitter says something. */
  hear(command: string, map: FieldMap, run?: MadeRun, line?: Line): void {
    this.core.command(partOf(command, map, run), this.nowMs, line);
    this.run();
  }

  /** A message of a stream. */
  stream(topic: string, first: number, run: MadeRun, line?: Line): void {
    const head = Buffer.from(`${topic} ${first} ${run.bodies.length}`);
    this.core.events(head, writeRun(run, Buffer.from("M EVNT ")), this.nowMs, line);
    this.run();
  }

  mark(topic: string, first: number): void {
    const part = writeFrame("M", "MARK", encodeMessagePack({ last: first - 1 }));
    this.core.events(Buffer.from(`${topic} ${first} 0`), part, this.nowMs);
    this.run();
  }

  /** Grants the catch that was asked for last; returns its number. */
  grant(fields: FieldMap = {}): number {
    const asked = this.last("CTCH");
    const { ref, pattern, mode } = asked.map;
    const number = ++this.grants;
    this.hear("CGHT", { catch: number, ref, pattern, mode, topic: "s-1", next: 1, ...fields });
    return number;
  }

  /** Does something, and takes in what follows. */
  act<T>(action: (core: CellCore) => T): T {
    const result = action(this.core);
    this.core.flush(this.nowMs);
    this.run();
    return result;
  }

  /** What the cell said with this command, in order. */
  all(command: string, line?: Line): Said[] {
    return this.said.filter(
      (said) => said.command === command && (line === undefined || said.line === line),
    );
  }

  last(command: string, line?: Line): Said {
    const found = this.all(command, line).at(-1);
    if (found === undefined) throw new Error(`the cell has said no ${command}`);
    return found;
  }

  kinds(): string[] {
    return this.statuses.map(({ kind }) => kind);
  }

  private run(): void {
    for (const effect of this.core.takeEffects()) {
      if (effect.kind === "command") this.said.push(read(effect.part, effect.line));
      else if (effect.kind === "status") this.statuses.push(effect.status);
      this.effects.push(effect);
    }
  }
}

function read(part: Buffer, line: Line): Said {
  const command = part.toString("latin1", 2, 6);
  if (command === "EVNT") {
    const run = readRun(part, 7);
    return { command, line, map: {}, run };
  }
  return { command, line, map: decodeMessagePack(part, 7) as FieldMap };
}

function partOf(command: string, map: FieldMap, run: MadeRun | undefined): Buffer {
  const frame = writeFrame("M", command, encodeMessagePack(map));
  return run === undefined ? frame : writeRun(run, frame);
}

/** Writes a run behind `prefix`. */
export function writeRun(made: MadeRun, prefix: Uint8Array): Buffer {
  const { sender = senderId, first = 1, floor = 1, channel = "a.b", bodies, steps, extras } = made;
  const writer = new RunWriter(1024);
  for (const [index, body] of bodies.entries()) {
    const isBytes = body instanceof Uint8Array;
    const bytes = isBytes ? body : encodeMessagePack(body);
    const packed = extras === undefined ? undefined : encodeMessagePack(extras);
    writer.append(channel, isBytes ? (made.tag ?? 0) : 2, bytes, steps?.[index] ?? 1, packed);
  }
  const opening = { sender, service: "sending", session: 1, floor, first, time: 5 };
  return Buffer.concat([prefix, writer.close(opening, new Uint8Array(0))]);
}

/** Makes a run to read. */
export function madeRun(made: MadeRun): Run {
  return readRun(writeRun(made, new Uint8Array(0)), 0);
}

/** Reads the map of a part without its run. */
export function mapOf(part: Buffer): FieldMap {
  const cursor = new MessagePackCursor(part, 7, "BAD_PAYLOAD");
  cursor.skipValue();
  return decodeMessagePack(part, 7, cursor.at) as FieldMap;
}

/** Notes how a wait ended. */
export class NotedWaiter {
  state = "waiting";
  readonly resolve = (): void => {
    this.state = "resolved";
  };
  readonly reject = (error: { readonly code: string }): void => {
    this.state = error.code;
  };
}
