import type { Encoding, FieldMap } from "@thynapse/protocol";
import type { CellRecord } from "./cells.js";
import type { Counters } from "../counters.js";
import type { CoreLimits, Effect } from "../effects.js";
import { writeReply } from "./reply.js";

/** What liveness needs of the transmitter around it. */
export interface LivenessParts {
  readonly limits: CoreLimits;
  readonly counters: Counters;
  /** The number of our last heartbeat to other transmitters; none before there is a mesh. */
  readonly meshBeat: () => number | undefined;
  /** Command addresses of the live transmitters. */
  readonly transmitters: () => readonly string[];
  readonly cells: () => Iterable<CellRecord>;
  readonly effects: () => Effect[];
  readonly onDead: (cell: CellRecord, why: string, nowMs: number) => void;
  readonly onState: (cell: CellRecord, why: string) => void;
}

/** A probe for a connection that may be gone. */
const probes = { J: writeReply("J", "BEAT", {}), M: writeReply("M", "BEAT", {}) };

/**
 * Who lives: signs of life come in, verdicts go out.
 *
 * A cell is dead when its presence is gone, and its command connection too, or silent for as long
 * as makes a cell suspect: it is frozen, or cut off. When only one is gone it has `deadMs` to come
 * back. Silence alone makes it suspect and never dead: a handler that blocks its process is not a
 * reason to do its work twice.
 *
 * @see PROTOCOL.md §9
 */
export class Liveness {
  private readonly parts: LivenessParts;
  private beatMs: number;
  /** The same list until another address is in it. */
  private transmitters: readonly string[] = [];

  constructor(parts: LivenessParts, nowMs: number) {
    this.parts = parts;
    this.beatMs = nowMs;
  }

  /** When the next beat is due. */
  get dueMs(): number {
    return this.beatMs + this.parts.limits.heartbeatMs;
  }

  /** Whether it is time for a beat; half of one earlier where one wakes up for others anyhow. */
  isDue(nowMs: number, isAwake: boolean): boolean {
    return nowMs >= this.dueMs - (isAwake ? this.parts.limits.heartbeatMs / 2 : 0);
  }

  heard(cell: CellRecord, nowMs: number): void {
    cell.heardMs = nowMs;
    if (cell.state === "alive") return;
    cell.state = "alive";
    this.weigh(cell, nowMs);
    this.parts.onState(cell, "heard again");
  }

  present(cell: CellRecord, nowMs: number): void {
    cell.presence = "present";
    this.weigh(cell, nowMs);
  }

  /** The presence subscription is gone: is the command connection gone too? */
  absent(cell: CellRecord, nowMs: number): void {
    cell.presence = "ended";
    this.weigh(cell, nowMs);
    const part = probes[cell.encoding];
    this.parts.effects().push({ kind: "probe", connection: cell.connection, part });
  }

  unreachable(cell: CellRecord, nowMs: number): void {
    cell.unreachable = true;
    this.weigh(cell, nowMs);
  }

  /** One beat: tells every cell how far its streams are, and looks for silence. */
  beat(nowMs: number): void {
    const { heartbeatMs, suspectMs } = this.parts.limits;
    // A pause of our own is not the cells' silence: they get the time that we were away.
    const awayMs = nowMs - this.beatMs - heartbeatMs;
    const pausedMs = awayMs > suspectMs / 2 ? awayMs : 0;
    this.beatMs = nowMs;
    const found = this.parts.transmitters();
    if (!isSame(found, this.transmitters)) this.transmitters = found;
    const beats = new Beats(this.parts.meshBeat(), this.transmitters);
    for (const cell of [...this.parts.cells()]) {
      if (pausedMs > 0) this.pardon(cell, pausedMs);
      if (cell.doomedMs <= nowMs) {
        this.parts.onDead(cell, "its connection did not come back", nowMs);
        continue;
      }
      if (cell.state === "alive" && nowMs - cell.heardMs > suspectMs) {
        cell.state = "suspect";
        this.parts.counters.add("cellsSuspected");
        this.parts.onState(cell, `silent for ${Math.round(nowMs - cell.heardMs)} ms`);
        if (this.weigh(cell, nowMs)) continue;
      }
      this.parts.effects().push({
        kind: "send",
        connection: cell.connection,
        part: beats.of(cell),
      });
    }
  }

  private pardon(cell: CellRecord, pausedMs: number): void {
    cell.heardMs += pausedMs;
    cell.doomedMs += pausedMs;
  }

  /** Judges by all that is known of a cell; tells whether it is dead. */
  private weigh(cell: CellRecord, nowMs: number): boolean {
    const { presence, unreachable, state } = cell;
    if (presence === "ended" && (unreachable || state === "suspect")) {
      const other = unreachable ? "its command connection" : "all that was heard of it";
      this.parts.onDead(cell, `its event connection and ${other} ended`, nowMs);
      return true;
    }
    cell.doomedMs =
      unreachable || presence === "ended"
        ? Math.min(cell.doomedMs, nowMs + this.parts.limits.deadMs)
        : Number.POSITIVE_INFINITY;
    return false;
  }
}

/** One beat to all cells. What most are told is written once: an idle mesh says nothing else. */
class Beats {
  private readonly fields: FieldMap;
  private readonly transmitters: readonly string[];
  private readonly bare = new Map<Encoding, Buffer>();

  constructor(beat: number | undefined, transmitters: readonly string[]) {
    this.fields = beat === undefined ? {} : { beat };
    this.transmitters = transmitters;
  }

  of(cell: CellRecord): Buffer {
    const { encoding } = cell;
    const streams = movedStreams(cell);
    const isNews = cell.told !== this.transmitters;
    if (isNews || streams.length > 0) {
      const { transmitters } = this;
      cell.told = transmitters;
      const news = { ...(isNews && { transmitters }), ...(streams.length > 0 && { streams }) };
      return writeReply(encoding, "BEAT", { ...this.fields, ...news });
    }
    const bare = this.bare.get(encoding) ?? writeReply(encoding, "BEAT", this.fields);
    this.bare.set(encoding, bare);
    return bare;
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((it, at) => it === other[at]);
}

/** The streams of a cell whose last number it has not confirmed, each with that number. */
function movedStreams(cell: CellRecord): readonly [catchNumber: number, last: number][] {
  const streams: [number, number][] = [];
  for (const held of cell.catches.values()) {
    if (held.mode !== "multi") continue;
    const listener = held.stream.listeners.get(cell);
    if (listener !== undefined && listener.readMax < held.stream.last) {
      streams.push([held.number, held.stream.last]);
    }
  }
  return streams;
}
