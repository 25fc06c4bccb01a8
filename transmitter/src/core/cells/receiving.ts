import {
  type Command,
  commandBytesMax,
  commands,
  decodeExactJson,
  decodePayloadMap,
  didYouMeanCommand,
  type Encoding,
  type FieldMap,
  isCommand,
  MeshError,
  ownField,
  readFrame,
} from "@thynapse/protocol";
import { unknownFieldCount } from "./command-fields.js";

/** Longer than any name that is taken: an error does not bring back all that it refuses. */
const nameCharsMax = 255;

const namingFields = ["ref", "catch", "number", "attempt", "seq"] as const;

/**
 * What is read of a command only to name it in an error, in bytes of its payload: an event of usual
 * size. Not all such errors are charged (§15), and 4 MiB may take longer than a heartbeat.
 */
const namedBytesMax = 65_536;

/**
 * Commands that carry bodies: in base64 one of `eventBytesMax` makes a payload that is a third
 * longer.
 */
const bodyCommands: ReadonlySet<string> = new Set(["EVNT", "SETL", "RPLY"]);

/** One command of a cell, its payload still encoded. */
export class ReadCommand {
  readonly encoding: Encoding;
  readonly command: string;
  /** The whole part; the payload of an `EVNT` in `M` begins at byte 7. */
  readonly part: Buffer;
  private map: FieldMap | undefined;
  /** Whether the payload was looked at, also where it could not be read. */
  private isTried = false;

  constructor(encoding: Encoding, command: string, part: Buffer) {
    this.encoding = encoding;
    this.command = command;
    this.part = part;
  }

  /** The payload as a map, decoded once. @throws {MeshError} for payloads that are none. */
  fields(): FieldMap {
    const limits = bodyCommands.has(this.command) ? { bytesMax: commandBytesMax } : {};
    const decode = this.encoding === "J" ? decodeExactJson : decodePayloadMap;
    this.isTried = true;
    this.map ??= decode(this.payload, limits);
    return this.map;
  }

  /**
   * The fields that tell the cell which of its commands an error is about, as far as they can be
   * read.
   *
   * @see PROTOCOL.md §5.5, ERRO
   */
  names(): Record<string, unknown> {
    const names: Record<string, unknown> = {};
    const map = this.isTried ? this.map : this.peek();
    for (const field of namingFields) {
      const value = map === undefined ? undefined : ownField(map, field);
      const short = typeof value === "string" && value.length <= nameCharsMax;
      if (typeof value === "number" || short) names[field] = value;
    }
    return names;
  }

  /** Fields that this version does not know, if the payload was looked at. */
  get unknownFieldCount(): number {
    return this.map === undefined ? 0 : unknownFieldCount(this.command, this.map);
  }

  /** The map of a command that was refused unseen; none of a run, and of what is none. */
  private peek(): FieldMap | undefined {
    if (this.encoding === "M" && this.command === "EVNT") return undefined;
    if (this.payload.length > namedBytesMax) return undefined;
    try {
      return this.fields();
    } catch {
      // It is refused already, and that is counted.
      return undefined;
    }
  }

  private get payload(): Buffer {
    return this.part.subarray(7);
  }
}

/**
 * The one part of a message, behind the empty delimiter of a REQ if there is one; `undefined` for
 * an empty message, which cannot be told from a notice of the socket itself.
 *
 * @throws {MeshError} `BAD_FRAME`
 * @see PROTOCOL.md §3.4
 */
export function onePart(parts: readonly Buffer[]): Buffer | undefined {
  const first = parts[0];
  if (first === undefined || (parts.length === 1 && first.length === 0)) return undefined;
  const from = first.length === 0 ? 1 : 0;
  const count = parts.length - from;
  if (from === 1 && parts[1]?.length === 0) {
    const frames = parts.filter((part) => part.length > 0).length;
    const text = `more than one empty delimiter: expected 1 frame, got ${frames}`;
    throw new MeshError("BAD_FRAME", text);
  }
  if (count !== 1) throw new MeshError("BAD_FRAME", `expected 1 frame, got ${count}`);
  return parts[from];
}

/** Reads the head of a command. @throws {MeshError} `BAD_FRAME`, `BAD_ENCODING`, `BAD_COMMAND` */
export function readCommand(part: Buffer): ReadCommand {
  const { encoding, command } = readFrame(part);
  return new ReadCommand(encoding, command, part);
}

/** Refuses what no cell says. @throws {MeshError} `BAD_COMMAND` @see PROTOCOL.md §5 */
export function checkSpeaker(command: string): asserts command is Command {
  if (!isCommand(command)) {
    const text = `unknown command ${command}${didYouMeanCommand(command)}`;
    throw new MeshError("BAD_COMMAND", text);
  }
  if (commands[command].speaker === "transmitter") {
    throw new MeshError("BAD_COMMAND", `${command} is sent by transmitters`);
  }
}
