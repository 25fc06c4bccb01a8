import type { CellProcess } from "./cell-process.js";
import type { Process } from "./process.js";
import type { SeededRandom } from "./random.js";
import { Stranger } from "./stranger.js";
import type { TransmitterProcess } from "./transmitter-process.js";
import type { Inhabitant, World } from "./world.js";

/** Every kind of fault, and how often it is drawn. */
const faultWeights = {
  cellKill: 10,
  cellFreeze: 8,
  cellBlock: 5,
  cellCut: 8,
  cellReset: 10,
  eventReset: 4,
  cellStall: 7,
  cellClose: 4,
  catchDrop: 5,
  cellOverflow: 2,
  transmitterKill: 7,
  transmitterFreeze: 3,
  transmitterBlock: 4,
  transmitterShed: 2,
  transmitterDrain: 2,
  stranger: 2,
};

export type FaultKind = keyof typeof faultWeights;
export const faultKinds = Object.keys(faultWeights) as FaultKind[];

/**
 * Faults of a world, drawn from its seed. What they stop starts again after a drawn time, at the
 * latest by `heal`.
 */
export class Faults {
  private readonly world: World;
  private readonly random: SeededRandom;

  constructor(world: World) {
    this.world = world;
    this.random = world.random("faults");
  }

  /** Draws a fault and lets it happen. */
  strike(): void {
    const kind = this.random.weighted(faultWeights);
    this.world.totals.add(`fault: ${kind}`);
    this.cause(kind);
  }

  /** From now on nothing is stopped: what is stopped starts again. */
  heal(): void {
    for (const { cell } of this.world.inhabitants) cell.process.wake();
    for (const [address, transmitter] of this.world.transmitters) {
      transmitter.process.wake();
      transmitter.shed(false);
      if (transmitter.process.state === "dead") this.restart(address);
    }
  }

  /** A handler killed its process: another one starts in its place. */
  crashed(inhabitant: Inhabitant): void {
    this.world.totals.add("fault: handlerCrash");
    this.replace(inhabitant);
  }

  private cause(kind: FaultKind): void {
    const { network } = this.world;
    const { random } = this;
    const living = this.world.inhabitants.filter(({ cell }) => cell.isAlive);
    const victim = random.pick(living);
    const { cell } = victim;
    const transmitter = random.pick([...this.world.transmitters.values()]);
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
      case "cellCut":
        network.cut(cell.process, this.befall(cell, random.between(50, 3500)));
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
      case "cellClose":
        this.close(victim);
        break;
      case "catchDrop":
        this.dropCatch(victim);
        break;
      case "cellOverflow":
        this.befall(cell, 0);
        if (cell.connection !== "") transmitter.overflow(cell.connection);
        break;
      case "stranger":
        new Stranger(this.world, random.pick([...this.world.transmitters.keys()]), random);
        break;
      default:
        this.causeAtTransmitter(kind, transmitter);
    }
  }

  private causeAtTransmitter(kind: FaultKind, transmitter: TransmitterProcess): void {
    const { random, world } = this;
    if (transmitter.process.state === "dead") return;
    const { address } = transmitter.terms;
    switch (kind) {
      case "transmitterKill":
        transmitter.kill();
        world.agenda.in(random.between(5, 2500), () => this.restart(address));
        break;
      case "transmitterFreeze":
        this.freeze(transmitter.process, this.befallHome(transmitter, random.between(100, 3000)));
        break;
      case "transmitterBlock":
        transmitter.process.block(this.befallHome(transmitter, random.between(50, 2000)));
        break;
      case "transmitterShed":
        transmitter.shed(true);
        world.agenda.in(random.between(10, 800), () => transmitter.shed(false));
        break;
      case "transmitterDrain":
        transmitter.onStopped = () => {
          transmitter.kill();
          world.agenda.in(random.between(5, 500), () => this.restart(address));
        };
        transmitter.drain();
        break;
      default:
    }
  }

  /** Notes for the checker that something befalls a cell. @returns how long it lasts. */
  private befall(cell: CellProcess, durationMs: number): number {
    this.world.log({ id: "", action: "fault", count: durationMs }, cell.terms.id);
    return durationMs;
  }

  private befallHome(transmitter: TransmitterProcess, durationMs: number): number {
    this.world.log({ id: "", action: "fault", home: transmitter.home, count: durationMs });
    return durationMs;
  }

  private freeze(process: Process, durationMs: number): void {
    process.stop();
    this.world.network.stopped(process);
    this.world.agenda.in(durationMs, () => process.wake());
  }

  private restart(address: string): void {
    const former = this.world.transmitters.get(address);
    if (former === undefined || former.process.state !== "dead") return;
    const { id } = former.terms;
    // With --id it has the same name again, without it a new one.
    if (this.random.chance(0.5)) this.world.startTransmitter(address, id);
    else this.world.startTransmitter(address);
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
