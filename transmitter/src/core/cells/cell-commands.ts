import { booleanField, type Command } from "@thynapse/protocol";
import type { Attachments } from "./attachments.js";
import { Catching } from "./catching.js";
import type { CellRecord } from "./cells.js";
import type { ReadCommand } from "./receiving.js";
import { Sending, type SendingParts } from "./sending.js";
import { Settling } from "./settling.js";
import type { CatchingParts } from "./catching.js";
import type { SettlingParts } from "./settling.js";

/** What the commands of cells need of the transmitter around them. */
export interface CellCommandsParts extends CatchingParts, SendingParts, SettlingParts {
  readonly attachments: Attachments;
}

type Handler = (cell: CellRecord, read: ReadCommand, nowMs: number) => void;

/** Carries out what welcomed cells say: one handler a command. @see PROTOCOL.md §5 */
export class CellCommands {
  private readonly handlers: Partial<Record<Command, Handler>>;

  constructor(parts: CellCommandsParts) {
    const catching = new Catching(parts);
    const sending = new Sending(parts);
    const settling = new Settling(parts);
    this.handlers = {
      EVNT: (cell, read, nowMs) => sending.events(cell, read, nowMs),
      SETL: (cell, read, nowMs) => settling.settle(cell, read, nowMs),
      BEAT: (cell, read, nowMs) => catching.beat(cell, read.fields(), nowMs),
      CTCH: (cell, read, nowMs) => catching.catch(cell, read.fields(), nowMs),
      DROP: (cell, read, nowMs) => catching.drop(cell, read.fields(), nowMs),
      CRED: (cell, read) => catching.credit(cell, read.fields()),
      MISS: (cell, read, nowMs) => catching.miss(cell, read.fields(), nowMs),
      PROG: (cell, read, nowMs) => settling.progress(cell, read.fields(), nowMs),
      RPLY: (cell, read, nowMs) => settling.reply(cell, read.fields(), nowMs),
      GBYE: (cell, read, nowMs) => {
        const isIdle = booleanField(read.fields(), "idle", false);
        parts.attachments.farewell(cell, isIdle, nowMs);
      },
    };
  }

  /** @throws {MeshError} whatever is wrong with the command; nothing of it was carried out then. */
  carryOut(cell: CellRecord, read: ReadCommand, nowMs: number): void {
    this.handlers[read.command as Command]?.(cell, read, nowMs);
  }
}
