import { eventually } from "../../support/eventually.js";
import { isPresent, type SeenMember } from "../proofs/views.js";
import type { Actor } from "./actor.js";
import { FaultMesh, type Keeping } from "./fault-mesh.js";
import type { FaultTransmitter, Terms } from "./fault-transmitter.js";
import type { Notice } from "./instructions.js";
import { Network, type Way } from "./network.js";
import { ProxyProcess } from "./proxy-process.js";

const ports = [5454, 5455] as const;
const proxyPort = 5460;
/** Where those are that only look on. */
const lookout = "o";
const running = new Set<NetworkMesh>();

/**
 * A mesh in a network of its own: each transmitter and its cells on machines that are linked by
 * wires which can be cut, and before each event socket a proxy for what other transmitters hear.
 */
export class NetworkMesh {
  readonly network: Network;
  readonly mesh: FaultMesh;
  readonly proxies: readonly ProxyProcess[];
  private readonly lookout: Actor;

  private constructor(parts: Pick<NetworkMesh, "network" | "mesh" | "proxies">, watcher: Actor) {
    this.network = parts.network;
    this.mesh = parts.mesh;
    this.proxies = parts.proxies;
    this.lookout = watcher;
  }

  /**
   * Resolves when all transmitters see one another.
   *
   * @param seed draws what the proxies do, once they are told to do something.
   */
  static async start(transmitters: number, seed = 1): Promise<NetworkMesh> {
    const numbers = Array.from({ length: transmitters }, (_, at) => at);
    const names = numbers.flatMap((at) => [machineOf(at), cellsOf(at)]);
    const network = await Network.make([...names, lookout]);
    try {
      const proxies = await Promise.all(numbers.map((at) => proxyAt(network, at, { names, seed })));
      const terms = numbers.map((at): Terms => ({ place: network.place(machineOf(at)), ports }));
      const mesh = await FaultMesh.start(...terms);
      const place = network.place(lookout);
      const watcher = await mesh.seatOne("lookout", { isLogged: false, place });
      const all = new NetworkMesh({ network, mesh, proxies }, watcher);
      running.add(all);
      await all.whole();
      await watcher.tell("watch");
      return all;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  get transmitters(): readonly FaultTransmitter[] {
    return this.mesh.transmitters;
  }

  /** Those whose process runs. */
  get running(): readonly FaultTransmitter[] {
    return this.transmitters.filter(({ isRunning }) => isRunning);
  }

  /** The machine of a transmitter, and that of its cells. */
  machines(transmitter: FaultTransmitter): readonly [string, string] {
    const at = this.transmitters.indexOf(transmitter);
    return [machineOf(at), cellsOf(at)];
  }

  /** Where cells are seated that are to be attached to a transmitter first. */
  beside(home: FaultTransmitter): Required<Pick<Keeping, "home" | "place">> {
    return { home, place: this.network.place(this.machines(home)[1]) };
  }

  /** The way between two transmitters. */
  way(from: FaultTransmitter, to: FaultTransmitter): Way {
    return [this.machines(from)[0], this.machines(to)[0]];
  }

  /** Waits until each transmitter that runs sees all that run, and no others, alive. @returns how long that took. */
  async whole(withinMs = 30_000): Promise<number> {
    const beganMs = performance.now();
    const { running: there } = this;
    const all = there.map(({ id }) => id).toSorted();
    await Promise.all(
      there.map((one) =>
        eventually(async () => expectSame(await this.seenBy(one), all, one.command), { withinMs }),
      ),
    );
    return performance.now() - beganMs;
  }

  /** The members that a transmitter sees alive, itself among them. */
  async seenBy({ command }: FaultTransmitter): Promise<readonly string[]> {
    const seen = await this.ask<SeenMember[]>(command, "$mesh.transmitters");
    return seen.filter(isPresent).map(({ id }) => id);
  }

  /** What all transmitters that run answer. */
  async rows<Row>(channel: string): Promise<readonly Row[]> {
    const answers = this.running.map(({ command }) => this.ask<Row[]>(command, channel));
    return (await Promise.all(answers)).flat();
  }

  /** What the mesh has told of itself since this was asked last. */
  notices(): Promise<readonly Notice[]> {
    return this.lookout.tell("watched");
  }

  /** Ends every process, and the network. */
  async end(): Promise<void> {
    running.delete(this);
    for (const proxy of this.proxies) proxy.end();
    await this.mesh.end();
    await this.network[Symbol.asyncDispose]();
  }

  private async ask<T>(command: string, channel: string): Promise<T> {
    return (await this.lookout.tell("ask", { command, channel })) as T;
  }
}

/** Ends everything that was started and still runs. */
export async function endNetworkMeshes(): Promise<void> {
  await Promise.all([...running].map((mesh) => mesh.end()));
}

function machineOf(at: number): string {
  return `t${at}`;
}

function cellsOf(at: number): string {
  return `c${at}`;
}

/** What other transmitters hear of this one comes by a proxy; its cells hear it directly. */
async function proxyAt(
  network: Network,
  at: number,
  { names, seed }: { readonly names: readonly string[]; readonly seed: number },
): Promise<ProxyProcess> {
  const machine = machineOf(at);
  const place = network.place(machine);
  const from = names.filter((name) => name.startsWith("t") && name !== machine);
  const [, port] = ports;
  if (from.length > 0) await network.divert(machine, { from, port, to: proxyPort });
  const target = { host: place.host, port };
  const addresses = { host: place.host, port: proxyPort, target };
  return ProxyProcess.start(place, { addresses, seed: seed + at });
}

function expectSame(seen: readonly string[], all: readonly string[], where: string): void {
  if (seen.toSorted().join() === all.join()) return;
  throw new Error(`${where} sees ${seen.length} alive and not just the ${all.length} that are`);
}
