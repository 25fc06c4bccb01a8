import { type Encoding, type ErrorCode, type MeshError, toMeshError } from "@thynapse/protocol";
import type { CellRecord } from "./cells.js";
import type { Connection, Connections } from "./connections.js";
import type { Counters } from "../counters.js";
import type { Effect } from "../effects.js";
import { hintOf } from "./hints.js";
import type { ReadCommand } from "./receiving.js";
import { writeReply } from "./reply.js";
import type { Telling } from "../events/telling.js";

/** Errors of a cell that is no offender: it could not know, or may try again later. */
const unchargedCodes: ReadonlySet<ErrorCode> = new Set([
  "NOT_WELCOME",
  "DRAINING",
  "STALE_ATTEMPT",
  "BUSY",
]);

/** What refusals need of the transmitter around them. */
export interface RefusalsParts {
  readonly connections: Connections;
  readonly telling: Telling;
  readonly counters: Counters;
  readonly effects: () => Effect[];
}

/** A message that cannot be carried out, as far as it could be read. */
export interface Refused {
  readonly connection: Connection;
  readonly read: ReadCommand | undefined;
  readonly parts: readonly Buffer[];
}

/** Answers what is wrong, and counts it against who sent it. @see PROTOCOL.md §15, §16 */
export class Refusals {
  private readonly parts: RefusalsParts;

  constructor(parts: RefusalsParts) {
    this.parts = parts;
  }

  /** Answers one message by an error; too many of them mute the connection, which is told so. */
  answer({ connection, read, parts }: Refused, thrown: unknown, nowMs: number): void {
    const error = toMeshError(thrown);
    if (error.code === "INTERNAL") this.reportInternal(error);
    this.parts.counters.add("errorsAnswered");
    const { cell } = connection;
    if (cell !== undefined) {
      cell.stats.errors++;
      this.parts.telling.flushOf(cell);
    }
    const command = read?.command ?? commandGuess(parts);
    const hint = hintOf(error, command);
    const encoding = cell?.encoding ?? read?.encoding ?? "J";
    const names = read?.names() ?? {};
    this.send(connection, encoding, {
      code: error.code,
      message: error.message,
      command,
      ...names,
      ...(hint !== undefined && { hint }),
    });
    if (unchargedCodes.has(error.code)) return;
    if (error.code === "UNKNOWN_CATCH" && hasEnded(cell, names["catch"])) return;
    if (!this.parts.connections.chargeError(connection, nowMs)) return;
    // Of no command: it is the last word on all that come.
    const seconds = Math.ceil((connection.mutedUntilMs - nowMs) / 1000);
    const message = `too many errors: whatever comes within ${seconds} s is ignored`;
    this.send(connection, encoding, { code: "MUTED", message, command: "" });
    this.reportMuted(connection);
  }

  private send({ id }: Connection, encoding: Encoding, map: Record<string, unknown>): void {
    const part = writeReply(encoding, "ERRO", map);
    this.parts.effects().push({ kind: "send", connection: id, part });
  }

  /** An unknown throw inside: a defect, told to whoever runs the transmitter. */
  reportInternal(error: MeshError): void {
    this.parts.counters.add("internalErrors");
    const stack = error.cause instanceof Error ? error.cause.stack : error.stack;
    this.log("error", "a defect of this program", { stack });
  }

  private reportMuted(connection: Connection): void {
    this.parts.counters.add("connectionsMuted");
    const { cell } = connection;
    const fields = cell === undefined ? {} : { id: cell.id, service: cell.service };
    this.log("warn", "muted a connection for too many errors", fields);
  }

  private log(level: "warn" | "error", message: string, fields: Record<string, unknown>): void {
    this.parts.effects().push({ kind: "log", level, message, fields });
  }
}

/** Whether a cell had a catch of this number: what it says of it may have been on its way. */
function hasEnded(cell: CellRecord | undefined, number: unknown): boolean {
  if (cell === undefined || typeof number !== "number") return false;
  return number > 0 && number < cell.nextCatch && !cell.catches.has(number);
}

/** What was readable of the command, for the error that names it. */
function commandGuess(parts: readonly Buffer[]): string {
  const first = parts.find((part) => part.length > 0);
  return first === undefined ? "" : first.toString("latin1", 2, 6);
}
