import type { Group } from "../../transmitter/dist/core/groups/group.js";
import type { TransmitterCore } from "../../transmitter/dist/core/transmitter-core.js";
import { differentViews } from "./views.js";
import type { World } from "./world.js";

/**
 * How long nothing must have moved before the end: two heartbeats find the end of a quiet stream,
 * then its repair.
 */
const quietMs = 3000;

/** Waits for as long as work gets less, and some time longer. */
export class Patience {
  private readonly forMs: number;
  private least = Number.POSITIVE_INFINITY;
  private sinceMs = 0;

  /** @param forMs how long it may take until less is left than ever before */
  constructor(forMs: number) {
    this.forMs = forMs;
  }

  /** Whether that time is over. A world of slow handlers and much to do drains late, yet drains. */
  isOver(left: number, nowMs: number): boolean {
    if (left < this.least) {
      this.least = left;
      this.sinceMs = nowMs;
    }
    return nowMs >= this.sinceMs + this.forMs;
  }
}

const seen = new WeakMap<World, { records: number; sinceMs: number }>();

/**
 * Tells what a world still waits for; `undefined` when all has drained: senders have heard of every
 * event, cells hold nothing and miss nothing, groups are empty, all transmitters see the same mesh,
 * and nothing has been logged for a while.
 */
export function drained(world: World): string | undefined {
  return waitingCell(world) ?? waitingTransmitter(world) ?? differentViews(world) ?? unrest(world);
}

/** Deliveries that no cell has settled yet, of all groups. */
export function unsettled(world: World): number {
  let left = 0;
  for (const { core } of world.transmitters.values()) {
    for (const group of groupsOf(core)) left += group.unsettled;
  }
  return left;
}

function waitingCell(world: World): string | undefined {
  if (!world.isOver()) return "cells still send";
  for (const { cell, sending, handlers } of world.inhabitants) {
    if (!cell.isAlive) continue;
    const { core } = cell;
    const name = `cell ${cell.terms.id.slice(0, 6)}`;
    if (cell.home === "") return `${name} is not attached`;
    if (handlers.unarmed !== undefined) return `${name} has not armed ${handlers.unarmed}`;
    if (core.outbox.pendingEvents > 0)
      return `${name} has ${core.outbox.pendingEvents} unconfirmed`;
    if (!core.settlements.isEmpty) return `${name} has unconfirmed settlements`;
    if ((sending?.openAsks ?? 0) > 0) return `${name} has open asks`;
    for (const held of core.catches.all()) {
      if (held.runningCount > 0) return `${name} runs handlers of ${held.pattern}`;
    }
  }
  return undefined;
}

function waitingTransmitter(world: World): string | undefined {
  for (const { core, home } of world.transmitters.values()) {
    for (const group of groupsOf(core)) {
      const { backlog, service, pattern } = group;
      const name = `group ${service} ${pattern.text} of ${home.slice(0, 6)}`;
      if (group.unsettled > 0) return `${name} has ${group.unsettled} unsettled`;
      if (backlog.bytes !== 0) return `${name} counts ${backlog.bytes} bytes of nothing`;
    }
  }
  return undefined;
}

function unrest(world: World): string | undefined {
  const records = world.recordCount;
  const last = seen.get(world);
  if (last?.records !== records) {
    seen.set(world, { records, sinceMs: world.nowMs });
    return "things still happen";
  }
  return world.nowMs - last.sinceMs < quietMs ? "it has not been quiet for long" : undefined;
}

function groupsOf(core: TransmitterCore): Iterable<Group> {
  return (core as unknown as { readonly groups: { readonly all: Iterable<Group> } }).groups.all;
}
