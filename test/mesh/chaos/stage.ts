import { setTimeout as delay } from "node:timers/promises";

import type { SeededRandom } from "../../simulation/random.js";
import { eventually } from "../../support/eventually.js";
import { sharedClockMs } from "../../support/run-log.js";
import type { Actor } from "../faults/actor.js";
import { FaultMesh } from "../faults/fault-mesh.js";
import type { FaultTransmitter, Terms } from "../faults/fault-transmitter.js";
import type { Notice, StreamReport } from "../faults/instructions.js";
import { Network } from "../faults/network.js";
import { type SeenMember, isPresent } from "../proofs/views.js";
import type { Crew, Member } from "./crew.js";
import { ProxyProcess } from "./proxy-process.js";

const ports = [5454, 5455] as const;
const proxyPort = 5460;
/** Where those are that only look on. */
const lookout = "o";

/** How many transmitters there are, who is attached to them, and what draws. */
export interface StageTerms {
  readonly transmitters: number;
  readonly crews: readonly Crew[];
  readonly seed: number;
}

/**
 * A mesh in a network of its own: each transmitter and its cells on machines that are linked by
 * wires which can be cut, and before each event socket a proxy for what other transmitters hear.
 */
export class Stage {
  readonly network: Network;
  readonly mesh: FaultMesh;
  readonly proxies: readonly ProxyProcess[];
  readonly members: Member[] = [];
  private readonly lookout: Actor;
  private isOver = false;
  private readonly replacing = new Set<Promise<void>>();
  /** What went wrong where nobody waits for it. */
  readonly failures: unknown[] = [];

  private constructor(parts: Pick<Stage, "network" | "mesh" | "proxies">, watcher: Actor) {
    this.network = parts.network;
    this.mesh = parts.mesh;
    this.proxies = parts.proxies;
    this.lookout = watcher;
  }

