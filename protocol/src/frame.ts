import { MeshError } from "./errors.js";
import { commandBytesMax } from "./limits.js";
import { didYouMeanCommand } from "./nearest-command.js";
import { quote } from "./quote.js";

/** How a payload is written: JSON text or MessagePack. */
export type Encoding = "J" | "M";

/** One command part, taken apart; the payload is still encoded. */
export interface Frame {
  readonly encoding: Encoding;
  readonly command: string;
  /** A view on the part, not a copy. */
  readonly payload: Buffer;
}

const letterJ = 0x4a;
const letterM = 0x4d;
const space = 0x20;

/** Bytes before the payload. */
export const frameHeadBytes = 7;

/**
 * Reads the head of one command part; the payload stays encoded.
 *
 * ```text
 * byte  0      1      2 3 4 5    6      7 …
 *      +------+------+----------+------+---------------------+
 *      | enc  | 0x20 | command  | 0x20 | payload             |
 *      +------+------+----------+------+---------------------+
 *        J M          4 × A–Z            1 byte or more
 * ```
 *
 * `payload` is a view on `bytes`, not a copy: good until the caller lets go of the part it came in.
 * Hot path: no loop, no copy; messages count bytes from 1 (bench: frame).
 *
 * @throws {MeshError} `BAD_ENCODING`, `BAD_FRAME`, `BAD_COMMAND` for another head; `BAD_PAYLOAD` if
 * nothing follows it; `TOO_LARGE` past `commandBytesMax`.
 * @see PROTOCOL.md, frames, which has the same layout.
 */
export function readFrame(bytes: Uint8Array): Frame {
  const encoding = bytes[0] === letterJ ? "J" : bytes[0] === letterM ? "M" : undefined;
  const head =
    encoding !== undefined &&
    bytes.length > frameHeadBytes &&
    bytes.length <= commandBytesMax &&
    bytes[1] === space &&
    bytes[6] === space &&
    isCapital(bytes[2]) &&
    isCapital(bytes[3]) &&
    isCapital(bytes[4]) &&
    isCapital(bytes[5]);
  if (!head) throw refusedFrame(bytes);
  const command = String.fromCharCode(bytes[2]!, bytes[3]!, bytes[4]!, bytes[5]!);
  return { encoding, command, payload: viewOf(bytes, frameHeadBytes) };
}

/** Writes one command part, as `readFrame` reads it. The command is four capitals. */
export function writeFrame(encoding: Encoding, command: string, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeadBytes + payload.length);
  writeFrameHead(encoding, command, bytes);
  bytes.set(payload, frameHeadBytes);
  return bytes;
}

/**
 * Writes the head of a part into the first `frameHeadBytes` bytes of `target`, for a caller that
 * leaves room and writes the payload behind it without a copy.
 */
export function writeFrameHead(encoding: Encoding, command: string, target: Uint8Array): void {
  target[0] = encoding === "J" ? letterJ : letterM;
  target[1] = space;
  target[2] = command.charCodeAt(0);
  target[3] = command.charCodeAt(1);
  target[4] = command.charCodeAt(2);
  target[5] = command.charCodeAt(3);
  target[6] = space;
}

function viewOf(bytes: Uint8Array, start: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
}

function isCapital(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a;
}

const shape = { hint: "write one frame: <J or M> <COMMAND> <payload>, as in 'J HELO {…}'" };

/** Says what is wrong with a head that `readFrame` did not take, the first fault first. */
function refusedFrame(bytes: Uint8Array): MeshError {
  if (bytes.length === 0) return new MeshError("BAD_FRAME", "empty part", shape);
  if (bytes.length > commandBytesMax) {
    return new MeshError("TOO_LARGE", `${bytes.length} bytes, at most ${commandBytesMax}`);
  }
  if (bytes[0] !== letterJ && bytes[0] !== letterM) return refusedEncoding(bytes);
  if (bytes.length < frameHeadBytes) {
    return new MeshError("BAD_FRAME", "too short: need 'J HELO {…}'", shape);
  }
  if (bytes[1] !== space) {
    return new MeshError("BAD_FRAME", `byte 2 must be a space, not ${nameByte(bytes[1]!)}`, shape);
  }
  return refusedCommand(bytes);
}

function refusedEncoding(bytes: Uint8Array): MeshError {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    return new MeshError("BAD_ENCODING", "starts with a byte-order mark; remove it", {
      hint: "save the text as UTF-8 without BOM",
    });
  }
  const text = `unknown encoding ${nameByte(bytes[0]!)}; known: J, M`;
  const utf16 =
    (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const hint = utf16 ? "this is UTF-16; write UTF-8" : "write 'J HELO {…}'";
  return new MeshError("BAD_ENCODING", text, { hint });
}

function refusedCommand(bytes: Uint8Array): MeshError {
  if (bytes[2] === space) return new MeshError("BAD_FRAME", "command must start at byte 3", shape);
  const command = String.fromCharCode(bytes[2]!, bytes[3]!, bytes[4]!, bytes[5]!);
  if (command.includes(" ") || (bytes[6] !== space && isLetter(bytes[6]!))) {
    const word = String.fromCharCode(...bytes.subarray(2, 12)).split(" ", 1)[0]!;
    const text = `command must be 4 characters${didYouMeanCommand(word)}`;
    return new MeshError("BAD_FRAME", text, shape);
  }
  if (bytes[6] !== space) {
    return new MeshError("BAD_FRAME", `byte 7 must be a space, not ${nameByte(bytes[6]!)}`, shape);
  }
  const letters = [bytes[2]!, bytes[3]!, bytes[4]!, bytes[5]!].every(isLetter);
  const capitals = command.toUpperCase();
  if (letters && capitals !== command) {
    const text = `${command}: commands are upper-case; did you mean ${capitals}?`;
    return new MeshError("BAD_COMMAND", text);
  }
  if (!letters) {
    const text = `unknown command ${quote(command)}: a command is four capital letters`;
    return new MeshError("BAD_COMMAND", text + didYouMeanCommand(command));
  }
  return new MeshError("BAD_PAYLOAD", "empty payload", {
    hint: "a command without fields carries an empty map: 'J BEAT {}'",
  });
}

function isLetter(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

function nameByte(byte: number): string {
  const printable = byte > 0x20 && byte < 0x7f;
  return printable ? `'${String.fromCharCode(byte)}'` : `0x${byte.toString(16).padStart(2, "0")}`;
}
