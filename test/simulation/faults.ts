import type { CellProcess } from "./cell-process.js";
import { clockJumpMsMax, linkWeights, MeshFaults, transmitterWeights } from "./mesh-faults.js";
import type { Process } from "./process.js";
import type { SeededRandom } from "./random.js";
import { Stranger } from "./stranger.js";
import type { TransmitterProcess } from "./transmitter-process.js";
import type { Inhabitant, World } from "./world.js";

/** What may befall cells, and how often it is drawn. */
const cellWeights = {
  cellKill: 10,
  cellFreeze: 8,
  cellBlock: 5,
  cellSlow: 4,
  cellCut: 8,
  cellCutOneWay: 5,
  cellReset: 10,
  eventReset: 4,
  cellStall: 7,
  commandStall: 6,
  cellClose: 4,
  cellClock: 1,
  catchDrop: 5,
  cellOverflow: 2,
  stranger: 2,
};

/** Every kind of fault, and how often it is drawn. */
const faultWeights = { ...cellWeights, ...transmitterWeights };

const meshWeights = { ...faultWeights, ...linkWeights };

type CellFault = keyof typeof cellWeights;
/** Draws at most, until one is found that can happen. */
const drawsMax = 20;

export type FaultKind = CellFault | keyof typeof transmitterWeights | keyof typeof linkWeights;
export const faultKinds = Object.keys({ ...faultWeights, ...linkWeights }) as FaultKind[];

/**
 * Faults of a world, drawn from its seed. What they stop starts again after a drawn time, at the
 * latest by `heal`.
 */
export class Faults {
  private readonly world: World;
  private readonly random: SeededRandom;
  private readonly mesh: MeshFaults;

  constructor(world: World) {
    this.world = world;
    this.random = world.random("faults");
    this.mesh = new MeshFaults(world, this.random);
  }

  /** Draws a fault and lets it happen. */
  strike(): void {
    const weights = this.world.transmitters.size === 1 ? faultWeights : meshWeights;
    for (let draw = 0; draw < drawsMax; draw++) {
      const kind = this.random.weighted<FaultKind>(weights);
      if (!this.cause(kind)) continue;
      this.world.totals.add(`fault: ${kind}`);
      return;
    }
  }

  /** From now on nothing is stopped: what is stopped starts again. */
  heal(): void {
    for (const { cell } of this.world.inhabitants) cell.process.wake();
    this.mesh.heal();
  }

  /** A handler killed its process: another one starts in its place. */
  crashed(inhabitant: Inhabitant): void {
    this.world.totals.add("fault: handlerCrash");
    this.replace(inhabitant);
  }

  /** @returns false if it cannot happen now: of few cells all may be dead. */
  private cause(kind: FaultKind): boolean {
    if (isIn(transmitterWeights, kind)) {
      return this.mesh.causeAt(kind, this.random.pick([...this.world.transmitters.values()]));
    }
    if (isIn(linkWeights, kind)) return this.mesh.causeBetween(kind);
    const living = this.world.inhabitants.filter(({ cell }) => cell.isAlive);
    if (living.length === 0) return false;
    this.causeAtCell(kind, this.random.pick(living));
    return true;
  }

  private causeAtCell(kind: CellFault, victim: Inhabitant): void {
    const { network } = this.world;
    const { random } = this;
    const { cell } = victim;
    switch (kind) {
      case "cellKill":
        cell.kill();
        this.replace(victim);
        break;
      case "cellFreeze":
        this.freeze(cell.process, this.befall(cell, random.between(100, 4000)));
        break;
      case "cellBlock":
        cell.process.block(this.befall(cell, random.between(200, 3000)));
        break;
      case "cellSlow":
        this.slow(cell.process, this.world.nowMs + this.befall(cell, random.between(500, 3000)));
        break;
      case "cellCut":
        network.cut(cell.process, this.befall(cell, random.between(50, 3500)));
        break;
      case "cellCutOneWay":
        this.cutOneWay(cell);
        break;
      case "cellReset":
        this.befall(cell, 0);
        network.reset(cell.process, random.chance(0.5) ? ["command"] : ["command", "event"]);
        break;
      case "eventReset":
        this.befall(cell, 0);
        network.reset(cell.process, ["event"]);
        break;
      case "cellStall":
        network.stall(cell.process, this.befall(cell, random.between(20, 900)));
        break;
      case "commandStall":
        this.stallCommands(cell);
        break;
      case "cellClose":
        this.close(victim);
        break;
      case "cellClock":
        cell.skewMs = random.between(-clockJumpMsMax, clockJumpMsMax);
        break;
      case "catchDrop":
        this.dropCatch(victim);
        break;
      case "cellOverflow":
        this.befall(cell, 0);
        if (cell.connection !== "") this.transmitterOf(cell)?.overflow(cell.connection);
        break;
      case "stranger":
        new Stranger(this.world, random.pick([...this.world.transmitters.keys()]), random);
        break;
    }
  }

