import { encodeJson, encodeMessagePack, type Encoding } from "@thynapse/protocol";
import { anyBytes, type Dice, oneIn, pick } from "./dice.js";

/** Who speaks: what its commands must say to be right. */
export interface Voice {
  readonly id: string;
  readonly service: string;
  readonly encoding: Encoding;
  /** The name of the transmitter as an origin, from its welcome. */
  readonly origin: string;
}

/** One command before it is encoded: a map, or in `M` the header and the events of a run. */
export interface Said {
  readonly command: string;
  readonly values: readonly unknown[];
}

/** Every command that a cell says, the frequent ones several times. `GBYE` is rare: it ends all else. */
const frequentCommands = ["EVNT", "EVNT", "EVNT", "SETL", "SETL", "CTCH", "CTCH", "MISS"];
const cellCommands = ["HELO", "DROP", "PROG", "CRED", "RPLY", "BEAT", ...frequentCommands];

const patterns = ["a", "a.b", "a.*", "a.**", "**", "orders.*.eu", "$mesh.**", "toString"];
const channels = ["a", "a.b", "a.b.c", "orders.new.eu", "__proto__", "A", "x".repeat(64)];
// Not $mesh.drain: it ends the transmitter, as it should.
const requests = ["status", "cells", "groups", "explain", "dead.list", "dead.show", "dead.redrive"];
const bodies = [null, 7, "text", [1, [2]], { a: { b: 1 } }, true, "x".repeat(200)];
/** What MessagePack says and JSON does not, or says otherwise. */
const packedBodies = [
  Number.NaN,
  2n ** 64n - 1n,
  new Date(0),
  new Date(-8.64e15),
  Buffer.from("raw"),
];

/** Draws a command that is right, though it may name a catch or a delivery that there is not. */
export function drawCommand(dice: Dice, voice: Voice): Said {
  const command = oneIn(dice, 100) ? "GBYE" : pick(dice, cellCommands);
  if (command === "EVNT" && voice.encoding === "M") {
    return { command, values: drawRun(dice, voice) };
  }
  return { command, values: [drawFields(dice, voice, command)] };
}

/** Encodes a command with its head. @throws {MeshError} for values that the encoding cannot say. */
export function encodeSaid(encoding: Encoding, { command, values }: Said): Buffer {
  const encode = encoding === "J" ? encodeJson : encodeMessagePack;
  return Buffer.concat([Buffer.from(`${encoding} ${command} `), ...values.map(encode)]);
}

function drawFields(dice: Dice, voice: Voice, command: string): Record<string, unknown> {
  const { id, service, encoding } = voice;
  const delivery = { ...drawCatch(dice), ...drawDelivery(dice, voice) };
  switch (command) {
    case "HELO":
      return { v: 1, id, service, session: 1 + dice.roll(3), claims: drawClaims(dice, voice) };
    case "CTCH":
      return drawWish(dice);
    case "DROP":
      return drawCatch(dice);
    case "EVNT":
      return drawEvent(dice);
    case "SETL":
      return encoding === "J" ? drawSettlement(dice, delivery) : drawSettlements(dice, delivery);
    case "PROG":
      return delivery;
    case "CRED":
      return { ...drawCatch(dice), credit: dice.roll(20) };
    case "RPLY":
      return { ...delivery, ...drawReply(dice, voice) };
    case "MISS":
      return { ...drawCatch(dice), first: 1 + dice.roll(50), count: 1 + dice.roll(50) };
    case "BEAT":
      return oneIn(dice, 2) ? {} : { streams: [[1 + dice.roll(6), dice.roll(50)]] };
    default:
      return {};
  }
}

function drawCatch(dice: Dice): { catch: number } {
  return { catch: 1 + dice.roll(8) };
}

function drawDelivery(dice: Dice, { origin }: Voice): Record<string, unknown> {
  return { origin, number: 1 + dice.roll(200), attempt: 1 + dice.roll(2) };
}

function drawClaims(dice: Dice, { id }: Voice): unknown[] {
  if (!oneIn(dice, 4)) return [];
  const range = [id, 1, 1 + dice.roll(20)];
  return [{ pattern: pick(dice, patterns), held: [range], settled: oneIn(dice, 2) ? [range] : [] }];
}

function drawWish(dice: Dice): Record<string, unknown> {
  const mode = pick(dice, ["multi", "any", "any"]);
  const wish = { ref: dice.roll(1000), pattern: pick(dice, patterns), mode };
  if (mode === "multi" || oneIn(dice, 2)) return wish;
  return {
    ...wish,
    concurrency: 1 + dice.roll(4),
    credit: dice.roll(50),
    redeliver: oneIn(dice, 2),
    affinity: oneIn(dice, 2),
    attemptsMax: 1 + dice.roll(5),
    ackTimeoutMs: 100 + dice.roll(1000),
  };
}

