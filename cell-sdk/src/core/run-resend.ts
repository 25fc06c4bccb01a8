import {
  frameHeadBytes,
  readRun,
  type RunOpening,
  RunWriter,
  sliceRun,
  writeFrameHead,
} from "@thynapse/protocol";

/** What stands in front of a run on the command socket. */
export const runPrefix: Uint8Array = headOf("EVNT");

function headOf(command: string): Uint8Array {
  const head = new Uint8Array(frameHeadBytes);
  writeFrameHead("M", command, head);
  return head;
}

/** What changes in the header of a run. */
export interface Resending {
  /**
   * The attachment in which the run is sent first; `undefined`: it was sent before and keeps its
   * own.
   */
  readonly session: number | undefined;
  readonly floor: number;
}

/**
 * Writes a run of this cell anew for another attachment: same events, same numbers and time,
 * present floor. By a session lower than the present one a transmitter knows a repeat.
 *
 * Costs one copy of the run, on the rare path only.
 *
 * @see PROTOCOL.md §7.4, §7.8
 */
export function resendRun(part: Buffer, changes: Resending): Buffer {
  const run = readRun(part, frameHeadBytes);
  const { sender, service, first, time, channels } = run.header;
  const from = run.starts[0] as number;
  const writer = new RunWriter(part.length - from);
  for (const channel of channels) writer.indexOf(channel);
  writer.appendRaw(part, from, part.length, run.count);
  const session = changes.session ?? run.header.session;
  const { floor } = changes;
  const opening: RunOpening = { sender, service, session, floor, first, time };
  return writer.close(opening, runPrefix);
}

/** Some events of a run, as a part: a run with holes. @see PROTOCOL.md §7.5 */
export function sliceOfRun(part: Buffer, indexes: readonly number[]): Buffer {
  return sliceRun(readRun(part, frameHeadBytes), indexes, runPrefix);
}
