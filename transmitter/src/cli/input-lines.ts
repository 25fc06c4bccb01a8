import { isAscii, isUtf8 } from "node:buffer";
import { eventBytesMax } from "@thynapse/protocol";
import { type BodyKind, bodyFromBytes } from "./body.js";
import { usageFault, usageFaultOf } from "./fault.js";

const newline = 0x0a;

/**
 * Splits an input into lines, a list for each piece that was read, each line without its newline.
 *
 * Empty lines are lines; what follows the last newline is one if it has a byte. Memory is one piece
 * and one unfinished line, which may be as long as an event.
 *
 * @throws {CliFault} of usage for a longer line.
 */
export async function* readLines(input: AsyncIterable<Buffer>): AsyncGenerator<readonly Buffer[]> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const piece of input) {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, start)) {
      const line = piece.subarray(start, end);
      if (begun.length === 0) lines.push(line);
      else {
        lines.push(Buffer.concat([...begun, line]));
        begun = [];
        begunBytes = 0;
      }
      start = end + 1;
    }
    if (start < piece.length) {
      begun.push(piece.subarray(start));
      begunBytes += piece.length - start;
    }
    if (begunBytes > eventBytesMax) {
      throw usageFault(`a line over ${eventBytesMax} bytes`, "an event is at most 1 MiB");
    }
    if (lines.length > 0) yield lines;
  }
  if (begun.length > 0) yield [Buffer.concat(begun)];
}

/**
 * Makes the body of one line: text, or bytes where it is not UTF-8; `kind` says otherwise.
 *
 * @throws {CliFault} of usage that names the line.
 */
export function bodyOfLine(line: Buffer, kind: BodyKind | undefined, number: number): unknown {
  if (kind === undefined || kind === "text") {
    if (isAscii(line)) return line.toString("latin1");
    if (isUtf8(line)) return line.toString();
    if (kind === "text") throw usageFault(`line ${number}: not UTF-8`, "use --as bytes");
    return line;
  }
  if (kind === "bytes") return line;
  try {
    return bodyFromBytes(line, kind, "payload");
  } catch (thrown) {
    const fault = usageFaultOf(thrown, "payload") as Error;
    throw usageFault(`line ${number}: ${fault.message}`);
  }
}
