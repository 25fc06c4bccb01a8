import {
  frameHeadBytes,
  type RangeSet,
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
  /** Whether it was never sent: it gets this session; else it keeps its own. */
  readonly isFirst: boolean;
  readonly session: number;
  readonly floor: number;
  /** Numbers that were confirmed `handled`; `undefined`: none of this run. */
  readonly handled: RangeSet | undefined;
}

/**
 * Writes a run of this cell anew for another attachment: same events, same numbers and time,
 * present floor. By a session lower than the present one a transmitter knows a repeat, and what is
 * handled it gives to streams alone.
 *
 * Costs one copy of the run, on the rare path only.
 *
 * @see PROTOCOL.md §7.4, §7.8, §7.10
 */
export function resendRun(part: Buffer, changes: Resending): Buffer {
  const run = readRun(part, frameHeadBytes);
  const { sender, service, first, time, channels } = run.header;
  const from = run.starts[0] as number;
  const writer = new RunWriter(part.length - from);
  for (const channel of channels) writer.indexOf(channel);
  writer.appendRaw(part, from, part.length, run.count);
  const session = changes.isFirst ? changes.session : run.header.session;
  const { floor, handled } = changes;
  const opening: RunOpening = { sender, service, session, floor, first, time, handled };
  return writer.close(opening, runPrefix);
}

/** Some events of a run, as a part: a run with holes. @see PROTOCOL.md §7.5 */
export function sliceOfRun(part: Buffer, indexes: readonly number[]): Buffer {
  return sliceRun(readRun(part, frameHeadBytes), indexes, runPrefix);
}
