import type { LinkHello, Prove } from "../../../transmitter/src/core/mesh/hello.js";
import { Mesh } from "../../../transmitter/src/core/mesh/mesh.js";
import type { PeeringActions } from "../../../transmitter/src/core/mesh/peering.js";
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
      twin: () => told.push("twin"),
      refused: ({ code }: { readonly code: string }) => told.push(code),
    };
    const mesh = new Mesh(hello, { prove, limits, actions, handlers }, this.nowMs);
    return { hello, topics, mesh, ears: mesh, told };
  }
}
