import type { Agenda } from "./agenda.js";
import type { Cores } from "./cores.js";
import type { EventNames } from "./event-names.js";
import type { LogEntry } from "./log.js";
import type { Network } from "./network.js";
import type { SeededRandom } from "./random.js";

/** What every simulated process is given by its world. */
export interface Surroundings {
  readonly agenda: Agenda;
  readonly network: Network;
  readonly names: EventNames;
  /** How long a turn of a process may be put off, in ms. */
  readonly turnMsMax: number;
  /** What all transmitters run on; none is as good as enough. */
  readonly cores?: Cores | undefined;
  /** A generator of its own for each part that draws. */
  random(label: string): SeededRandom;
  /** @param cell whom it is about; no cell by default. */
  log(entry: LogEntry, cell?: string): void;
  /** Notes bytes that were read, for the hash of the run. */
  trace(who: string, bytes: Uint8Array): void;
  /**
   * Whether others than these transmitters have joined, and none of these has, but for those that
   * have joined apart themselves.
   */
  isApart(ids: ReadonlySet<string>): boolean;
  /** Adds what a process has counted. */
  count(name: string, by: number): void;
}

/** The wall clock of a simulation: some time in 2023, and it never jumps. */
export function wallMs(agenda: Agenda): number {
  return 1_700_000_000_000 + Math.floor(agenda.nowMs);
}
