import { setTimeout as delay } from "node:timers/promises";

import { eventually } from "../../support/eventually.js";
import type { Actor } from "../faults/actor.js";
import { FaultMesh } from "../faults/fault-mesh.js";
import { type MemoryLine, MemoryWatch } from "./memory.js";

/** What a long run has shown. */
export interface FloodFigures {
  readonly seconds: number;
  /** Events that no cell of the group got. */
  readonly lost: number;
  /** Events that came twice, to the same cell or to two of them. */
  readonly doubles: number;
  /** Events that the multicatch did not get; how many of them it was told of; what came out of order. */
  readonly missed: number;
  readonly gone: number;
  readonly disordered: number;
  /** Events that were never confirmed as handled. */
  readonly unconfirmed: number;
  readonly memory: readonly MemoryLine[];
}

const sampleMs = 1000;
const floods = 10;
const padBytes = 100;
/** What a sender keeps beyond `handled`, in case the transmitter dies, it keeps for 2 s. */
const restMs = 2500;
/** V8 would widen its nursery at some time, in steps that look like growth. */
const nodeFlags = ["--expose-gc", "--min-semi-space-size=16", "--max-semi-space-size=16"];

/**
 * Sends events as fast as they go to a group of two cells and to a multicatch, and watches everybody's memory: each second,
 * and each time that a tenth of them is done and all is at rest.
 */
export async function runFlood(events: number): Promise<FloodFigures> {
  const mesh = await FaultMesh.start({ nodeFlags });
  const keeping = { isLogged: false, marksMax: events, nodeFlags };
  const group = await mesh.seat("billing", 2, keeping);
  await Promise.all(group.map((cell) => cell.tell("anycatch", { pattern: "orders.*" })));
  const audit = await mesh.seatOne("audit", keeping);
  await audit.tell("multicatch", { pattern: "orders.*" });
  const sender = await mesh.seatOne("shop", { isLogged: false, nodeFlags });
  const cells = { sender, cell1: group[0]!, cell2: group[1]!, audit };
  const watch = new MemoryWatch(mesh, cells);

  let [seconds, gone] = [0, 0];
  for (let flood = 1; flood <= floods; flood++) {
    const beganMs = performance.now();
    const load = { channel: "orders.created", count: events / floods, padBytes };
    await watchUntil(sender.tell("flood", load), watch);
    seconds += (performance.now() - beganMs) / 1000;
    gone = await goneAt(audit, (events / floods) * flood);
    await delay(restMs);
    await watch.atRest((events / floods / 1e6) * flood);
  }

  const unconfirmed = await sender.leave();
  const figures = await judge(group, audit, events);
  await mesh.end();
  return { seconds, unconfirmed, gone, memory: watch.lines(), ...figures };
}

async function watchUntil(sending: Promise<void>, watch: MemoryWatch): Promise<void> {
  const state = { isSent: false };
  const sent = sending.finally(() => (state.isSent = true));
  while (!state.isSent) {
    await Promise.race([sent, delay(sampleMs)]);
    watch.sample();
  }
  await sent;
}

/** Waits until a multicatch has everything or knows how much it has not. @returns how much that is. */
async function goneAt(audit: Actor, events: number): Promise<number> {
  return eventually(
    async () => {
      const { caught, gone } = await audit.tell("tally");
      if (caught + gone !== events) throw new Error(`${caught} + ${gone} gone of ${events}`);
      return gone;
    },
    { withinMs: 30_000 },
  );
}

async function judge(group: readonly Actor[], audit: Actor, events: number) {
  const [first, second] = await Promise.all(group.map((cell) => cell.tell("marks")));
  const heard = await audit.tell("marks");
  let lost = 0;
  let missed = 0;
  let doubles = first!.doubles + second!.doubles + heard.doubles;
  for (let seq = 1; seq <= events; seq++) {
    const [byte, bit] = [seq >> 3, 1 << (seq & 7)];
    const inFirst = (first!.seen[byte]! & bit) !== 0;
    const inSecond = (second!.seen[byte]! & bit) !== 0;
    if (!inFirst && !inSecond) lost++;
    if (inFirst && inSecond) doubles++;
    if ((heard.seen[byte]! & bit) === 0) missed++;
  }
  return { lost, doubles, missed, disordered: heard.disordered };
}
