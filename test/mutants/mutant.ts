/**
 * Which tests must notice a mutant.
 *
 * - `cell`: those of the core of a cell.
 * - `core`: those of a transmitter by itself.
 * - `mesh`: those of what is between transmitters.
 * - `swarm`: drawn worlds under load and faults.
 */
export type Net = "cell" | "core" | "mesh" | "swarm";

/** One guard taken out of the code, and the tests that must fail without it. */
export interface Mutant {
  readonly guard: string;
  readonly file: string;
  /** Source text that stands in the file exactly once. */
  readonly text: string;
  readonly instead: string;
  readonly nets: readonly Net[];
}