  /** Builds all of it; resolves when every catch is armed. */
  static async build({ transmitters, crews, seed }: StageTerms): Promise<Stage> {
    const numbers = Array.from({ length: transmitters }, (_, at) => at);
    const names = numbers.flatMap((at) => [machineOf(at), cellsOf(at)]);
    const network = await Network.make([...names, lookout]);
    try {
      const proxies = await Promise.all(numbers.map((at) => proxyAt(network, at, { names, seed })));
      const terms = numbers.map((at): Terms => ({ place: network.place(machineOf(at)), ports }));
      const mesh = await FaultMesh.start(...terms);
      const place = network.place(lookout);
      const watcher = await mesh.seatOne("lookout", { isLogged: false, place });
      const stage = new Stage({ network, mesh, proxies }, watcher);
      running.add(stage);
      await stage.whole();
      await watcher.tell("watch");
      const fresh = crews.flatMap((crew) =>
        mesh.transmitters.flatMap((home) =>
          Array.from({ length: crew.perTransmitter }, () => stage.seat(crew, home)),
        ),
      );
      await Promise.all(fresh);
      return stage;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  get transmitters(): readonly FaultTransmitter[] {
    return this.mesh.transmitters;
  }

  /** The machine of a transmitter, and that of its cells. */
  machines(transmitter: FaultTransmitter): readonly [string, string] {
    const at = this.transmitters.indexOf(transmitter);
    return [machineOf(at), cellsOf(at)];
  }

  /** A member of one of these crews to which nothing is being done. */
  pick(services: readonly string[], random: SeededRandom): Member {
    const free = this.members.filter((it) => services.includes(it.crew.service) && !it.isBusy);
    if (free.length === 0) throw new Error(`nobody of ${services.join(" or ")} is there`);
    return random.pick(free);
  }

  /** Waits until each transmitter that runs sees all that run, and no others, alive. @returns how long that took. */
  async whole(withinMs = 30_000): Promise<number> {
    const beganMs = performance.now();
    const running = this.transmitters.filter(({ isRunning }) => isRunning);
    const all = running.map(({ id }) => id).toSorted();
    await Promise.all(
      running.map(({ command }) =>
        eventually(async () => expectSame(await this.seenAt(command), all, command), { withinMs }),
      ),
    );
    return performance.now() - beganMs;
  }

  /** Waits until each member to which nothing is being done is attached somewhere. */
  async attached(withinMs = 30_000): Promise<void> {
    await eventually(
      async () => {
        const seen = await this.rows<{ readonly id: string }>("$mesh.cells");
        const ids = new Set(seen.map(({ id }) => id));
        const away = this.members.filter(({ actor, isBusy }) => !isBusy && !ids.has(actor.id));
        if (away.length > 0) throw new Error(`${away.length} cells are not attached`);
      },
      { withinMs },
    );
  }

  /** Waits until no group has anything that is not settled. */
  async settled(withinMs = 60_000): Promise<void> {
    await eventually(
      async () => {
        const groups = await this.rows<GroupRow>("$mesh.groups");
        const left = groups.filter(({ backlog, held }) => backlog + held > 0);
        if (left.length === 0) return;
        const [{ service, pattern, backlog, held }] = left as [GroupRow];
        throw new Error(`${service} ${pattern} has ${backlog} in its backlog, ${held} in hand`);
      },
      { withinMs },
    );
  }

  /** What the mesh has told of itself since this was asked last. */
  notices(): Promise<readonly Notice[]> {
    return this.lookout.tell("watched");
  }

  /** Has every sender begin. */
  async pour(): Promise<void> {
    for (const { actor, crew } of this.members) {
      if (crew.stream !== undefined) await actor.tell("pour", crew.stream);
    }
  }

  /** Has every sender stop, and resolves when each of its events is confirmed. */
  async dry(): Promise<StreamReport[]> {
    this.isOver = true;
    await Promise.all(this.replacing);
    const senders = this.members.filter(({ crew }) => crew.stream !== undefined);
    return Promise.all(senders.map(({ actor }) => actor.tell("dry")));
  }

  /** Ends every process, and the network. */
  async end(): Promise<void> {
    this.isOver = true;
    running.delete(this);
    for (const proxy of this.proxies) proxy.end();
    await this.mesh.end();
    await this.network[Symbol.asyncDispose]();
  }

  /** Adds a cell of a crew, and another one whenever it is gone. */
  private async seat(crew: Crew, home: FaultTransmitter): Promise<Member> {
    const place = this.network.place(this.machines(home)[1]);
    const actor = await this.mesh.seatOne(crew.service, { home, place });
    const member = { crew, actor, home, isBusy: false };
    for (const anycatching of crew.anycatchings) await actor.tell("anycatch", anycatching);
    for (const pattern of crew.multicatches) await actor.tell("multicatch", { pattern });
    this.members.push(member);
    void actor.ended.then(() => this.replace(member));
    return member;
  }

  private replace(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1);
    if (this.isOver) return;
    const replacing = this.seatAgain(member).catch((error: unknown) => {
      // Whoever is killed while it is replaced is replaced by its own end.
      if (!this.isOver) this.failures.push(error);
    });
    this.replacing.add(replacing);
    void replacing.finally(() => this.replacing.delete(replacing));
  }

  private async seatAgain({ crew, home }: Member): Promise<void> {
    await delay(respawnMs);
    const { actor } = await this.seat(crew, home.isRunning ? home : this.anyRunning());
    if (crew.stream !== undefined && !this.isOver) await actor.tell("pour", crew.stream);
  }

  private anyRunning(): FaultTransmitter {
    return this.transmitters.find(({ isRunning }) => isRunning) ?? this.mesh.transmitter;
  }

  private async seenAt(command: string): Promise<readonly string[]> {
    const seen = await this.ask<SeenMember>(command, "$mesh.transmitters");
    return seen.filter(isPresent).map(({ id }) => id);
  }

  /** What all transmitters that run answer. */
  private async rows<Row>(channel: string): Promise<readonly Row[]> {
    const running = this.transmitters.filter(({ isRunning }) => isRunning);
    const answers = running.map(({ command }) => this.ask<Row>(command, channel));
    return (await Promise.all(answers)).flat();
  }

  private async ask<Row>(command: string, channel: string): Promise<readonly Row[]> {
    return (await this.lookout.tell("ask", { command, channel })) as readonly Row[];
  }
}

interface GroupRow {
  readonly service: string;
  readonly pattern: string;
  readonly backlog: number;
  readonly held: number;
}

const running = new Set<Stage>();

/** Ends everything that was built and still runs. */
export async function endStages(): Promise<void> {
  await Promise.all([...running].map((stage) => stage.end()));
}

/** How long the machine of a cell takes to start it again. */
const respawnMs = 100;

/** Now, on the clock of all logs. */
export const nowMs = sharedClockMs;

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
