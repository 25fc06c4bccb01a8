import { encodeJson, type Encoding, type Pattern, type Run, writeFrame } from "@thynapse/protocol";
import type { CellRecord } from "../cells/cells.js";
import type { Counters } from "../counters.js";
import type { Effect, Random } from "../effects.js";
import { jsonFrameOf } from "../events/json-event.js";
import { Fifo } from "../fifo.js";
import { bytesOf, nothing, type Published, Ring, uncounted } from "./ring.js";
import { writeReply } from "../cells/reply.js";
import { mustWait, type Reader } from "./pace.js";
import type { RouteTable } from "../events/route.js";
import type { Traces } from "../requests/traces.js";

/** One numbered sequence on the event socket: a pattern in an encoding. @see PROTOCOL.md §8 */
export class Stream {
  readonly number: number;
  readonly pattern: Pattern;
  readonly encoding: Encoding;
  /** The token: a bearer right, never logged. */
  readonly topic: string;
  /** Number of the last event published. */
  last = 0;
  /** Bytes and messages published so far. */
  outBytes = 0;
  outMessages = 0;
  /** What the ring still has of this stream, oldest first. */
  readonly kept = new Fifo<Published>();
  /** The last number that stood for nobody knows how many events, and has left the ring. */
  uncountedTo = 0;
  /** Whether all others that live know it. */
  isKnown = false;
  /** When it ends for want of cells. */
  endsMs = Number.POSITIVE_INFINITY;
  /** Cells with a catch on it, and how far each says that it has read. */
  readonly listeners = new Map<CellRecord, Reader>();
  /** When it was last looked whether senders must wait, and what was seen. */
  private lookedMs = Number.NEGATIVE_INFINITY;
  private waits = false;

  constructor(number: number, pattern: Pattern, encoding: Encoding, topic: string) {
    this.number = number;
    this.pattern = pattern;
    this.encoding = encoding;
    this.topic = topic;
  }

  /** Whether its senders should wait for its readers; looked at once a turn, and when one reads. */
  isAhead(nowMs: number): boolean {
    if (nowMs > this.lookedMs) {
      this.lookedMs = nowMs;
      this.waits = mustWait(this.listeners.values(), this, nowMs);
    }
    return this.waits;
  }

  /** A cell tells how far it has read. */
  read(reader: Reader, last: number, nowMs: number): void {
    this.lookedMs = Number.NEGATIVE_INFINITY;
    reader.toldMs = nowMs;
    reader.readMax = Math.min(last, this.last);
    const { outBytes, outMessages } = this.kept.at(indexOf(this.kept, reader.readMax)) ?? this;
    if (outBytes > reader.place.outBytes) reader.place = { outBytes, outMessages };
  }
}

/** Numbers that nobody has any more; `uncounted`: they stand for nobody knows how many events. */
export interface Gone {
  readonly first: number;
  readonly count: number;
  readonly uncounted?: true;
}

/** What a cell gets for a hole: messages again, in order, then what is gone, if anything. */
export interface Repair {
  readonly gone: Gone | undefined;
  readonly messages: readonly Published[];
}

const repairBytesMax = 1024 * 1024;
const comma = Buffer.from(",");

/** Events of one channel that can have been lost at once: 100 000 a second for 15 minutes. */
const lostMax = 90_000_000;
/** Beyond this number of a stream none is left to be passed over: the rest is for events. */
const lastMax = 2 ** 52;

const encodings: readonly Encoding[] = ["J", "M"];

function keyOf(encoding: Encoding, pattern: string): string {
  return `${encoding} ${pattern}`;
}

/** All streams of a transmitter: their making and end, publishing, marks and repair. */
export class Streams {
  private readonly byKey = new Map<string, Stream>();
  private readonly byTopic = new Map<string, Stream>();
  private readonly ring: Ring;
  private readonly unmarked = new Set<Stream>();
  private readonly routes: RouteTable;
  private readonly random: Random;
  private readonly counters: Counters;
  private readonly traces: Traces;
  private nextNumber = 1;
  /** How many turns have ended. */
  private turn = 0;

  constructor(parts: StreamsParts) {
    this.routes = parts.routes;
    this.random = parts.random;
    this.counters = parts.counters;
    this.traces = parts.traces;
    this.ring = new Ring(parts.ringBytesMax);
  }

  get all(): Iterable<Stream> {
    return this.byKey.values();
  }

  get count(): number {
    return this.byKey.size;
  }

  get ringBytes(): number {
    return this.ring.bytes;
  }

  /** The streams of a pattern, one for each encoding at most. */
  of(pattern: string): Stream[] {
    const found = encodings.map((encoding) => this.byKey.get(keyOf(encoding, pattern)));
    return found.filter((stream) => stream !== undefined);
  }

  /** The stream of a pattern in an encoding; made if there is none. */
  open(pattern: Pattern, encoding: Encoding): Stream {
    const key = keyOf(encoding, pattern.text);
    let stream = this.byKey.get(key);
    if (stream === undefined) {
      stream = new Stream(this.nextNumber++, pattern, encoding, `s-${this.random.hex(128)}`);
      this.byKey.set(key, stream);
      this.byTopic.set(stream.topic, stream);
      this.routes.addStream(pattern, stream);
    }
    return stream;
  }

  close(stream: Stream): void {
    this.byKey.delete(keyOf(stream.encoding, stream.pattern.text));
    this.byTopic.delete(stream.topic);
    this.unmarked.delete(stream);
    this.routes.removeStream(stream.pattern, stream);
  }

