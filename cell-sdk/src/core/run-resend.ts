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

/**
 * Writes a run of this cell anew for another attachment: same events, numbers, time and session; present floor.
 * The session stays that of the first sending: by it a transmitter knows a repeat.
 *
 * @see PROTOCOL.md §7.8
 *
 * Costs one copy of the run, on the rare path only: a floor that falls again would confuse who reads it.
 */
export function resendRun(part: Buffer, floor: number): Buffer {
  const run = readRun(part, frameHeadBytes);
  const { sender, service, session, first, time, channels } = run.header;
  const from = run.starts[0] as number;
  const writer = new RunWriter(part.length - from);
  for (const channel of channels) writer.indexOf(channel);
  writer.appendRaw(part, from, part.length, run.count);
  const opening: RunOpening = { sender, service, session, floor, first, time };
  return writer.close(opening, runPrefix);
}
