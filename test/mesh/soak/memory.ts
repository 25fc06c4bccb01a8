import { medianOf } from "../../bench/statistics.js";
import { rssMb } from "../../support/process-figures.js";
import type { Actor } from "../faults/actor.js";
import type { FaultMesh } from "../faults/fault-mesh.js";

/** The memory of one process, in MB. */
export interface MemoryLine {
  readonly process: string;
  /** Resident, each second. */
  readonly eachSecond: readonly number[];
  /** Growth of what is referred to, from rest to rest after the warm-up, per million events. */
  readonly liveSlope: number;
  /** How much more was resident at the rests of the last third than at those of the first, after the warm-up. */
  readonly rssGrowth: number;
}

interface Rest {
  readonly millions: number;
  readonly liveMb: number;
  readonly rssMb: number;
}

interface Watched {
  readonly name: string;
  readonly pid: number;
  readonly liveMb: () => Promise<number>;
  readonly eachSecond: number[];
  readonly rests: Rest[];
}

/** Until then pools and heaps may grow to what they need. */
const warmUpShare = 0.2;

/**
 * Watches the memory of a transmitter and its cells. Resident memory goes up and down by more than a leak of weeks: by
 * what V8 and malloc have not given back. So what counts is what is still referred to after a collection.
 */
export class MemoryWatch {
  private readonly watched: readonly Watched[];

  constructor(mesh: FaultMesh, cells: Readonly<Record<string, Actor>>) {
    const transmitter = {
      name: "transmitter",
      pid: mesh.pid,
      liveMb: () => mesh.transmitter.liveMb(),
    };
    const others = Object.entries(cells).map(([name, cell]) => {
      return { name, pid: cell.pid, liveMb: () => cell.tell("liveMb") };
    });
    this.watched = [transmitter, ...others].map((it) => ({ ...it, eachSecond: [], rests: [] }));
  }

  /** Looks while events flow. */
  sample(): void {
    for (const { pid, eachSecond } of this.watched) eachSecond.push(rssMb(pid));
  }

  /** Looks while nothing flows, after so many events. */
  async atRest(millions: number): Promise<void> {
    for (const { pid, liveMb, rests } of this.watched) {
      rests.push({ millions, liveMb: await liveMb(), rssMb: rssMb(pid) });
    }
  }

  lines(): MemoryLine[] {
    return this.watched.map(({ name, eachSecond, rests }) => {
      const warm = rests.slice(Math.ceil(rests.length * warmUpShare));
      const third = Math.ceil(warm.length / 3);
      const [early, late] = [warm.slice(0, third), warm.slice(-third)];
      const rssGrowth = rssOf(late) - rssOf(early);
      return { process: name, eachSecond, liveSlope: slopeOf(warm), rssGrowth };
    });
  }
}

function rssOf(rests: readonly Rest[]): number {
  return medianOf(rests.map(({ rssMb: mb }) => mb));
}

/** The median of the slopes between all pairs: one odd rest does not bend it. */
function slopeOf(rests: readonly Rest[]): number {
  const slopes = rests.flatMap((a, at) =>
    rests.slice(at + 1).map((b) => (b.liveMb - a.liveMb) / (b.millions - a.millions)),
  );
  return medianOf(slopes);
}
