import { bodyFromJson } from "./body.js";
import { checkChannel, checkService } from "./channel.js";
import { MeshError } from "./errors.js";
import { checkExtras, type EventExtras } from "./extras.js";
import {
  booleanField,
  type FieldMap,
  intField,
  listField,
  ownField,
  stringField,
} from "./fields.js";
import { ackTimeoutMs, attemptsMax, creditMax, eventBytesMax } from "./limits.js";
import { type Pattern, parsePattern } from "./pattern.js";
import { nameValue } from "./quote.js";
import { readThid, type Thid } from "./thid.js";
import { isSpokenVersion, protocolVersionRange } from "./version.js";

/** How a catch wants its events. @see PROTOCOL.md §1.3 */
export type CatchMode = "multi" | "any";

/** A reference of the other side's choice, repeated in the answer. */
export type Ref = string | number;

/** What a cell still holds and has settled of one group. @see PROTOCOL.md §10.9 */
export interface Claim {
  readonly pattern: string;
  readonly held: readonly SeqRange[];
  readonly settled: readonly SeqRange[];
}

/** Consecutive sequence numbers of one sender. */
export interface SeqRange {
  readonly sender: Thid;
  readonly first: number;
  readonly last: number;
}

/** `HELO` */
export interface Hello {
  readonly id: Thid;
  readonly service: string;
  readonly session: number;
  readonly secret?: string;
  readonly claims: readonly Claim[];
  /** The last heartbeat that came of the transmitter before this one, or start of it. */
  readonly heard?: HeardBeat;
}

/** A heartbeat of one start of a transmitter. */
export interface HeardBeat {
  readonly id: Thid;
  readonly incarnation: number;
  readonly beat: number;
}

/** `CTCH` */
export interface CatchWish {
  readonly pattern: Pattern;
  readonly mode: CatchMode;
  readonly ref?: Ref;
  readonly concurrency: number;
  readonly credit: number;
  readonly redeliver: boolean;
  readonly affinity: boolean;
  readonly attemptsMax: number;
  readonly ackTimeoutMs: number;
}

/** An encoded body with its tag. @see PROTOCOL.md §6 */
export interface Body {
  readonly tag: number;
  readonly bytes: Uint8Array;
}

/** An event that a transmitter numbers: an output, or one event in `J`. */
export interface LooseEvent {
  readonly channel: string;
  readonly body: Body;
  readonly extras: EventExtras;
}

/** The name of deliveries: `count` from `number` on, all of one attempt. */
export interface DeliveryName {
  readonly catch: number;
  readonly origin: string;
  readonly number: number;
  readonly attempt: number;
}

const claimsMax = 1000;
const rangesMax = 65_536;
/** The longest name of an origin. */
export const originCharsMax = 128;
const secretChars = 32;

/** @throws {MeshError} `BAD_ID`, `BAD_SERVICE`, `BAD_VERSION`, `BAD_PAYLOAD`, `TOO_LARGE` */
export function readHello(map: FieldMap): Hello {
  const version = ownField(map, "v") ?? protocolVersionRange.last;
  if (!isSpokenVersion(version)) {
    const { first, last } = protocolVersionRange;
    const text = `version ${nameValue(version)}; spoken: ${first} to ${last}`;
    throw new MeshError("BAD_VERSION", text, { hint: `say "v":${last}` });
  }
  const secret = ownField(map, "secret");
  if (secret !== undefined && (typeof secret !== "string" || secret.length !== secretChars)) {
    throw new MeshError("BAD_PAYLOAD", `secret is ${secretChars} hex characters`);
  }
  const hello = {
    id: readThid(ownField(map, "id")),
    service: checkService(ownField(map, "service")),
    session: intField(map, "session", { min: 1, fallback: 1 }),
    claims: listField(map, "claims", claimsMax).map(readClaim),
  };
  const heard = ownField(map, "heard");
  return {
    ...hello,
    ...(secret !== undefined && { secret }),
    ...(heard !== undefined && { heard: readHeard(mapValue(heard, "heard")) }),
  };
}

function readHeard(map: FieldMap): HeardBeat {
  const id = readThid(ownField(map, "id"));
  return { id, incarnation: intField(map, "incarnation"), beat: intField(map, "beat") };
}

function readClaim(value: unknown): Claim {
  const map = mapValue(value, "a claim");
  return {
    pattern: parsePattern(ownField(map, "pattern")).text,
    held: listField(map, "held", rangesMax).map(readSeqRange),
    settled: listField(map, "settled", rangesMax).map(readSeqRange),
  };
}

function readSeqRange(value: unknown): SeqRange {
  if (!Array.isArray(value)) throw new MeshError("BAD_PAYLOAD", "a range is [sender, first, last]");
  const first = numberAt(value, 1, 1);
  return { sender: readThid(value[0]), first, last: numberAt(value, 2, first) };
}