/** An event in `J`. */
function drawEvent(dice: Dice): Record<string, unknown> {
  const asked = oneIn(dice, 8);
  const channel = asked ? `$mesh.${pick(dice, requests)}` : pick(dice, channels);
  const data = asked ? { channel: "a.b", letter: 1 + dice.roll(9) } : pick(dice, bodies);
  return {
    channel,
    ...(oneIn(dice, 4) ? { bytes: "AAEC" } : { data }),
    ref: dice.roll(1000),
    ...(oneIn(dice, 2) && { seq: 1 + dice.roll(500), floor: 1, repeat: oneIn(dice, 4) }),
    ...drawExtras(dice, asked),
  };
}

function drawExtras(dice: Dice, asked: boolean): Record<string, unknown> {
  const timeoutMs = 1 + dice.roll(2000);
  return {
    ...(oneIn(dice, 5) && { headers: { trace: "1", who: "é" } }),
    ...(oneIn(dice, 5) && { key: pick(dice, ["k", "l", "m"]) }),
    ...(oneIn(dice, 5) && { ttlMs: 1 + dice.roll(1000) }),
    ...(oneIn(dice, 5) && { id: `id ${dice.roll(50)}` }),
    ...((asked || oneIn(dice, 5)) && {
      ask: { timeoutMs, retry: oneIn(dice, 2), gather: oneIn(dice, 3), parts: oneIn(dice, 2) },
    }),
  };
}

/** A run in `M`: its header, then its events. */
function drawRun(dice: Dice, { id, service }: Voice): unknown[] {
  const count = 1 + dice.roll(4);
  const asked = oneIn(dice, 8);
  const system = asked ? `$mesh.${pick(dice, requests)}` : "a.b";
  const names = [pick(dice, channels), system, pick(dice, channels)];
  const header = {
    sender: Buffer.from(id, "hex"),
    service,
    session: 1 + dice.roll(2),
    floor: 1 + dice.roll(3),
    first: 3 + dice.roll(500),
    // A number of this size would be written as a float, which no header takes.
    time: 1_700_000_000_000n,
    count,
    channels: names,
  };
  const events = Array.from({ length: count }, () => {
    const tag = dice.roll(3);
    const step = 1 + dice.roll(oneIn(dice, 5) ? 3 : 1);
    const event: unknown[] = [step, dice.roll(names.length), tag, drawBody(dice, tag)];
    if (asked || oneIn(dice, 4)) event.push(drawExtras(dice, asked));
    return event;
  });
  return [header, ...events];
}

/** The bytes of a body; a transmitter takes them as they are, also those that its tag does not fit. */
function drawBody(dice: Dice, tag: number): Buffer {
  if (oneIn(dice, 6)) return anyBytes(dice, 20);
  if (tag === 1) return encodeJson(pick(dice, bodies));
  return encodeMessagePack(oneIn(dice, 3) ? pick(dice, packedBodies) : pick(dice, bodies));
}

function drawSettlement(dice: Dice, delivery: object): Record<string, unknown> {
  const outcome = pick(dice, ["ack", "ack", "nack", "release", "reject"]);
  return {
    ...delivery,
    outcome,
    ref: 1 + dice.roll(1000),
    ...(oneIn(dice, 3) && { reason: "because" }),
    ...(oneIn(dice, 3) && { result: pick(dice, bodies) }),
    ...(oneIn(dice, 3) && { outputs: [drawOutput(dice)] }),
  };
}

function drawOutput(dice: Dice): Record<string, unknown> {
  return { channel: pick(dice, channels), data: pick(dice, bodies), key: "k" };
}

function drawSettlements(dice: Dice, delivery: Record<string, unknown>): Record<string, unknown> {
  const { catch: number, origin, number: first, attempt } = delivery;
  const row: unknown[] = [dice.roll(4), first, 1 + dice.roll(3), attempt];
  if (oneIn(dice, 3)) {
    row[2] = 1;
    const outputs = [[pick(dice, channels), 0, Buffer.from("out"), { key: "k" }]];
    row.push({ reason: "because", result: [1, Buffer.from("7")], outputs });
  }
  return { catch: number, origin, ref: 1 + dice.roll(1000), settled: [row] };
}

function drawReply(dice: Dice, { encoding, id }: Voice): Record<string, unknown> {
  const body = encoding === "J" ? { data: pick(dice, bodies) } : { body: [0, Buffer.from("part")] };
  if (oneIn(dice, 2)) return { index: dice.roll(5), ...body };
  const failed = oneIn(dice, 3) ? { code: "HANDLER_FAILED", message: "no" } : body;
  return { to: id, seq: 1 + dice.roll(500), ...failed };
}
