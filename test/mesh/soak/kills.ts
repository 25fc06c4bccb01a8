import { setTimeout as delay } from "node:timers/promises";

import { Checker, type Violation } from "../../simulation/checker.js";
import type { LogRecord } from "../../simulation/log.js";
import type { Actor } from "../faults/actor.js";
import { FaultMesh } from "../faults/fault-mesh.js";

/** How long a run with kills is. */
export interface KillPlan {
  readonly events: number;
  readonly perSecond: number;
  readonly killEveryMs: number;
}

/** What a run with kills has shown. */
export interface KillFigures {
  readonly seconds: number;
  readonly kills: number;
  /** Events that began more than once. */
  readonly repeated: number;
  /** Events that were sent and never acked. */
  readonly lost: number;
  /** Handlers that began with an event that had begun before, and were not told so. */
  readonly unmarked: number;
  readonly violations: readonly Violation[];
}

const cellCount = 4;
/** Some events are in hand whenever a cell is killed. */
const anycatching = { pattern: "orders.*", workMs: 5, options: { concurrency: 64 } };

/** Sends events to a group of cells of which one is killed, and replaced, again and again. */
export async function runKills({ events, perSecond, killEveryMs }: KillPlan): Promise<KillFigures> {
  const mesh = await FaultMesh.start();
  const cells: Actor[] = await mesh.seatGroup("billing", cellCount, anycatching);
  const sender = await mesh.seatOne("shop");
  const beganMs = performance.now();
  const state = { isSent: false };
  const load = { channel: "orders.created", count: events, perSecond };
  const sending = sender.tell("send", load).finally(() => (state.isSent = true));

  let kills = 0;
  while (!state.isSent) {
    const waitMs = Math.max(0, (kills + 1) * killEveryMs - (performance.now() - beganMs));
    await Promise.race([sending, delay(waitMs)]);
    await mesh.kill(cells.shift()!);
    kills++;
    cells.push(...(await mesh.seatGroup("billing", 1, anycatching)));
  }
  const { refused } = await sending;
  const seconds = (performance.now() - beganMs) / 1000;
  if (refused.length > 0) throw new Error(`${refused.length} events were refused: ${refused[0]}`);

  await mesh.closeCells();
  const figures = { seconds, kills, ...judge(mesh.records(), events) };
  await mesh.end();
  return figures;
}

/** Reads the log once: it may be larger than the memory. Numbers of the one sender are 1 … `events`. */
function judge(records: Iterable<LogRecord>, events: number) {
  const checker = new Checker();
  const begun = new Uint8Array(events + 1);
  const acked = new Uint8Array(events + 1);
  let [repeated, unmarked] = [0, 0];
  for (const record of records) {
    checker.take(record);
    const { id, action, repeat } = record;
    if (action === "acked") acked[numberOf(id)] = 1;
    if (action !== "begun") continue;
    const times = ++begun[numberOf(id)]!;
    if (times === 2) repeated++;
    if (times > 1 && repeat !== true) unmarked++;
  }
  const lost = acked.subarray(1).reduce((count, isAcked) => count + 1 - isAcked, 0);
  return { repeated, lost, unmarked, violations: checker.finish() };
}

function numberOf(id: string): number {
  return Number(id.slice(id.indexOf(":") + 1));
}
