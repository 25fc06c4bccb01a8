import {
  bodyTag,
  checkChannel,
  decodeBody,
  eventThid,
  type FieldMap,
  intField,
  MeshError,
  ownField,
  type Run,
} from "@thynapse/protocol";
import type { Attachments } from "./attachments.js";
import type { CellRecord } from "./cells.js";
import type { Counters } from "./counters.js";
import type { DeadLetter, DeadLetters } from "./dead-letters.js";
import type { CoreOptions } from "./effects.js";
import { explain } from "./explain.js";
import type { Group } from "./group.js";
import type { Groups } from "./groups.js";
import type { Intake } from "./intake.js";
import type { OwnEvents } from "./own-events.js";
import type { RouteTable } from "./route.js";
import type { Streams } from "./streams.js";

/** What system requests look at. */
export interface SystemParts {
  readonly core: { readonly state: string };
  readonly options: CoreOptions;
  readonly routes: RouteTable;
  readonly streams: Streams;
  readonly groups: Groups;
  readonly attachments: Attachments;
  readonly deadLetters: DeadLetters;
  readonly counters: Counters;
  readonly intake: Intake;
  readonly own: OwnEvents;
  readonly startedMs: number;
  readonly requestDrain: () => void;
}

type Request = (data: FieldMap, nowMs: number) => unknown;

const listMax = 1000;

/** The requests that cells may ask of a transmitter itself: a closed table. @see PROTOCOL.md §14 */
export class SystemRequests {
  private readonly parts: SystemParts;
  private readonly table: Readonly<Record<string, Request>>;

  constructor(parts: SystemParts) {
    this.parts = parts;
    this.table = Object.freeze({
      "$mesh.status": (_data, nowMs) => this.status(nowMs),
      "$mesh.transmitters": (_data, nowMs) => [this.transmitter(nowMs)],
      "$mesh.cells": (data, nowMs) => this.cells(data, nowMs),
      "$mesh.services": () => this.services(),
      "$mesh.groups": (data, nowMs) => this.groups(data, nowMs),
      "$mesh.patterns": () => this.patterns(),
      "$mesh.explain": (data) => this.explain(data),
      "$mesh.metrics": () => parts.counters.snapshot(),
      "$mesh.prometheus": () => ({ text: parts.options.prometheus() }),
      "$mesh.dead.list": (data) => this.deadList(data),
      "$mesh.dead.show": (data) => this.deadShow(data),
      "$mesh.dead.redrive": (data, nowMs) => this.redrive(data, nowMs),
      "$mesh.dead.drop": (data) => ({ count: this.takeLetters(data).length }),
      "$mesh.drain": () => this.drain(),
    } satisfies Record<string, Request>);
  }

  /**
   * Answers event `index` of a run. @throws {MeshError} `UNKNOWN_REQUEST`, `BAD_PAYLOAD`,
   * `NOT_FOUND`
   */
  answer(run: Run, index: number, nowMs: number): unknown {
    const channel = run.channelAt(index);
    if (!Object.hasOwn(this.table, channel)) {
      throw new MeshError("UNKNOWN_REQUEST", `${channel} is not among the system requests`);
    }
    const data = decodeBody(run.tagAt(index), run.bodyAt(index));
    const map = typeof data === "object" && data !== null && !Array.isArray(data) ? data : {};
    return (this.table[channel] as Request)(map as FieldMap, nowMs);
  }

  /** What `$mesh.status` answers. */
  status(nowMs: number): Record<string, unknown> {
    const { options, streams, groups, attachments, deadLetters } = this.parts;
    let backlog = 0;
    for (const group of groups.all) backlog += group.backlog.events;
    return {
      ...this.transmitter(nowMs),
      version: options.version,
      mesh: options.mesh,
      pid: options.pid,
      rssBytes: options.rssBytes(),
      services: this.services().length,
      groups: groups.count,
      streams: streams.count,
      backlog,
      ringBytes: streams.ringBytes,
      deadLetters: deadLetters.count,
      cells: attachments.count,
    };
  }

  private transmitter(nowMs: number): Record<string, unknown> {
    const { options, attachments, startedMs } = this.parts;
    return {
      id: options.id,
      command: options.command(),
      pub: options.pub(),
      state: this.parts.core.state,
      uptimeMs: Math.round(nowMs - startedMs),
      cells: attachments.count,
    };
  }

  private cells(data: FieldMap, nowMs: number): unknown[] {
    const service = ownField(data, "service");
    const cells = [...this.parts.attachments.all];
    return cells
      .filter((cell) => service === undefined || cell.service === service)
      .map((cell) => cellRow(cell, nowMs));
  }

