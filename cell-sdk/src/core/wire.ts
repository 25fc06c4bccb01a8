import {
  type CatchMode,
  type Command,
  type ErrorCode,
  type FieldMap,
  decodeJson,
  decodeMessagePack,
  encodeMessagePack,
  frameHeadBytes,
  intField,
  isErrorCode,
  listField,
  mapValue,
  MeshError,
  MessagePackCursor,
  ownField,
  readFrame,
  readThid,
  stringField,
  type Thid,
  windowBytesMax,
  writeFrame,
  heartbeatMs,
} from "@thynapse/protocol";
import type { EventSource } from "./caught-event.js";

/** A command of the transmitter, taken apart. */
export interface Incoming {
  readonly command: string;
  readonly map: FieldMap;
  /** The part, and where in it a run may follow the map. */
  readonly bytes: Buffer;
  readonly runAt: number;
}

/** Writes a command of a cell. */
export function writeCommand(command: Command, payload: FieldMap): Buffer {
  return writeFrame("M", command, encodeMessagePack(payload));
}

/**
 * Reads a command of the transmitter: the frame and its map. A run behind the map stays as it is.
 *
 * @throws {MeshError} as `readFrame` and `decodeMessagePack`.
 */
export function readCommand(part: Buffer): Incoming {
  const { encoding, command, payload } = readFrame(part);
  // Before its welcome a cell may be answered in the encoding that everybody can read.
  if (encoding === "J") {
    return { command, map: mapValue(decodeJson(payload), "a payload"), bytes: part, runAt: 0 };
  }
  const cursor = new MessagePackCursor(part, frameHeadBytes, "BAD_PAYLOAD");
  cursor.skipValue();
  const map = mapValue(decodeMessagePack(part, frameHeadBytes, cursor.at), "a payload");
  return { command, map, bytes: part, runAt: cursor.at };
}

/** `WLCM` */
export interface Welcome {
  readonly id: Thid;
  readonly pub: string;
  readonly incarnation: number;
  readonly presence: string;
  readonly secret: string;
  readonly mesh: string;
  readonly heartbeatMs: number;
  readonly windowBytes: number;
  readonly transmitters: readonly string[];
}

const textMax = 1024;
const addressCharsMax = 255;

/** @throws {MeshError} `BAD_ID`, `BAD_PAYLOAD` */
export function readWelcome(map: FieldMap): Welcome {
  return {
    id: readThid(ownField(map, "id")),
    pub: stringField(map, "pub", textMax),
    incarnation: intField(map, "incarnation"),
    presence: stringField(map, "presence", textMax),
    secret: stringField(map, "secret", textMax),
    mesh: stringField(map, "mesh", textMax),
    heartbeatMs: intField(map, "heartbeatMs", { min: 1, fallback: heartbeatMs }),
    windowBytes: intField(map, "windowBytes", { min: 1, fallback: windowBytesMax }),
    transmitters: readAddresses(map),
  };
}

/** Reads the `transmitters` of `WLCM` and `GBYE`; what is no address is left out. */
export function readAddresses(map: FieldMap): readonly string[] {
  return listField(map, "transmitters", 1000).filter(isAddress);
}

/** Reads the `successor` of `GBYE`; `undefined` if it names none. */
export function readSuccessor(map: FieldMap): string | undefined {
  const value = ownField(map, "successor");
  return isAddress(value) ? value : undefined;
}

function isAddress(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= addressCharsMax;
}

/** `CGHT` */
export interface CatchGrant {
  readonly catchNumber: number;
  readonly pattern: string;
  readonly mode: CatchMode;
  readonly topic: string;
  /** Number of the next event of the stream, if the transmitter says it. */
  readonly next: number | undefined;
  readonly warnings: readonly string[];
}

/** @throws {MeshError} `BAD_PAYLOAD` */
export function readGrant(map: FieldMap): CatchGrant {
  const mode = ownField(map, "mode") === "any" ? "any" : "multi";
  return {
    catchNumber: intField(map, "catch"),
    pattern: stringField(map, "pattern", 255),
    mode,
    topic: mode === "multi" ? stringField(map, "topic", textMax) : "",
    next: ownField(map, "next") === undefined ? undefined : intField(map, "next"),
    warnings: listField(map, "warnings", 1000).map(String),
  };
}

/** `ERRO` */
export interface ErrorReport {
  readonly error: MeshError;
  readonly command: string;
  readonly ref: unknown;
  readonly catchNumber: unknown;
}

/** Reads an error; a code that this version does not know becomes `INTERNAL`. */
export function readErrorReport(map: FieldMap): ErrorReport {
  const command = ownField(map, "command");
  const hint = ownField(map, "hint");
  const error = readError(map, typeof hint === "string" ? hint : undefined);
  return {
    error,
    command: typeof command === "string" ? command : "",
    ref: ownField(map, "ref"),
    catchNumber: ownField(map, "catch"),
  };
}

/** Reads `code` and `message`. */
export function readError(map: FieldMap, hint?: string): MeshError {
  return makeError(ownField(map, "code"), ownField(map, "message"), hint);
}

/** Makes the error that the other side named. */
export function makeError(code: unknown, message: unknown, hint?: string): MeshError {
  const told = typeof message === "string" ? message : "";
  const prefix = `${String(code)}: `;
  const text = told.startsWith(prefix) ? told.slice(prefix.length) : told;
  if (isErrorCode(code)) return new MeshError(code, text, { hint });
  const unknown: ErrorCode = "INTERNAL";
  return new MeshError(unknown, `${String(code)}: ${text}`, { hint, fault: "remote" });
}

/**
 * Reads a list of lists of numbers and more, such as ranges; entries of another form are left out.
 */
export function readRows(map: FieldMap, name: string): readonly (readonly unknown[])[] {
  return listField(map, name, Number.MAX_SAFE_INTEGER).filter(
    (row): row is unknown[] =>
      Array.isArray(row) && Number.isSafeInteger(row[0]) && Number.isSafeInteger(row[1]),
  );
}

/** Reads rows that begin with a range of numbers; those whose range is none are left out. */
export function readRanges(map: FieldMap, name: string): readonly (readonly unknown[])[] {
  return readRows(map, name).filter(([first, last]) => {
    return (first as number) >= 1 && (first as number) <= (last as number);
  });
}

/** Reads a cell as `from` and `cells` name it. @throws {MeshError} `BAD_PAYLOAD`, `BAD_ID` */
export function readSource(value: unknown): EventSource {
  const map = mapValue(value, "a cell");
  return { id: readThid(ownField(map, "id")), service: stringField(map, "service", 64) };
}
