import type { Encoding } from "@thynapse/protocol";
import type { CoreLimits, Effect, Random, Rest } from "../../transmitter/src/core/effects.js";
import { TransmitterCore } from "../../transmitter/src/core/transmitter-core.js";
import { BenchCell, type BenchCellOptions } from "./bench-cell.js";
import { type Heard, readHeard } from "./bench-heard.js";

export { BenchCell, type BenchCellOptions, type PackedEvent } from "./bench-cell.js";
export { type Heard, nameOf } from "./bench-heard.js";

/** One message of the event socket. */
export interface Published extends Heard {
  readonly topic: string;
  readonly first: number;
  readonly count: number;
}

/** THID of the transmitter on the bench. */
export const transmitterId = "f".repeat(40);

/** Where a bench stands among several: who it is, and the number of its first cell. */
export interface BenchPlace {
  readonly id?: string;
  readonly firstCell?: number;
}

/** The core of a transmitter on a bench: commands go in, virtual time passes, what it says is kept by cell. */
export class CoreBench {
  readonly core: TransmitterCore;
  readonly published: Published[] = [];
  readonly logged: (Effect & { kind: "log" })[] = [];
  readonly probed: string[] = [];
  /** Set once the core says that its drain is over. */
  rest: Rest | undefined;
  drainRequested = false;
  nowMs = 5_000_000;
  /** Command addresses of the live transmitters. */
  transmitters: readonly string[] = ["tcp://127.0.0.1:5454", "tcp://127.0.0.1:5464"];
  /** Called after each turn. */
  afterTurn: () => void = () => {};
  private readonly cells = new Map<string, BenchCell>();
  private nextCell: number;
  private inTurn = false;

  constructor(limits: Partial<CoreLimits> = {}, place: BenchPlace = {}) {
    this.nextCell = place.firstCell ?? 1;
    const options = {
      ...limits,
      id: place.id ?? transmitterId,
      mesh: "bench",
      incarnation: 7,
      version: "0.0.0",
      pid: 1,
      advertise: () => "tcp://127.0.0.1:5455",
      transmitters: () => [...this.transmitters],
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
    this.afterTurn();
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
        this.rest = effect;
        return;
      default:
        throw new Error(`a core without others wants ${effect.kind}`);
    }
  }
}

function readPublished(head: Buffer, part: Buffer): Published {
  const [topic = "", first, count] = head.toString().split(" ");
  return { topic, first: Number(first), count: Number(count), ...readHeard(part) };
}

/** Chance that is the same in each test: ties and jitter in the middle, tokens counted up. */
function countingRandom(): Random {
  let drawn = 0;
  return {
    float: () => 0.5,
    hex: (bits) => (++drawn).toString(16).padStart(bits / 4, "a"),
  };
}
