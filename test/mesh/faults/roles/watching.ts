import { type Cell, connect } from "@thynapse/cell-sdk";

import { sharedClockMs } from "../../../support/run-log.js";
import type { Notice } from "../instructions.js";

/** What the mesh tells of itself, as one cell hears it. */
export class Watching {
  private notices: Notice[] = [];

  async start(cell: Cell): Promise<void> {
    await cell.multicatch<Readonly<Record<string, unknown>>>("$mesh.**", ({ channel, data }) => {
      this.notices.push({ timeMs: sharedClockMs(), channel, data });
    });
  }

  /** All since the last call. */
  take(): readonly Notice[] {
    return this.notices.splice(0);
  }
}

/** Asks one transmitter something, from a cell that exists for this only. */
export async function askOne(command: string, channel: string): Promise<unknown> {
  const terms = { service: "observer", transmitters: command, connectTimeoutMs: 2000 };
  const cell = await connect(terms);
  try {
    return await cell.ask(channel, {}, { timeoutMs: 2000 });
  } finally {
    await cell.close();
  }
}