/** @throws {MeshError} `BAD_PATTERN`, `BAD_MODE`, `BAD_CREDIT`, `BAD_OPTION`, `BAD_PAYLOAD` */
export function readCatchWish(map: FieldMap): CatchWish {
  const pattern = parsePattern(ownField(map, "pattern"));
  const mode = ownField(map, "mode");
  if (mode !== "multi" && mode !== "any") {
    throw new MeshError("BAD_MODE", `mode must be multi or any, got ${nameValue(mode)}`, {
      hint: "multi: every cell that asked gets the event; any: one cell of the service",
    });
  }
  const concurrency = intField(map, "concurrency", {
    min: 1,
    max: creditMax,
    fallback: 1,
    code: "BAD_OPTION",
  });
  return {
    pattern,
    mode,
    concurrency,
    credit: readCredit(map, concurrency),
    redeliver: booleanField(map, "redeliver", true),
    affinity: booleanField(map, "affinity", false),
    attemptsMax: intField(map, "attemptsMax", {
      min: 1,
      max: 100,
      fallback: attemptsMax,
      code: "BAD_OPTION",
    }),
    ackTimeoutMs: intField(map, "ackTimeoutMs", {
      min: 100,
      max: 3_600_000,
      fallback: ackTimeoutMs,
      code: "BAD_OPTION",
    }),
    ...readRef(map),
  };
}

/** Reads `credit`, 0 … 65 535. @throws {MeshError} `BAD_CREDIT` */
export function readCredit(map: FieldMap, fallback?: number): number {
  const rules = { max: creditMax, code: "BAD_CREDIT" as const };
  return intField(map, "credit", fallback === undefined ? rules : { ...rules, fallback });
}

/** Reads `ref`, a string or a number, as an object to spread. @throws {MeshError} `BAD_PAYLOAD` */
export function readRef(map: FieldMap): { readonly ref?: Ref } {
  const ref = ownField(map, "ref");
  if (ref === undefined || ref === null) return {};
  if ((typeof ref === "string" && ref.length <= 255) || Number.isFinite(ref)) {
    return { ref: ref as Ref };
  }
  throw new MeshError("BAD_PAYLOAD", "ref is a number or a string of at most 255 characters");
}

/**
 * Reads one event in `J`: of `EVNT`, or an output.
 *
 * @throws {MeshError} `BAD_CHANNEL`, `DENIED`, `BAD_TTL`, `BAD_OPTION`, `TOO_LARGE`, `BAD_PAYLOAD`
 */
export function readLooseEvent(map: FieldMap): LooseEvent {
  const extras = checkExtras(map);
  const channel = checkChannel(ownField(map, "channel"), { system: extras.ask !== undefined });
  return { channel, body: readJsonBody(map, "data", "bytes"), extras };
}

/**
 * Reads a body in `J` from the fields of these names. @throws {MeshError} `TOO_LARGE`,
 * `BAD_PAYLOAD`
 */
export function readJsonBody(map: FieldMap, dataName: string, bytesName: string): Body {
  const data = ownField(map, dataName);
  const bytes = ownField(map, bytesName);
  if (bytes !== undefined && typeof bytes !== "string") {
    throw new MeshError("BAD_PAYLOAD", `${bytesName} must be a base64 string`);
  }
  if (bytes !== undefined && data !== undefined) {
    throw new MeshError("BAD_PAYLOAD", `either ${dataName} or ${bytesName}, not both`);
  }
  return checkBody(bodyFromJson(bytes === undefined ? { data } : { bytes }));
}

/** Reads a body in `M`: [tag, bin]. @throws {MeshError} `TOO_LARGE`, `BAD_PAYLOAD` */
export function readPackedBody(value: unknown): Body {
  if (!Array.isArray(value) || !(value[1] instanceof Uint8Array)) {
    throw new MeshError("BAD_PAYLOAD", "a body is [tag, bin]");
  }
  return checkBody({ tag: numberAt(value, 0, 0, 2), bytes: value[1] });
}

function checkBody(body: Body): Body {
  if (body.bytes.length > eventBytesMax) {
    throw new MeshError("TOO_LARGE", `${body.bytes.length} bytes, at most ${eventBytesMax}`);
  }
  return body;
}

/** Reads the four fields that name a delivery. @throws {MeshError} `BAD_PAYLOAD` */
export function readDeliveryName(map: FieldMap): DeliveryName {
  return {
    catch: intField(map, "catch"),
    origin: stringField(map, "origin", originCharsMax),
    number: intField(map, "number", { min: 1 }),
    attempt: intField(map, "attempt", { min: 1 }),
  };
}

/** @throws {MeshError} `BAD_PAYLOAD` if `value` is no map. */
export function mapValue(value: unknown, what: string): FieldMap {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MeshError("BAD_PAYLOAD", `${what} must be a map`);
  }
  return value as FieldMap;
}

/** Reads item `at` of a row. @throws {MeshError} `BAD_PAYLOAD` if no integer of `min … max`. */
export function numberAt(
  row: readonly unknown[],
  at: number,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number {
  const value = row[at];
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    const bound = max === Number.MAX_SAFE_INTEGER ? "2^53−1" : String(max);
    const rule = `item ${at} of a list must be an integer ≤ ${bound} and ≥ ${min}`;
    throw new MeshError("BAD_PAYLOAD", `${rule}, got ${nameValue(value)}`);
  }
  return value as number;
}
