import { checkChannel, type FieldMap, intField, MeshError, ownField } from "@thynapse/protocol";
import type { Attachments } from "../cells/attachments.js";
import type { Counters } from "../counters.js";
import type { DeadLetters } from "../groups/dead-letters.js";
import { DeadLetterRequests } from "./dead-letter-requests.js";
import type { Deadlines } from "../deadlines.js";
import type { CoreOptions, Effect } from "../effects.js";
import { explain } from "./explain.js";
import type { Groups } from "../groups/groups.js";
import type { LinkView } from "../mesh/link-view.js";
import type { RouteTable } from "../events/route.js";
import type { Sites } from "../sites/sites.js";
import type { Streams } from "../streams/streams.js";
import { readService } from "./request-fields.js";
import { cellRow, groupRow, patternRows, type ServiceSite, serviceSites } from "./system-rows.js";

/** What system requests look at. */
export interface SystemParts {
  readonly core: { readonly state: string; readonly sites: Pick<Sites, "announcing"> };
  readonly options: CoreOptions;
  readonly routes: RouteTable;
  readonly streams: Streams;
  readonly groups: Groups;
  readonly attachments: Attachments;
  readonly deadLetters: DeadLetters;
  readonly counters: Counters;
  readonly startedMs: number;
  /** `sinceMs`: when its drain began, if it has. */
  readonly draining: { readonly sinceMs: number | undefined };
  readonly deadlines: Deadlines;
  readonly effects: () => Effect[];
  /** `undefined` for a transmitter that is alone. */
  readonly mesh: () => { readonly peering: { readonly links: readonly LinkView[] } } | undefined;
}

type Request = (data: FieldMap, nowMs: number) => unknown;

/**
 * What one transmitter answers for itself to the requests of a closed table.
 *
 * @see PROTOCOL.md §14
 */
export class SystemRequests {
  private readonly parts: SystemParts;
  private readonly dead: DeadLetterRequests;
  private readonly table: Readonly<Record<string, Request>>;

  constructor(parts: SystemParts) {
    this.parts = parts;
    const { core, deadLetters, groups } = parts;
    this.dead = new DeadLetterRequests(deadLetters, groups, (...kept) =>
      core.sites.announcing.keep(...kept),
    );
    const { dead } = this;
    this.table = Object.freeze({
      "$mesh.status": (_data, nowMs) => this.status(nowMs),
      "$mesh.transmitters": (_data, nowMs) => [this.member(nowMs)],
      "$mesh.links": (data) => page(parts.mesh()?.peering.links ?? [], data),
      "$mesh.cells": (data, nowMs) => this.cells(data, nowMs),
      "$mesh.services": (data) => page(this.services(), data),
      "$mesh.groups": (data, nowMs) => this.groups(data, nowMs),
      "$mesh.patterns": (data) => page(this.patterns(), data),
      "$mesh.explain": (data) => this.explain(data),
      "$mesh.metrics": () => parts.counters.snapshot(),
      "$mesh.prometheus": () => ({ text: parts.options.prometheus() }),
      "$mesh.dead.list": (data) => dead.list(data),
      "$mesh.dead.show": (data) => dead.show(data),
      "$mesh.dead.redrive": (data, nowMs) => dead.redrive(data, nowMs),
      "$mesh.dead.drop": (data) => dead.drop(data),
      "$mesh.drain": (_data, nowMs) => this.drain(nowMs),
    } satisfies Record<string, Request>);
  }

  /** Answers for this transmitter. @throws {MeshError} `UNKNOWN_REQUEST`, and as the request. */
  answer(channel: string, data: FieldMap, nowMs: number): unknown {
    if (!Object.hasOwn(this.table, channel)) {
      throw new MeshError("UNKNOWN_REQUEST", `${channel} is not among the system requests`);
    }
    return (this.table[channel] as Request)(data, nowMs);
  }

  /** What `$mesh.status` answers. */
  status(nowMs: number): Record<string, unknown> {
    const { options, streams, groups, attachments, deadLetters } = this.parts;
    let backlog = 0;
    for (const group of groups.all) backlog += group.backlog.events;
    return {
      ...this.transmitter(nowMs),
      mesh: options.mesh,
      pid: options.pid,
      rssBytes: options.rssBytes(),
      clockMs: options.wallMs(),
      services: this.services().length,
      groups: groups.count,
      streams: streams.count,
      backlog,
      ringBytes: streams.ringBytes,
      deadLetters: deadLetters.count,
      cells: attachments.count,
      ...options.facts?.(),
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
      version: options.version,
    };
  }

  /** This transmitter as others see it: alive, until it drains. */
  private member(nowMs: number): Record<string, unknown> {
    const { draining, startedMs } = this.parts;
    const state = draining.sinceMs === undefined ? "alive" : "draining";
    const sinceMs = Math.round(nowMs - (draining.sinceMs ?? startedMs));
    return { ...this.transmitter(nowMs), state, sinceMs };
  }

  private cells(data: FieldMap, nowMs: number): unknown[] {
    const service = readService(data);
    const cells = [...this.parts.attachments.all];
    const wanted = cells.filter((cell) => service === undefined || cell.service === service);
    return page(wanted, data).map((cell) => cellRow(cell, nowMs));
  }

  private services(): ServiceSite[] {
    const { attachments, groups, streams } = this.parts;
    return serviceSites(attachments.all, groups.all, streams.all);
  }

  private groups(data: FieldMap, nowMs: number): unknown[] {
    const service = readService(data);
    const groups = [...this.parts.groups.all];
    const wanted = groups.filter((group) => service === undefined || group.service === service);
    return page(wanted, data).map((group) => groupRow(group, nowMs));
  }

  private patterns(): Record<string, unknown>[] {
    const { groups, streams } = this.parts;
    return patternRows(groups.all, streams.all);
  }

  private explain(data: FieldMap): unknown {
    const channel = checkChannel(ownField(data, "channel"), { system: true });
    const { routes, streams, groups } = this.parts;
    return explain({ routes, streams: streams.all, groups: groups.all }, channel);
  }

  private drain(nowMs: number): unknown {
    const { deadlines, effects } = this.parts;
    // A moment later: the answer goes out first.
    deadlines.at(nowMs + 50, () => effects().push({ kind: "drain" }));
    return { accepted: true };
  }
}

/** The part of a list that is asked for: a value has bounds, and a list may be longer. */
function page<T>(list: readonly T[], data: FieldMap): readonly T[] {
  const offset = intField(data, "offset", { fallback: 0 });
  const limit = intField(data, "limit", { min: 1, fallback: list.length || 1 });
  return list.slice(offset, offset + limit);
}
