import {
  commandBytesMax,
  decodePayloadMap,
  encodeMessagePack,
  type FieldMap,
  intField,
  isErrorCode,
  mapValue,
  MeshError,
  ownField,
  readFrame,
  stringField,
  type Thid,
  toMeshError,
  writeFrame,
} from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import type { Deadlines } from "../deadlines.js";

/** What a transmitter answers to a system request, or why it does not. */
export type Answer =
  | { readonly result: unknown; readonly error?: undefined }
  | { readonly error: MeshError };

/** A system request that is put to other transmitters. */
export interface Query {
  readonly channel: string;
  readonly data: FieldMap;
  /** How long is waited for their answers, in ms. */
  readonly waitMs: number;
}

/** The answers by transmitter; one that has not answered in time has none. */
export type Answers = ReadonlyMap<Thid, Answer | undefined>;

/** The way to other transmitters. */
export interface QueryWay {
  /**
   * Sends a part; `done(false)`: it will never arrive. @throws {MeshError} `NOT_FOUND` without a
   * link.
   */
  send(id: Thid, part: Buffer, nowMs: number, done: (isTaken: boolean) => void): void;
}

/** What queries need of the transmitter around them. */
export interface MeshQueriesParts {
  readonly deadlines: Deadlines;
  readonly counters: Counters;
  readonly way: () => QueryWay | undefined;
  /** Answers for this transmitter alone. @throws {MeshError} */
  readonly answer: (channel: string, data: FieldMap, nowMs: number) => unknown;
}

interface Waiting {
  /** In the order in which they were asked. */
  readonly answers: Map<Thid, Answer | undefined>;
  readonly left: Set<Thid>;
  readonly then: (answers: Answers, nowMs: number) => void;
}

const letterQ = 0x51;
const question = "QURY";
const reply = "QANS";

/**
 * System requests that one transmitter puts to others: each answers for itself, and the one that
 * was asked by a cell waits for them, but not for long.
 *
 * @see PROTOCOL.md §14
 */
export class MeshQueries {
  private readonly parts: MeshQueriesParts;
  private readonly waiting = new Map<number, Waiting>();
  private nextRef = 1;

  constructor(parts: MeshQueriesParts) {
    this.parts = parts;
  }

  /** Questions that somebody still waits for. */
  get count(): number {
    return this.waiting.size;
  }

  /** Asks these transmitters; `then` is called once, with what came in time. */
  ask(query: Query, to: readonly Thid[], nowMs: number, then: Waiting["then"]): void {
    const ref = this.nextRef++;
    const answers = new Map<Thid, Answer | undefined>(to.map((id) => [id, undefined]));
    const asked: Waiting = { answers, left: new Set(to), then };
    this.waiting.set(ref, asked);
    const { channel, data } = query;
    const part = writeWord(question, { ref, channel, data });
    for (const id of to) {
      this.parts.counters.add("queriesAsked");
      this.send(id, part, nowMs, () => this.end(ref, id, undefined, nowMs));
    }
    if (asked.left.size === 0) this.close(ref, nowMs);
    else this.parts.deadlines.at(nowMs + query.waitMs, (dueMs) => this.close(ref, dueMs));
  }

  /**
   * Takes a word of another transmitter. @returns whether it was one of these.
   *
   * @throws {MeshError} for one that cannot be read.
   */
  take(from: Thid, part: Buffer, nowMs: number): boolean {
    // Most words are of the routing, and come in numbers: one byte tells them apart.
    if (part[2] !== letterQ) return false;
    const { command, payload } = readFrame(part);
    if (command !== question && command !== reply) return false;
    const map = decodePayloadMap(payload, { bytesMax: commandBytesMax });
    const ref = intField(map, "ref");
    if (command === reply) this.end(ref, from, readAnswer(map), nowMs);
    else this.answer(from, ref, map, nowMs);
    return true;
  }

  private answer(from: Thid, ref: number, map: FieldMap, nowMs: number): void {
    const channel = stringField(map, "channel", channelCharsMax);
    const data = mapValue(ownField(map, "data"), "data");
    this.parts.counters.add("queriesAnswered");
    this.send(from, this.answerPart(ref, channel, data, nowMs), nowMs, () => undefined);
  }

  private answerPart(ref: number, channel: string, data: FieldMap, nowMs: number): Buffer {
    try {
      return writeWord(reply, { ref, result: this.parts.answer(channel, data, nowMs) });
    } catch (thrown) {
      const { code, reason: message } = toMeshError(thrown);
      return writeWord(reply, { ref, code, message });
    }
  }

  private send(id: Thid, part: Buffer, nowMs: number, lost: () => void): void {
    try {
      const way = this.parts.way();
      if (way === undefined) lost();
      else way.send(id, part, nowMs, (isTaken) => isTaken || lost());
    } catch {
      // No link to it: that is what the absence of an answer says.
      lost();
    }
  }

  private end(ref: number, id: Thid, answer: Answer | undefined, nowMs: number): void {
    const asked = this.waiting.get(ref);
    if (asked?.left.delete(id) !== true) {
      if (answer !== undefined) this.parts.counters.add("answersUnasked");
      return;
    }
    asked.answers.set(id, answer);
    if (asked.left.size === 0) this.close(ref, nowMs);
  }

  private close(ref: number, nowMs: number): void {
    const asked = this.waiting.get(ref);
    if (asked === undefined) return;
    this.waiting.delete(ref);
    let unanswered = 0;
    for (const answer of asked.answers.values()) if (answer === undefined) unanswered++;
    this.parts.counters.add("queriesUnanswered", unanswered);
    asked.then(asked.answers, nowMs);
  }
}

const channelCharsMax = 255;
const messageCharsMax = 10_000;

function writeWord(word: string, map: FieldMap): Buffer {
  return writeFrame("M", word, encodeMessagePack(map));
}

function readAnswer(map: FieldMap): Answer {
  const code = ownField(map, "code");
  if (code === undefined) return { result: ownField(map, "result") };
  const message = stringField(map, "message", messageCharsMax);
  return { error: new MeshError(isErrorCode(code) ? code : "INTERNAL", message) };
}
