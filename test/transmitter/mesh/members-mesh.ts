import type { Thid } from "../../../protocol/src/thid.js";
import type { MemberState } from "../../../transmitter/src/core/mesh/member-state.js";
import { Members } from "../../../transmitter/src/core/mesh/members.js";
import { SeededRandom } from "../../simulation/random.js";

const heartbeatMs = 250;
export const limits = {
  heartbeatMs,
  acceptablePauseMs: 1000,
  threshold: 8,
  cutMs: 300,
  forgetMs: 600_000,
};

/** A change of state: when, who saw it, of whom, and what it is now. */
export type Seen = readonly [atMs: number, by: number, of: number, state: MemberState];

interface Node {
  readonly n: number;
  readonly members: Members;
  incarnation: number;
  beat: number;
  /** Does nothing until then. */
  pausedUntilMs: number;
  nextMs: number;
}

const idOf = (n: number): Thid => n.toString(16).padStart(40, "0") as Thid;

/** Transmitters that tell each other who lives, in virtual time, over links that can be cut. */
export class MembersMesh {
  nowMs = 0;
  readonly seen: Seen[] = [];
  private readonly random: SeededRandom;
  private readonly nodes: Node[];
  private readonly dead = new Set<number>();
  /** Directed links that carry nothing, as `from>to`. */
  private readonly broken = new Set<string>();

  constructor(count: number, seed = 1) {
    this.random = new SeededRandom(seed);
    this.nodes = Array.from({ length: count }, (_, at) => this.node(at + 1));
  }

  /** What one thinks of another. */
  state(by: number, of: number): MemberState | undefined {
    return this.nodes[by - 1]?.members.get(idOf(of))?.state;
  }

  /** What everybody that lives thinks of one. */
  states(of: number): (MemberState | undefined)[] {
    const living = this.nodes.filter(({ n }) => n !== of && !this.dead.has(n));
    return living.map(({ n }) => this.state(n, of));
  }

  /** Those of the changes that are deaths. */
  get deaths(): readonly Seen[] {
    return this.seen.filter(([, , , state]) => state === "dead");
  }

  kill(n: number): void {
    this.dead.add(n);
    for (const { members, n: by } of this.nodes) if (by !== n) members.cut(idOf(n), this.nowMs);
  }

  /** Starts a killed one again. */
  start(n: number): void {
    const node = this.nodes[n - 1] as Node;
    this.dead.delete(n);
    node.incarnation++;
    node.beat = 0;
    node.nextMs = this.nowMs;
    for (const { members } of this.nodes) members.linked(idOf(n));
  }

  pause(n: number, forMs: number): void {
    (this.nodes[n - 1] as Node).pausedUntilMs = this.nowMs + forMs;
  }

  cut(from: number, to: number): void {
    this.broken.add(`${from}>${to}`);
    this.nodes[to - 1]?.members.cut(idOf(from), this.nowMs);
  }

  heal(from: number, to: number): void {
    this.broken.delete(`${from}>${to}`);
    this.nodes[to - 1]?.members.linked(idOf(from));
  }

  leave(n: number): void {
    const { incarnation } = this.nodes[n - 1] as Node;
    for (const { members } of this.nodes) members.left(idOf(n), incarnation, this.nowMs);
    this.dead.add(n);
  }

  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 10) {
      for (const node of this.nodes) this.run(node);
    }
  }

  private run(node: Node): void {
    const { nowMs } = this;
    if (this.dead.has(node.n) || nowMs < node.pausedUntilMs || nowMs < node.nextMs) return;
    node.nextMs = nowMs + heartbeatMs;
    node.beat++;
    node.members.tick(nowMs);
    const own = { id: idOf(node.n), incarnation: node.incarnation, beat: node.beat };
    const known = node.members.all.flatMap(({ id }) => node.members.beat(id) ?? []);
    const beats = [own, ...known];
    for (const other of this.nodes) {
      if (other === node || this.dead.has(other.n) || nowMs < other.pausedUntilMs) continue;
      if (this.broken.has(`${node.n}>${other.n}`)) continue;
      for (const beat of beats) if (beat.id !== idOf(other.n)) other.members.heard(beat, nowMs);
    }
  }

  private node(n: number): Node {
    const nextMs = Math.floor(this.random.float() * heartbeatMs);
    const members = new Members(
      limits,
      {
        changed: ({ id, state }) => this.seen.push([this.nowMs, n, Number.parseInt(id, 16), state]),
        forgotten: () => undefined,
        livedOn: () => undefined,
        wasAway: () => false,
      },
      0,
    );
    return { n, members, incarnation: 1, beat: 0, pausedUntilMs: 0, nextMs };
  }
}
