import { medianOf } from "../../bench/statistics.js";
import { rssMb } from "../../support/process-figures.js";
import type { Actor } from "../faults/actor.js";

/** Resident memory of one process. */
export interface MemoryLine {
  readonly process: string;
  /** Each second, in MB. */
  readonly eachSecond: readonly number[];
  /** Growth after the warm-up, from rest to rest, in MB per million events. */
  readonly slope: number;
}

interface Rest {
  readonly millions: number;
  readonly rssMb: number;
}

interface Watched {
  readonly name: string;
  readonly pid: number;
  readonly eachSecond: number[];
  readonly rests: Rest[];
}

/** Until then pools and heaps may grow to what they need. */
const warmUpShare = 0.4;

/** Samples the memory of a transmitter and its cells. */
export class MemoryWatch {
  private readonly cells: readonly Actor[];
  private readonly watched: readonly Watched[];

  constructor(transmitter: number, cells: Readonly<Record<string, Actor>>) {
    this.cells = Object.values(cells);
    const pids = Object.entries(cells).map(([name, { pid }]) => [name, pid] as const);
    this.watched = [["transmitter", transmitter] as const, ...pids].map(([name, pid]) => ({
      ...{ name, pid, eachSecond: [], rests: [] },
    }));
  }

  /** Looks while events flow. */
  sample(): void {
    for (const { pid, eachSecond } of this.watched) eachSecond.push(rssMb(pid));
  }

  /** Looks while nothing flows, after so many events. Cells collect first: what waits to be freed is no growth. */
  async atRest(millions: number): Promise<void> {
    await Promise.all(this.cells.map((cell) => cell.tell("collect")));
    for (const { pid, rests } of this.watched) rests.push({ millions, rssMb: rssMb(pid) });
  }

  lines(): MemoryLine[] {
    return this.watched.map(({ name, eachSecond, rests }) => {
      const warm = rests.slice(Math.ceil(rests.length * warmUpShare));
      console.log(name, rests.map((r) => r.rssMb.toFixed(1)).join(" "));
      return { process: name, eachSecond, slope: slopeOf(warm) };
    });
  }
}

/** The median of the slopes between all pairs: one step of an allocator does not bend it. */
function slopeOf(rests: readonly Rest[]): number {
  const slopes = rests.flatMap((a, at) =>
    rests.slice(at + 1).map((b) => (b.rssMb - a.rssMb) / (b.millions - a.millions)),
  );
  return medianOf(slopes);
}
