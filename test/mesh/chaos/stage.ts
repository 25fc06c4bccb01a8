import { setTimeout as delay } from "node:timers/promises";

import type { SeededRandom } from "../../simulation/random.js";
import { eventually } from "../../support/eventually.js";
import type { FaultTransmitter } from "../faults/fault-transmitter.js";
import type { StreamReport } from "../faults/instructions.js";
import { NetworkMesh } from "../faults/network-mesh.js";
import type { Crew, Member } from "./crew.js";

/** How many transmitters there are, who is attached to them, and what draws. */
export interface StageTerms {
  readonly transmitters: number;
  readonly crews: readonly Crew[];
  readonly seed: number;
}

/** A mesh in a network of its own, and crews of cells, of which each that is gone is replaced. */
export class Stage {
  readonly place: NetworkMesh;
  readonly members: Member[] = [];
  /** What went wrong where nobody waits for it. */
  readonly failures: unknown[] = [];
  private isOver = false;
  private readonly replacing = new Set<Promise<void>>();

  private constructor(place: NetworkMesh) {
    this.place = place;
  }

  /** Builds all of it; resolves when every catch is armed. */
  static async build({ transmitters, crews, seed }: StageTerms): Promise<Stage> {
    const stage = new Stage(await NetworkMesh.start(transmitters, seed));
    const fresh = crews.flatMap((crew) =>
      stage.place.transmitters.flatMap((home) =>
        Array.from({ length: crew.perTransmitter }, () => stage.seat(crew, home)),
      ),
    );
    await Promise.all(fresh);
    return stage;
  }

  /** A member of one of these crews to which nothing is being done. */
  pick(services: readonly string[], random: SeededRandom): Member {
    const free = this.members.filter((it) => services.includes(it.crew.service) && !it.isBusy);
    if (free.length === 0) throw new Error(`nobody of ${services.join(" or ")} is there`);
    return random.pick(free);
  }

  /** Waits until everybody who was gone is replaced: faults come no faster than cells are started. */
  async manned(withinMs = 60_000): Promise<void> {
    const endMs = performance.now() + withinMs;
    while (this.replacing.size > 0 && performance.now() < endMs) await Promise.all(this.replacing);
  }

  /** Waits until each member to which nothing is being done is attached somewhere. */
  async attached(withinMs = 30_000): Promise<void> {
    await eventually(
      async () => {
        const seen = await this.place.rows<{ readonly id: string }>("$mesh.cells");
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
        const groups = await this.place.rows<GroupRow>("$mesh.groups");
        const left = groups.filter(({ backlog, held }) => backlog + held > 0);
        if (left.length === 0) return;
        const [{ service, pattern, backlog, held }] = left as [GroupRow];
        throw new Error(`${service} ${pattern} has ${backlog} in its backlog, ${held} in hand`);
      },
      { withinMs },
    );
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
    await this.place.end();
  }

  /** Adds a cell of a crew, and another one whenever it is gone. */
  private async seat(crew: Crew, home: FaultTransmitter): Promise<Member> {
    const { place, mesh } = { mesh: this.place.mesh, ...this.place.beside(home) };
    const actor = await mesh.seatOne(crew.service, { home, place });
    const member = { crew, actor, home, isBusy: false };
    for (const anycatching of crew.anycatchings) await actor.tell("anycatch", anycatching);
    for (const pattern of crew.multicatches) await actor.tell("multicatch", { pattern });
    this.members.push(member);
    void actor.ended.then(() => this.replace(member));
    return member;
  }

  private replace(member: Member): void {
    member.isBusy = true;
    this.members.splice(this.members.indexOf(member), 1);
    if (this.isOver) return;
    const replacing = this.seatAgain(member).catch((error: unknown) => {
      if (!this.isOver) this.failures.push(error);
    });
    this.replacing.add(replacing);
    void replacing.finally(() => this.replacing.delete(replacing));
  }

  private async seatAgain({ crew, home }: Member): Promise<void> {
    await delay(respawnMs);
    const { running, mesh } = this.place;
    const there = home.isRunning ? home : (running[0] ?? mesh.transmitter);
    const { actor } = await this.seat(crew, there);
    // At the end, too: each sender that is there is told to stop.
    if (crew.stream !== undefined) await actor.tell("pour", crew.stream);
  }
}

interface GroupRow {
  readonly service: string;
  readonly pattern: string;
  readonly backlog: number;
  readonly held: number;
}

/** How long the machine of a cell takes to start it again. */
const respawnMs = 100;