  private transmitterOf({ home }: CellProcess): TransmitterProcess | undefined {
    return [...this.world.transmitters.values()].find((it) => it.home === home);
  }

  private cutOneWay(cell: CellProcess): void {
    const transmitter = this.transmitterOf(cell);
    if (transmitter === undefined) return;
    const ends = [cell.process, transmitter.process] as const;
    const [from, to] = this.random.chance(0.5) ? ends : ([ends[1], ends[0]] as const);
    this.world.network.cutBetween(from, to, this.befall(cell, this.random.between(50, 3500)));
  }

  /**
   * The cell hears nothing, for so long that it may give its transmitter up, and what it says comes
   * late: perhaps when it is at home elsewhere.
   */
  private stallCommands(cell: CellProcess): void {
    const { network, agenda } = this.world;
    network.stallCommands(cell.process, "down", this.befall(cell, this.random.between(1800, 4000)));
    const [startMs, lateMs] = [this.random.between(800, 2000), this.random.between(50, 1200)];
    agenda.in(startMs, () => network.stallCommands(cell.process, "up", lateMs));
  }

  /** Its event loop is busy most of the time. */
  private slow(process: Process, untilMs: number): void {
    if (this.world.nowMs >= untilMs) return;
    process.block(this.random.between(20, 90));
    this.world.agenda.in(100, () => this.slow(process, untilMs));
  }

  /** Notes for the checker that something befalls a cell. @returns how long it lasts. */
  private befall(cell: CellProcess, durationMs: number): number {
    this.world.log({ id: "", action: "fault", count: durationMs }, cell.terms.id);
    return durationMs;
  }

  private freeze(process: Process, durationMs: number): void {
    process.stop();
    this.world.network.stopped(process);
    this.world.agenda.in(durationMs, () => process.wake());
  }

  private replace({ plan }: Inhabitant): void {
    this.world.agenda.in(this.random.between(1, 3000), () => this.settle(plan));
  }

  /** A new cell with an old plan. */
  private settle(plan: Inhabitant["plan"]): void {
    const inhabitant = this.world.startCell(plan);
    inhabitant.handlers.onCrash = () => this.crashed(inhabitant);
  }

  private close({ cell, plan }: Inhabitant): void {
    cell.act(() => {
      if (cell.core.closing.state.name !== "open") return;
      cell.log({ id: "", action: "left" });
      cell.core.close(cell.nowMs, this.random.between(0, 4000));
    });
    this.world.agenda.in(this.random.between(1, 3000), () => this.settle(plan));
  }

  private dropCatch({ cell, handlers }: Inhabitant): void {
    cell.act(() => {
      if (cell.core.closing.state.name !== "open") return;
      const plan = handlers.drop();
      if (plan === undefined) return;
      cell.actIn(this.random.between(1, 2000), () =>
        this.catchAgain(cell, () => handlers.catch(plan)),
      );
    });
  }

  /** Begins a catch again; its last handlers may still run, and then it is too early. */
  private catchAgain(cell: CellProcess, begin: () => void): void {
    if (cell.core.closing.state.name !== "open") return;
    try {
      begin();
    } catch {
      cell.actIn(200, () => this.catchAgain(cell, begin));
    }
  }
}

function isIn<Kind extends string>(
  weights: Readonly<Record<Kind, number>>,
  kind: string,
): kind is Kind {
  return Object.hasOwn(weights, kind);
}
