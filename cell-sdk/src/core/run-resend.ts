import {
  frameHeadBytes,
  readRun,
  type RunOpening,
  RunWriter,
  writeFrameHead,
} from "@thynapse/protocol";

/** What stands in front of a run on the command socket. */
export const runPrefix: Uint8Array = headOf("EVNT");

function headOf(command: string): Uint8Array {
  const head = new Uint8Array(frameHeadBytes);
  writeFrameHead("M", command, head);
  return head;
}

/** What changes in the header of a run that is sent again. */
export interface Resending {
  readonly session: number;
  readonly floor: number;
}

/**
 * Writes a run of this cell anew for another attachment: same events, same numbers and time; present session and floor.
 *
 * Costs one copy of the run, on the rare path only: a floor that falls again would confuse who reads it.
 */
export function resendRun(part: Buffer, { session, floor }: Resending): Buffer {
  const run = readRun(part, frameHeadBytes, false);
  const { sender, service, first, time, channels } = run.header;
  const from = run.starts[0] as number;
  const writer = new RunWriter(part.length - from);
  for (const channel of channels) writer.indexOf(channel);
  writer.appendRaw(part, from, part.length, run.count);
  const opening: RunOpening = { sender, service, session, floor, first, time };
  return writer.close(opening, runPrefix);
}