  /** Tells whether a topic is one of ours, and plans the mark that arms who subscribed. */
  subscribed(topic: string): boolean {
    const stream = this.byTopic.get(topic);
    if (stream === undefined) return false;
    this.unmarked.add(stream);
    return true;
  }

  /** Publishes a run on a stream. Hot path: in `M` the run goes out as it came. */
  publish(stream: Stream, run: Run, effects: Effect[]): void {
    this.counters.add("streamEvents", run.count);
    this.traces.published(run, stream);
    if (stream.encoding === "M") {
      const part = run.start === 7 ? run.bytes : writeFrame("M", "EVNT", runBytes(run));
      this.emit(stream, run.count, part, effects);
      return;
    }
    for (let index = 0; index < run.count; index++) {
      const frame = jsonFrameOf(run, index);
      if (frame.unsayable) this.counters.add("streamUnsayable");
      this.emit(stream, 1, frame.part, effects);
    }
  }

  /**
   * Events of a stream were lost before they came here: its cells see a hole that stays open. More
   * than can have been lost nobody has counted: one number stands for them.
   */
  lose(stream: Stream, lost: number, how = nothing): void {
    const isCounted = lost <= lostMax && stream.last <= lastMax;
    const [count, part] = isCounted ? [lost, how] : [1, uncounted];
    const first = stream.last + 1;
    stream.last += count;
    const { outBytes, outMessages } = stream;
    const published = { stream, first, count, part, outBytes, outMessages };
    this.counters.values.ringEvicted += this.ring.push(published);
    this.unmarked.add(stream);
  }

  /**
   * The same of all streams, or of those from a number on, and nobody knows how many: one number
   * stands for them.
   */
  doubt(from = 0): void {
    for (const stream of this.byKey.values()) {
      if (stream.number >= from) this.lose(stream, 1, uncounted);
    }
  }

  /** The number of the first stream that others may not know. */
  get unknownFrom(): number {
    for (const stream of this.byKey.values()) if (!stream.isKnown) return stream.number;
    return this.nextNumber;
  }

  /** Ends the turn: publishes the marks that are due, at most one a stream. */
  flushMarks(effects: Effect[]): void {
    this.turn++;
    for (const stream of this.unmarked) {
      const head = Buffer.from(`${stream.topic} ${stream.last + 1} 0`);
      const part = writeReply(stream.encoding, "MARK", { last: stream.last });
      effects.push({ kind: "publish", head, part });
      this.counters.add("marksSent");
    }
    this.unmarked.clear();
  }

  /** Whether a hole of this reader may be repaired: once a turn, lest questions cost more. */
  takeRepairTurn(reader: Reader): boolean {
    if (reader.repairedTurn === this.turn) return false;
    reader.repairedTurn = this.turn;
    return true;
  }

  /** Finds what is kept of `count` events from `first` on; at most 1 MiB of it, or one message. */
  repair(stream: Stream, first: number, count: number): Repair {
    const end = Math.min(first + count, stream.last + 1);
    const oldest = stream.kept.first?.first ?? stream.last + 1;
    const goneCount = Math.max(0, Math.min(oldest, end) - first);
    const messages: Published[] = [];
    let bytes = 0;
    for (let at = indexOf(stream.kept, Math.max(first, oldest)); at < stream.kept.length; at++) {
      const published = stream.kept.at(at) as Published;
      if (published.first >= end) break;
      bytes += bytesOf(published);
      if (bytes > repairBytesMax && messages.length > 0) break;
      messages.push(published);
    }
    const how = first <= stream.uncountedTo ? { uncounted: true as const } : {};
    return { gone: goneCount > 0 ? { first, count: goneCount, ...how } : undefined, messages };
  }

  private emit(stream: Stream, count: number, part: Buffer, effects: Effect[]): void {
    const first = stream.last + 1;
    stream.last += count;
    const head = Buffer.from(`${stream.topic} ${first} ${count}`, "latin1");
    effects.push({ kind: "publish", head, part });
    this.counters.values.streamMessages++;
    stream.outBytes += part.length;
    stream.outMessages++;
    const { outBytes, outMessages } = stream;
    const published = { stream, first, count, part, outBytes, outMessages };
    this.counters.values.ringEvicted += this.ring.push(published);
  }
}

/** What `Streams` is made of. */
export interface StreamsParts {
  readonly routes: RouteTable;
  readonly random: Random;
  readonly counters: Counters;
  readonly traces: Traces;
  readonly ringBytesMax: number;
}

/** The bytes of a run, header first. */
export function runBytes(run: Run): Buffer {
  return run.bytes.subarray(run.start);
}

/** The index of the message that holds event `number`. */
function indexOf(kept: Fifo<Published>, number: number): number {
  let low = 0;
  let high = kept.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const published = kept.at(middle) as Published;
    if (published.first + published.count <= number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A message of a stream as `RPAR` brings it again; `name` says which events it holds. */
export function runPart(published: Published, name: Record<string, unknown>): Buffer {
  const { stream, part } = published;
  const payload = part.subarray(7);
  if (stream.encoding === "M") {
    return Buffer.concat([writeReply("M", "RPAR", name), payload]);
  }
  // Two objects become one as text: what was published is not decoded again.
  const fields = Buffer.concat([encodeJson(name).subarray(0, -1), comma, payload.subarray(1)]);
  return writeFrame("J", "RPAR", fields);
}
