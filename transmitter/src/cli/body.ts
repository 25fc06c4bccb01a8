import { fstatSync } from "node:fs";
import { isUtf8 } from "node:buffer";
import { checkJsonBounds, encodeBody, eventBytesMax, findJsonFault } from "@thynapse/protocol";
import { usageFault, usageFaultOf } from "./fault.js";
import { choice } from "./flags.js";

/** What a body may be said to be. */
export type BodyKind = "text" | "json" | "bytes";

/** The flag that says what BODY is. */
export const bodyFlags = {
  as: choice(["text", "json", "bytes"] as const, {
    describe: "what BODY is (default: JSON if it begins with {, [ or a quote, else text)",
  }),
};

/** How the help of each verb with a BODY explains it. */
export const bodyNotes = `BODY is JSON if it begins with {, [ or ", else text; --as says otherwise.
Without BODY it is read from standard input, unless that is a terminal.`;

/**
 * Makes the body of an event from a text that was typed, within the bounds of the wire.
 *
 * @throws {CliFault} of usage.
 */
export function bodyFromText(text: string, kind?: BodyKind): unknown {
  if (kind === "bytes") return checkedBody(Buffer.from(text));
  if (kind === "json" || (kind === undefined && /^[{["]/.test(text))) return parseBody(text);
  return checkedBody(text);
}

/**
 * Makes the body of an event from bytes of standard input or a command.
 *
 * @throws {CliFault} of usage, "not UTF-8" unless `kind` is bytes.
 */
export function bodyFromBytes(
  bytes: Uint8Array,
  kind: BodyKind | undefined,
  from: string,
): unknown {
  if (kind === "bytes") return checkedBody(bytes);
  if (!isUtf8(bytes)) throw usageFault(`${from}: not UTF-8`, "use --as bytes");
  return bodyFromText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(), kind);
}

/**
 * Reads the body that a verb sends: the argument, or else standard input if that is a pipe or a
 * file. An input without a byte, like none at all, is the body null.
 *
 * @throws {CliFault} of usage.
 */
export async function readBody(
  argument: string | undefined,
  kind: BodyKind | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  if (argument !== undefined) return bodyFromText(argument, kind);
  if (!inputHasBody()) return null;
  const bytes = await readInput(signal);
  return bytes.length === 0 ? null : bodyFromBytes(bytes, kind, "standard input");
}

/** Tells whether standard input is something that ends: a pipe or a file, not a terminal. */
export function inputHasBody(): boolean {
  try {
    const input = fstatSync(0);
    return input.isFIFO() || input.isFile() || input.isSocket();
  } catch {
    // A closed standard input has nothing to give.
    return false;
  }
}

/** How long standard input may be silent before a verb says that it reads it. */
const patienceMs = 2000;

async function readInput(signal: AbortSignal): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  const onAbort = () => process.stdin.destroy();
  // A pipe that nobody writes to would otherwise look like a verb that hangs.
  const patience = setTimeout(() => {
    process.stderr.write("thynapse: reading the body from standard input\n");
  }, patienceMs);
  signal.addEventListener("abort", onAbort);
  try {
    for await (const piece of process.stdin as AsyncIterable<Buffer>) {
      clearTimeout(patience);
      total += piece.length;
      if (total > eventBytesMax) {
        throw usageFault(
          `standard input: over ${eventBytesMax} bytes`,
          "use --lines, or send less",
        );
      }
      pieces.push(piece);
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    clearTimeout(patience);
    signal.removeEventListener("abort", onAbort);
  }
  return Buffer.concat(pieces);
}

function parseBody(text: string): unknown {
  try {
    checkJsonBounds(text);
  } catch (thrown) {
    throw usageFaultOf(thrown, "payload");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const fault = findJsonFault(text);
    const column = columnOf(text, fault?.at ?? text.length);
    const fix = "quote it or use --as text";
    throw usageFault(`payload: not JSON at ${column}; ${fix}`, fault?.hint);
  }
  return checkedBody(value);
}

function columnOf(text: string, at: number): string {
  const before = text.slice(0, at).split("\n");
  const column = `column ${(before[before.length - 1]?.length ?? 0) + 1}`;
  return before.length === 1 ? column : `${column} of line ${before.length}`;
}

/** The SDK would refuse the same, but only after the socket was opened. */
function checkedBody(value: unknown): unknown {
  try {
    encodeBody(value);
  } catch (thrown) {
    throw usageFaultOf(thrown, "payload");
  }
  return value;
}
