import type { LinkHello, Prove } from "../../../transmitter/src/core/mesh/hello.js";
import { Mesh } from "../../../transmitter/src/core/mesh/mesh.js";
import type { PeeringActions } from "../../../transmitter/src/core/mesh/peering-parts.js";
import { SeededRandom } from "../../simulation/random.js";
import { idOf, Net, type NetNode } from "./net.js";

/** A transmitter that knows of others, and nothing else. */
export interface MeshNode extends NetNode {
  readonly mesh: Mesh;
  readonly told: string[];
}

const limits = {
  linkWindow: 256,
  linkBytesMax: 1024 * 1024,
  heartbeatMs: 250,
  acceptablePauseMs: 1000,
  threshold: 8,
  cutMs: 300,
  forgetMs: 600_000,
  joinTimeoutMs: 3000,
};

/** Transmitters that find each other, and know of each other. */
export class MeshNet extends Net<MeshNode> {
  /** Lets time pass in steps of 50 ms. */
  run(ms: number): void {
    for (let left = ms; left > 0; left -= 50) this.pass(50);
  }

  get living(): readonly MeshNode[] {
    return [...this.nodes.values()];
  }

  /** Whom each holds for alive, by their names, itself left out. */
  views(): Record<string, string> {
    const views = this.living.map(({ hello, mesh }): [string, string] => {
      const alive = mesh.members.all.filter(({ state }) => state === "alive");
      const names = alive.map(({ id }) => Buffer.from(id, "hex").toString().replace(/-+$/, ""));
      return [hello.pub, names.toSorted().join(" ")];
    });
    return Object.fromEntries(views);
  }

  /** Starts, kills, cuts, mends and sets at random for so long; returns what was done how often. */
  storm(ms: number, names: readonly string[], seed: number): Record<string, number> {
    const random = new SeededRandom(seed);
    const draw = (from: readonly string[]): string =>
      from[Math.floor(random.float() * from.length)] as string;
    const done = { killed: 0, started: 0, cut: 0, set: 0, deleted: 0 };
    const incarnations = new Map(names.map((name) => [name, 1]));
    for (let left = ms; left > 0; left -= 50) {
      const [one, other] = [draw(names), draw(names)];
      const node = this.nodes.get(one);
      const chance = random.float();
      if (chance < 0.02 && node !== undefined && this.nodes.size > 1) {
        this.stop(one);
        done.killed++;
      } else if (chance < 0.06 && node === undefined) {
        const incarnation = (incarnations.get(one) ?? 1) + 1;
        incarnations.set(one, incarnation);
        this.knock(this.start(one, { incarnation }), draw([...this.nodes.keys()]));
        done.started++;
      } else if (chance < 0.12) {
        this.cut(one, other);
        done.cut++;
      } else if (chance < 0.2) this.mend();
      else if (chance < 0.5 && node !== undefined) {
        const value = random.float() < 0.3 ? undefined : Math.floor(random.float() * 1000);
        node.mesh.set(`k${Math.floor(random.float() * 10)}`, value);
        done[value === undefined ? "deleted" : "set"]++;
      }
      this.pass(50);
    }
    return done;
  }

  /** What each knows of a key of one. */
  values(of: string, key: string): unknown[] {
    return this.living.map(({ mesh }) => mesh.directory.get(idOf(of), key));
  }

  protected make(
    hello: LinkHello,
    prove: Prove,
    topics: Set<string>,
    actions: PeeringActions,
  ): MeshNode {
    const told: string[] = [];
    const handlers = {
      member: () => undefined,
      changed: () => undefined,
      renewed: () => undefined,
      word: (_from: string, part: Buffer) => told.push(part.toString()),
      linked: () => undefined,
      begunAnew: () => undefined,
      cut: () => undefined,
      joined: (isDegraded: boolean) => told.push(isDegraded ? "degraded" : "joined"),
      away: (ms: number) => told.push(`away ${ms}`),
      twin: () => told.push("twin"),
      refused: ({ code }: { readonly code: string }) => told.push(code),
    };
    const mesh = new Mesh(hello, { prove, limits, actions, handlers }, this.nowMs);
    return { hello, topics, mesh, ears: mesh, told };
  }
}
