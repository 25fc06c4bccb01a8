import {
  decodeBody,
  encodeBody,
  type FieldMap,
  type MeshError,
  type Run,
  type Thid,
  toMeshError,
} from "@thynapse/protocol";
import type { Asks } from "../events/asks.js";
import type { CellRecord } from "../cells/cells.js";
import type { Directory } from "../mesh/directory.js";
import type { LinkView } from "../mesh/link-view.js";
import type { Member } from "../mesh/members.js";
import { MeshQueries, type QueryWay } from "./mesh-queries.js";
import { MeshRequests, type MemberView } from "./mesh-requests.js";
import { readData } from "./request-fields.js";
import { type SystemParts, SystemRequests } from "./system-requests.js";

/** The mesh as far as system requests look at it. */
export interface SystemMesh extends QueryWay {
  readonly peering: { readonly links: readonly LinkView[] };
  readonly members: { readonly all: readonly Member[] };
  readonly directory: Pick<Directory, "get">;
}

/** What answering needs of the transmitter around it. */
export interface SystemAnswersParts extends SystemParts {
  readonly asks: Asks;
  readonly mesh: () => SystemMesh | undefined;
  readonly onInternal: (error: MeshError) => void;
}

/** Answers what cells, and other transmitters, ask of this one. @see PROTOCOL.md §14 */
export class SystemAnswers {
  private readonly parts: SystemAnswersParts;
  private readonly own: SystemRequests;
  private readonly queries: MeshQueries;
  private readonly requests: MeshRequests;

  constructor(parts: SystemAnswersParts) {
    this.parts = parts;
    this.own = new SystemRequests(parts);
    const answer = (channel: string, data: FieldMap, nowMs: number): unknown =>
      this.reporting(() => this.own.answer(channel, data, nowMs));
    const { deadlines, counters, mesh } = parts;
    this.queries = new MeshQueries({ deadlines, counters, way: mesh, answer });
    this.requests = new MeshRequests({
      id: parts.options.id,
      queries: this.queries,
      members: (nowMs) => membersOf(mesh(), nowMs),
      own: answer,
    });
  }

  /** What `$mesh.status` answers. */
  status(nowMs: number): Record<string, unknown> {
    return this.own.status(nowMs);
  }

  /** Answers event `index` of a run, which asks. */
  answer(cell: CellRecord, run: Run, index: number, nowMs: number): void {
    const { asks, counters, options } = this.parts;
    const { sender } = run.header;
    const seq = run.seqAt(index);
    const refuse = (thrown: unknown): void => {
      const { code, message } = toMeshError(thrown);
      cell.stats.errors++;
      asks.refuse(sender, seq, code, message);
    };
    counters.add("systemRequests");
    try {
      const timeoutMs = run.extrasAt(index)?.ask?.timeoutMs ?? 0;
      const data = readData(decodeBody(run.tagAt(index), run.bodyAt(index)));
      const request = { channel: run.channelAt(index), data, timeoutMs };
      this.requests.answer(request, nowMs, (answer) => {
        if (answer.error !== undefined) return refuse(answer.error);
        try {
          const from = { id: options.id, service: "transmitter" };
          asks.answer(sender, seq, encodeBody(answer.result), from);
        } catch (thrown) {
          refuse(thrown);
        }
      });
    } catch (thrown) {
      refuse(thrown);
    }
  }

  /** Takes a word of another transmitter; tells whether it was about requests. */
  word(from: Thid, part: Buffer, nowMs: number): boolean {
    return this.queries.take(from, part, nowMs);
  }

  private reporting<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      const error = toMeshError(thrown);
      if (error.code === "INTERNAL") this.parts.onInternal(error);
      throw error;
    }
  }
}

function membersOf(mesh: SystemMesh | undefined, nowMs: number): MemberView[] {
  return (mesh?.members.all ?? []).map(({ id, state, sinceMs }) => ({
    id,
    state,
    sinceMs: Math.round(nowMs - sinceMs),
    command: mesh?.directory.get(id, "command"),
    pub: mesh?.directory.get(id, "pub"),
  }));
}