  private services(): Record<string, unknown>[] {
    const rows = new Map<
      string,
      { service: string; cells: number; groups: number; streams: number }
    >();
    const row = (service: string): { cells: number; groups: number; streams: number } => {
      const known = rows.get(service) ?? { service, cells: 0, groups: 0, streams: 0 };
      rows.set(service, known);
      return known;
    };
    for (const cell of this.parts.attachments.all) row(cell.service).cells++;
    for (const group of this.parts.groups.all) row(group.service).groups++;
    for (const stream of this.parts.streams.all) {
      const services = new Set([...stream.listeners.keys()].map((cell) => cell.service));
      for (const service of services) row(service).streams++;
    }
    return [...rows.values()];
  }

  private groups(data: FieldMap, nowMs: number): unknown[] {
    const service = ownField(data, "service");
    return [...this.parts.groups.all]
      .filter((group) => service === undefined || group.service === service)
      .map((group) => groupRow(group, nowMs));
  }

  private patterns(): unknown[] {
    const streams = [...this.parts.streams.all].map((stream) => ({
      pattern: stream.pattern.text,
      mode: "multi",
      encoding: stream.encoding,
      cells: stream.listeners.size,
      events: stream.last,
    }));
    const groups = [...this.parts.groups.all].map((group) => ({
      pattern: group.pattern.text,
      mode: "any",
      service: group.service,
      cells: group.members.size,
      events: group.stats.delivered,
    }));
    return [...streams, ...groups];
  }

  private explain(data: FieldMap): unknown {
    const channel = checkChannel(ownField(data, "channel"), { system: true });
    const { routes, streams, groups } = this.parts;
    return explain({ routes, streams: streams.all, groups: groups.all }, channel);
  }

  private deadList(data: FieldMap): unknown[] {
    const limit = intField(data, "limit", { min: 1, fallback: listMax });
    const letters = this.parts.deadLetters.list(ownField(data, "service") as string | undefined);
    return letters.slice(-limit).map(letterRow);
  }

  private deadShow(data: FieldMap): unknown {
    const letter = this.letter(data);
    const { run } = letter;
    const body = decodeBody(run.tagAt(0), run.bodyAt(0));
    const { sender } = run.header;
    const event = { seq: run.seqAt(0), channel: run.channelAt(0) };
    const thid = eventThid({ sender, ...event, tag: run.tagAt(0), body: run.bodyAt(0) });
    const key = run.tagAt(0) === bodyTag.bytes ? "bytes" : "data";
    const value = key === "bytes" ? run.bodyAt(0).toString("base64") : body;
    return { ...letterRow(letter), thid, [key]: value };
  }

  private redrive(data: FieldMap, nowMs: number): unknown {
    const letters = this.takeLetters(data);
    for (const { run, service, pattern } of letters) {
      this.parts.intake.redrive(run, { service, pattern, nowMs });
    }
    return { count: letters.length };
  }

  private takeLetters(data: FieldMap): DeadLetter[] {
    const { deadLetters } = this.parts;
    const service = ownField(data, "service");
    const letters = typeof service === "string" ? deadLetters.list(service) : [this.letter(data)];
    for (const { letter } of letters) deadLetters.remove(letter);
    return letters;
  }

  private letter(data: FieldMap): DeadLetter {
    const number = intField(data, "letter", { min: 1 });
    const letter = this.parts.deadLetters.get(number);
    if (letter === undefined) throw new MeshError("NOT_FOUND", `no dead letter ${number}`);
    return letter;
  }

  private drain(): unknown {
    this.parts.requestDrain();
    return { accepted: true };
  }
}

function cellRow(cell: CellRecord, nowMs: number): Record<string, unknown> {
  let held = 0;
  for (const it of cell.catches.values()) if (it.mode === "any") held += it.member.heldCount;
  const { id, service, state, encoding, session, stats } = cell;
  const sinceMs = Math.round(nowMs - cell.welcomedMs);
  const catches = cell.catches.size;
  return { id, service, state, encoding, session, sinceMs, catches, held, ...stats };
}

function groupRow(group: Group, nowMs: number): Record<string, unknown> {
  let credit = 0;
  for (const member of group.members.values()) credit += member.free;
  return {
    service: group.service,
    pattern: group.pattern.text,
    members: group.members.size,
    backlog: group.backlog.events,
    backlogBytes: group.backlog.bytes,
    oldestMs: Math.round(group.oldestMs(nowMs)),
    held: group.heldCount,
    waiting: group.waiting.size + group.held.size,
    credit,
    ...group.stats,
  };
}

function letterRow(letter: DeadLetter): Record<string, unknown> {
  const { run, ...fields } = letter;
  const { sender, cell, service } = run.header;
  const from = { id: cell ?? sender, service };
  return { ...fields, channel: run.channelAt(0), from, seq: run.seqAt(0) };
}
