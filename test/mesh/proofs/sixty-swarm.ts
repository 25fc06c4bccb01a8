import { cpuMs, rssMb } from "../../support/process-figures.js";
import { inParallel } from "../thynapse.js";
import { FaultTransmitter } from "../faults/fault-transmitter.js";
import { bytesOver } from "./traffic.js";

const swarms = new Set<Swarm>();

/** Many transmitters of one mesh, each a process on this machine. */
export class Swarm {
  readonly transmitters: FaultTransmitter[] = [];

  constructor() {
    swarms.add(this);
  }

  get addresses(): string[] {
    return this.transmitters.map(({ command }) => command);
  }

  /** Starts more until there are so many, a few at a time; each is told of the first one only. */
  async growTo(count: number): Promise<void> {
    const fresh = Array.from(
      { length: count - this.transmitters.length },
      () => new FaultTransmitter({}, () => {}),
    );
    const first = this.transmitters[0] ?? fresh.shift()!;
    if (!first.isRunning) {
      await first.start();
      this.transmitters.push(first);
    }
    this.transmitters.push(...fresh);
    await inParallel(fresh, 4, (each) => each.start([first.command]));
  }

  /** Bytes that the members have sent to each other so far. */
  traffic(): Promise<number> {
    return bytesOver(new Set(this.transmitters.map(({ pub }) => pub.split(":").at(-1) ?? "")));
  }

  /** Time that each process has had a core, in ms. */
  cpuMs(): number[] {
    return this.transmitters.map(({ pid }) => cpuMs(pid));
  }

  /** Resident memory of each process, in MB. */
  rssMb(): number[] {
    return this.transmitters.map(({ pid }) => rssMb(pid));
  }

  /** Kills every process of it. */
  async end(): Promise<void> {
    swarms.delete(this);
    await Promise.all(this.transmitters.map((each) => each.kill()));
  }
}

/** Kills every swarm that still runs. */
export async function killSwarms(): Promise<void> {
  await Promise.all([...swarms].map((swarm) => swarm.end()));
}
