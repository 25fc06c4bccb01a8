/*
 * A process that is many cells. It says when all are welcome for the first time, and answers any message with when each was
 * welcomed last and where.
 */
import { type Cell, connect } from "@thynapse/cell-sdk";

import { sharedClockMs } from "../../../support/run-log.js";
import type { CrowdSeat, Welcome } from "../crowd.js";

const { service, command, count } = JSON.parse(process.argv[2] ?? "{}") as CrowdSeat;

// The harness is gone: nobody is left to end this process.
process.on("disconnect", () => process.exit());

const welcomes: Welcome[] = [];

async function seat(at: number): Promise<Cell> {
  const terms = { service, transmitters: command, connectTimeoutMs: 60_000 };
  const cell = await connect(terms);
  const welcomed = (home: string): void => {
    welcomes[at] = { home, timeMs: sharedClockMs() };
  };
  if (cell.status.last?.kind === "welcome") welcomed(cell.status.last.transmitter);
  cell.status.on((status) => {
    if (status.kind === "welcome") welcomed(status.transmitter);
  });
  await cell.anycatch("crowd.*", () => {});
  return cell;
}

await Promise.all(Array.from({ length: count }, (_, at) => seat(at)));
process.on("message", () => process.send?.(welcomes));
process.send?.("joined");
