import { type FieldMap, MeshError, readThid, type Thid, toMeshError } from "@thynapse/protocol";
import {
  type Merge,
  mergeCounts,
  mergeLetters,
  mergeMaps,
  mergeRows,
  mergeServices,
  mergeSites,
} from "./mesh-answers.js";
import { readAll, readService } from "./request-fields.js";
import type { MemberState } from "../mesh/member-state.js";
import type { Answer, Answers, MeshQueries } from "./mesh-queries.js";

/** Another transmitter, as this one knows it. */
export interface MemberView {
  readonly id: Thid;
  readonly state: MemberState;
  /** For how long it has been in this state, in ms. */
  readonly sinceMs: number;
  /** Its addresses, as far as they are known. */
  readonly command: unknown;
  readonly pub: unknown;
}

/** What requests about the mesh need of the transmitter around them. */
export interface MeshRequestsParts {
  readonly id: Thid;
  readonly queries: MeshQueries;
  /** All others that are known, the dead included. */
  readonly members: (nowMs: number) => readonly MemberView[];
  /** Answers for this transmitter alone. @throws {MeshError} */
  readonly own: (channel: string, data: FieldMap, nowMs: number) => unknown;
}

/** A system request of a cell. */
export interface SystemRequest {
  readonly channel: string;
  readonly data: FieldMap;
  /** How long the cell waits for the answer, in ms. */
  readonly timeoutMs: number;
}

/** How long other transmitters may take for an answer, in ms. */
const waitMsMax = 1000;

/** How the answers of all are put together, where all are asked. */
const merges: Readonly<Record<string, Merge>> = Object.freeze({
  "$mesh.transmitters": mergeRows,
  "$mesh.links": mergeRows,
  "$mesh.cells": mergeRows,
  "$mesh.services": mergeServices,
  "$mesh.groups": mergeRows,
  "$mesh.patterns": mergeRows,
  "$mesh.explain": mergeSites,
  "$mesh.dead.list": mergeLetters,
});

/** How they are put together if the cell has asked for all of them. */
const mergesOnRequest: Readonly<Record<string, Merge>> = Object.freeze({
  "$mesh.status": mergeMaps,
  "$mesh.metrics": mergeMaps,
});

const mergesOfService: Readonly<Record<string, Merge>> = Object.freeze({
  "$mesh.dead.redrive": mergeCounts,
  "$mesh.dead.drop": mergeCounts,
});

/**
 * Answers system requests for the whole mesh: whoever is asked puts lists to all live transmitters,
 * and a request that names a `transmitter` to that one.
 *
 * @see PROTOCOL.md §14
 */
export class MeshRequests {
  private readonly parts: MeshRequestsParts;

  constructor(parts: MeshRequestsParts) {
    this.parts = parts;
  }

  /** Answers a cell; `then` is called once: in this turn, unless others are asked. */
  answer(request: SystemRequest, nowMs: number, then: (answer: Answer) => void): void {
    try {
      this.begin(request, nowMs, then);
    } catch (thrown) {
      then({ error: toMeshError(thrown) });
    }
  }

  private begin(request: SystemRequest, nowMs: number, then: (answer: Answer) => void): void {
    const { id } = this.parts;
    const { channel, timeoutMs } = request;
    const { transmitter, all: _all, ...data } = request.data;
    const asked = transmitter === undefined ? id : readThid(transmitter);
    if (asked !== id) this.checkLive(asked, nowMs);
    const merge = mergeFor(request);
    // Who would get an event depends on where it enters, and on all others.
    const isForAll = transmitter === undefined ? merge !== undefined : merge === mergeSites;
    const isOwn = isForAll || asked === id;
    const own = isOwn ? this.parts.own(channel, data, nowMs) : undefined;
    const to = isForAll ? this.liveOthers(nowMs) : asked === id ? [] : [asked];
    const waitMs = Math.min(waitMsMax, timeoutMs * 0.75);
    this.parts.queries.ask({ channel, data, waitMs }, to, nowMs, (answers, atMs) => {
      const told: Answers = isOwn ? new Map([[id, { result: own }], ...answers]) : answers;
      then(this.put(told, { channel, data, asked, merge, isForAll, waitMs, nowMs: atMs }));
    });
  }

  private put(answers: Answers, asking: Asking): Answer {
    const { asked, merge, data, isForAll, channel } = asking;
    try {
      const sole = answers.get(asked);
      if (!isForAll || merge === mergeSites) {
        if (sole === undefined) throw silent(asked, asking.waitMs);
        if (sole.error !== undefined || merge === undefined) return sole;
      }
      const result = merge === undefined ? undefined : merge(answers, { asked, data });
      if (channel !== "$mesh.transmitters") return { result };
      const rows = this.withMembers(result as readonly FieldMap[], asking.nowMs);
      return { result: isForAll ? rows : rows.filter(({ transmitter }) => transmitter === asked) };
    } catch (thrown) {
      return { error: toMeshError(thrown) };
    }
  }

  /** Each transmitter with what is known here of it, and what it says itself. */
  private withMembers(rows: readonly FieldMap[], nowMs: number): FieldMap[] {
    const said = new Map(rows.map((row) => [row["transmitter"], row]));
    const own = said.get(this.parts.id);
    const others = this.parts.members(nowMs).map((known) => {
      const row = said.get(known.id);
      if (row === undefined) return { ...known, transmitter: known.id };
      if (row["missing"] === true) return { ...known, ...row };
      // That it drains it knows itself; the rest of its states is for others to see.
      if (row["state"] === "draining") return row;
      return { ...row, state: known.state, sinceMs: known.sinceMs };
    });
    return own === undefined ? others : [own, ...others];
  }

  private liveOthers(nowMs: number): Thid[] {
    return this.parts
      .members(nowMs)
      .filter(({ state }) => state === "alive" || state === "suspect")
      .map(({ id }) => id);
  }

  private checkLive(id: Thid, nowMs: number): void {
    const member = this.parts.members(nowMs).find((each) => each.id === id);
    if (member === undefined) throw new MeshError("NOT_FOUND", `no transmitter ${id} is known`);
    if (member.state === "alive" || member.state === "suspect") return;
    throw new MeshError("UNREACHABLE", `transmitter ${id} is not alive: ${member.state}`);
  }
}

interface Asking {
  readonly channel: string;
  readonly data: FieldMap;
  readonly asked: Thid;
  readonly merge: Merge | undefined;
  readonly isForAll: boolean;
  readonly waitMs: number;
  readonly nowMs: number;
}

function mergeFor({ channel, data }: SystemRequest): Merge | undefined {
  if (Object.hasOwn(mergesOnRequest, channel)) {
    return readAll(data) ? mergesOnRequest[channel] : undefined;
  }
  if (Object.hasOwn(mergesOfService, channel)) {
    return readService(data) === undefined ? undefined : mergesOfService[channel];
  }
  return Object.hasOwn(merges, channel) ? merges[channel] : undefined;
}

function silent(id: Thid, waitMs: number): MeshError {
  return new MeshError("UNREACHABLE", `transmitter ${id} did not answer within ${waitMs} ms`);
}
