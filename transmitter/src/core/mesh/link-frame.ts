import { MeshError } from "@thynapse/protocol";

/**
 * What a frame of a link is for:
 *
 * - `data`: the next part of the stream, which is the second part of the message.
 * - `patient`: the same, and nobody waits for its ack.
 * - `ack`: nothing but what is said of both directions.
 * - `ask`: the same, and an answer is wanted.
 * - `again`: frames behind `ack` are missing: send them again.
 */
export type FrameKind = "data" | "patient" | "ack" | "ask" | "again";

/** The head of a frame, behind the topic of the link. */
export interface FrameHead {
  readonly kind: FrameKind;
  /** Which stream of the speaker: it begins anew with each overrun. From 1. */
  readonly epoch: number;
  /** Of a part its own number, from 1; of the others the last one that was sent, 0 for none. */
  readonly number: number;
  /** The stream of the other side that `ack` is about; 0 if nothing of it has come. */
  readonly ackEpoch: number;
  /** Every number of that stream up to this one has come. */
  readonly ack: number;
}

const letters = { data: "d", patient: "p", ack: "a", ask: "q", again: "g" } as const;
const kinds: Readonly<Record<string, FrameKind>> = {
  d: "data",
  p: "patient",
  a: "ack",
  q: "ask",
  g: "again",
};

/** Whether frames of this kind carry a part of the stream. */
export function carriesPart(kind: FrameKind): boolean {
  return kind === "data" || kind === "patient";
}

/** Writes the head of a message: the topic, and what stands behind it. @see PROTOCOL.md §19.6 */
export function writeFrameHead(topic: string, head: FrameHead): Buffer {
  const { kind, epoch, number, ackEpoch, ack } = head;
  const text = `${topic} ${letters[kind]} ${epoch} ${number} ${ackEpoch} ${ack}`;
  return Buffer.from(text, "latin1");
}

/** Longest head behind the topic: five fields, four of them numbers up to 2^53. */
const headCharsMax = 80;

/**
 * Reads what stands behind the topic and a space.
 *
 * @throws {MeshError} `BAD_FRAME`
 */
export function readFrameHead(text: string): FrameHead {
  const fields = text.length <= headCharsMax ? text.split(" ") : [];
  const [letter = "", ...numbers] = fields;
  const kind = Object.hasOwn(kinds, letter) ? kinds[letter] : undefined;
  if (kind === undefined || numbers.length !== 4) {
    throw new MeshError("BAD_FRAME", "the head of a frame is a letter and four numbers");
  }
  const [epoch, number, ackEpoch, ack] = numbers.map(readDecimal) as [
    number,
    number,
    number,
    number,
  ];
  if (epoch < 1 || (carriesPart(kind) && number < 1) || (ackEpoch === 0 && ack > 0)) {
    throw new MeshError("BAD_FRAME", "the numbers of a frame do not fit each other");
  }
  return { kind, epoch, number, ackEpoch, ack };
}

function readDecimal(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || String(value) !== text || value < 0) {
    throw new MeshError("BAD_FRAME", "a number of a frame is decimal, 0 … 2^53−1");
  }
  return value;
}
