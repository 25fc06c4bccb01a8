import type { LinkHello, Prove } from "../../../transmitter/src/core/mesh/hello.js";
import { Mesh } from "../../../transmitter/src/core/mesh/mesh.js";
import type { PeeringActions } from "../../../transmitter/src/core/mesh/peering-parts.js";
import { MeshError } from "@thynapse/protocol";
import type { Thid } from "../../../protocol/src/thid.js";
import type { Member } from "../../../transmitter/src/core/mesh/members.js";
import type { MemberState } from "../../../transmitter/src/core/mesh/member-state.js";
import { SeededRandom } from "../../simulation/random.js";
import { idOf, Net, type NetNode } from "./net.js";

/** A transmitter that knows of others, and nothing else. */
export interface MeshNode extends NetNode {
  readonly mesh: Mesh;
  readonly told: string[];
  /** Every change of a member: its name, state before, and state. */
  readonly states: string[];
  /** Parts of the routing that came. */
  readonly parts: string[];
  /** To whom it was linked when it had joined. */
  joinedWith: readonly string[];
  /** What it has told all. */
  readonly forAll: Buffer[];
}

const limits = {
  linkWindow: 256,
  linkBytesMax: 16 * 1024 * 1024,
  heartbeatMs: 250,
  acceptablePauseMs: 1000,
  threshold: 8,
  cutMs: 300,
  forgetMs: 600_000,
  joinTimeoutMs: 3000,
};

/** The topic that all hear is `@mesh …`. */
const letterOfMesh = "m".charCodeAt(0);

/** A part of the routing that is refused wherever it comes. */
export const refusedPart = "M NOPE refused";

const nameOf = (id: Thid): string => Buffer.from(id, "hex").toString().replace(/-+$/, "");

/** Transmitters that find each other, and know of each other. */
export class MeshNet extends Net<MeshNode> {
  /** Of those that start from now on. */
  readonly limits = { ...limits };

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
      const names = alive.map(({ id }) => nameOf(id));
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
    const states: string[] = [];
    const parts: string[] = [];
    const forAll: Buffer[] = [];
    const publish = (head: Buffer, part: Buffer): void => {
      if (head[1] === letterOfMesh) forAll.push(part);
      actions.publish(head, part);
    };
    const handlers = {
      member: ({ id, state }: Member, before: MemberState | undefined) => {
        states.push(`${nameOf(id)} ${before ?? "unknown"} ${state}`);
      },
      changed: () => undefined,
      renewed: () => undefined,
      word: (from: Thid, part: Buffer) => {
        parts.push(`${nameOf(from)} ${part.toString()}`);
        if (part.toString() === refusedPart) throw new MeshError("BAD_PAYLOAD", "not this one");
      },
      linked: () => undefined,
      cut: () => undefined,
      begunAnew: (id: Thid) => told.push(`anew ${nameOf(id)}`),
      joined: (isDegraded: boolean) => {
        told.push(isDegraded ? "degraded" : "joined");
        node.joinedWith = mesh.linkedPeers().map(nameOf).toSorted();
      },
      livedOn: () => undefined,
      forgotten: () => undefined,
      away: (ms: number) => told.push(`away ${ms}`),
      twin: () => told.push("twin"),
      refused: ({ code }: { readonly code: string }) => told.push(code),
    };
    const mesh = new Mesh(
      hello,
      { prove, limits: this.limits, actions: { ...actions, publish }, handlers },
      this.nowMs,
    );
    const node = {
      hello,
      topics,
      mesh,
      ears: Object.assign(mesh, { cutOff: (nowMs: number) => mesh.peering.cutOff(nowMs) }),
      told,
      states,
      parts,
      forAll,
      joinedWith: [] as readonly string[],
    };
    return node;
  }
}
