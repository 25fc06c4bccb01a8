import { type FieldMap, MeshError, type Thid } from "@thynapse/protocol";
import { Counters } from "../../transmitter/src/core/counters.js";
import { Deadlines } from "../../transmitter/src/core/deadlines.js";
import { type Answer, MeshQueries } from "../../transmitter/src/core/requests/mesh-queries.js";
import {
  MeshRequests,
  type MemberView,
} from "../../transmitter/src/core/requests/mesh-requests.js";

/** What a transmitter of the mesh answers for itself. */
export type Own = (channel: string, data: FieldMap) => unknown;

/** A transmitter that does nothing but answer. */
export class QueryNode {
  readonly counters = new Counters();
  readonly deadlines = new Deadlines();
  readonly queries: MeshQueries;
  readonly requests: MeshRequests;
  /** How it sees others; the rest is alive. */
  readonly states = new Map<Thid, MemberView["state"]>();
  readonly asked: string[] = [];

  constructor(mesh: QueryMesh, id: Thid, own: Own) {
    const answer: Own = (channel, data) => {
      this.asked.push(`${channel} ${JSON.stringify(data)}`);
      return own(channel, data);
    };
    this.queries = new MeshQueries({
      ...{ counters: this.counters, deadlines: this.deadlines, answer },
      way: () => ({ send: (to, part, _, done) => mesh.send({ from: id, to, part, done }) }),
    });
    this.requests = new MeshRequests({
      ...{ id, queries: this.queries, own: answer },
      members: () => mesh.othersOf(id, this.states),
    });
  }
}

interface Sending {
  readonly from: Thid;
  readonly to: Thid;
  readonly part: Buffer;
  readonly done: (isTaken: boolean) => void;
}

/** Transmitters that put questions to each other, and a way between them that can be cut. */
export class QueryMesh {
  nowMs = 1000;
  readonly nodes = new Map<Thid, QueryNode>();
  /** What is sent to these waits, as in the ring of a link that is cut. */
  readonly cut = new Set<Thid>();
  /** There is no link to these. */
  readonly unlinked = new Set<Thid>();
  private waiting: Sending[] = [];

  constructor(owns: Readonly<Record<string, Own>>) {
    for (const [name, own] of Object.entries(owns)) {
      this.nodes.set(idOf(name), new QueryNode(this, idOf(name), own));
    }
  }

  node(name: string): QueryNode {
    return this.nodes.get(idOf(name)) as QueryNode;
  }

  /** Asks a transmitter as a cell would; the list grows when the answer comes. */
  ask(name: string, channel: string, data: FieldMap = {}, timeoutMs = 5000): Answer[] {
    const answers: Answer[] = [];
    const request = { channel, data, timeoutMs };
    this.node(name).requests.answer(request, this.nowMs, (answer) => answers.push(answer));
    return answers;
  }

  /** Delivers what is under way, and what that brings. */
  deliver(): void {
    for (;;) {
      const ready = this.waiting.filter(({ to }) => !this.cut.has(to));
      if (ready.length === 0) return;
      this.waiting = this.waiting.filter(({ to }) => this.cut.has(to));
      for (const { from, to, part, done } of ready) {
        done(true);
        this.nodes.get(to)?.queries.take(from, part, this.nowMs);
      }
    }
  }

  /** Lets time pass. */
  pass(ms: number): void {
    this.nowMs += ms;
    for (const { deadlines } of this.nodes.values()) deadlines.run(this.nowMs);
  }

  /** What waits for a transmitter will never come to it. */
  lose(name: string): void {
    const lost = this.waiting.filter(({ to }) => to === idOf(name));
    this.waiting = this.waiting.filter(({ to }) => to !== idOf(name));
    for (const { done } of lost) done(false);
  }

  send(sending: Sending): void {
    if (this.unlinked.has(sending.to)) throw new MeshError("NOT_FOUND", "no link");
    this.waiting.push(sending);
  }

  othersOf(id: Thid, states: QueryNode["states"]): MemberView[] {
    return [...this.nodes.keys()]
      .filter((other) => other !== id)
      .map((other) => ({
        id: other,
        state: states.get(other) ?? "alive",
        sinceMs: 5,
        command: `tcp://${nameOf(other)}`,
        pub: `tcp://${nameOf(other)}-pub`,
      }));
  }
}

/** The id of a transmitter that is called so. */
export function idOf(name: string): Thid {
  return Buffer.from(name.padEnd(20, "-")).toString("hex") as Thid;
}

function nameOf(id: Thid): string {
  return Buffer.from(id, "hex").toString().replace(/-+$/, "");
}
