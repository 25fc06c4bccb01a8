import { setTimeout as delay } from "node:timers/promises";

import { eventually } from "../../support/eventually.js";
import { rssMb } from "../../support/process-figures.js";
import type { Actor } from "../faults/actor.js";
import { FaultMesh } from "../faults/fault-mesh.js";

/** What a long run has shown. */
export interface FloodFigures {
  readonly seconds: number;
  /** Events that no cell of the group got. */
  readonly lost: number;
  /** Events that came twice, to the same cell or to two of them. */
  readonly doubles: number;
  /** Events that the multicatch did not get, how many of them it was told of, and what came out of order. */
  readonly missed: number;
  readonly gone: number;
  readonly disordered: number;
  /** Events that were never confirmed as handled. */
  readonly unconfirmed: number;
  readonly memory: readonly MemoryLine[];
}

/** Resident memory of one process. */
export interface MemoryLine {
  readonly process: string;
  /** One sample a second. */
  readonly samples: readonly MemorySample[];
  /** Growth after the warm-up, in MB per million events. */
  readonly slope: number;
}

interface MemorySample {
  readonly millions: number;
  readonly rssMb: number;
}

const sampleMs = 1000;
/** Until then pools and heaps may grow to what they need. */
const warmUpShare = 0.2;
const padBytes = 100;

/** Sends events as fast as they go to a group of two cells and to a multicatch, and watches everybody's memory. */
export async function runFlood(events: number): Promise<FloodFigures> {
  const mesh = await FaultMesh.start();
  const keeping = { isLogged: false, marksMax: events };
  const group = await mesh.seat("billing", 2, keeping);
  await Promise.all(group.map((cell) => cell.tell("anycatch", { pattern: "orders.*" })));
  const audit = await mesh.seatOne("audit", keeping);
  await audit.tell("multicatch", { pattern: "orders.*" });
  const sender = await mesh.seatOne("shop", { isLogged: false });
  const watch = new MemoryWatch(sender, {
    transmitter: mesh.pid,
    sender: sender.pid,
    cell1: group[0]!.pid,
    cell2: group[1]!.pid,
    audit: audit.pid,
  });

  const beganMs = performance.now();
  const state = { isSent: false };
  const sending = sender
    .tell("flood", { channel: "orders.created", count: events, padBytes })
    .finally(() => (state.isSent = true));
  while (!state.isSent) {
    await Promise.race([sending, delay(sampleMs)]);
    await watch.sample();
  }
  await sending;
  const seconds = (performance.now() - beganMs) / 1000;

  const memory = watch.lines(events);
  const gone = await goneAt(audit, events);
  const unconfirmed = await sender.leave();
  const figures = await judge(group, audit, events);
  await mesh.end();
  return { seconds, unconfirmed, gone, memory, ...figures };
}

/** Waits until a multicatch has everything or knows how much it has not. @returns how much that is. */
async function goneAt(audit: Actor, events: number): Promise<number> {
  return eventually(
    async () => {
      const { caught, gone } = await audit.tell("tally");
      if (caught + gone !== events)
        throw new Error(`${caught} caught and ${gone} gone of ${events}`);
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

/** Samples the memory of processes, each with how many events had been sent by then. */
class MemoryWatch {
  private readonly sender: Actor;
  private readonly pids: readonly (readonly [string, number])[];
  private readonly samples = new Map<string, MemorySample[]>();

  constructor(sender: Actor, pids: Readonly<Record<string, number>>) {
    this.sender = sender;
    this.pids = Object.entries(pids);
    for (const [name] of this.pids) this.samples.set(name, []);
  }

  async sample(): Promise<void> {
    const millions = (await this.sender.tell("tally")).flooded / 1e6;
    for (const [name, pid] of this.pids) {
      this.samples.get(name)?.push({ millions, rssMb: rssMb(pid) });
    }
  }

  lines(events: number): MemoryLine[] {
    const fromMillions = (events / 1e6) * warmUpShare;
    return [...this.samples].map(([name, samples]) => {
      const late = samples.filter(({ millions }) => millions >= fromMillions);
      return { process: name, samples, slope: slopeOf(late) };
    });
  }
}

/** The slope of the line through the samples with the least squares. */
function slopeOf(samples: readonly MemorySample[]): number {
  const count = samples.length;
  const meanX = samples.reduce((sum, { millions }) => sum + millions, 0) / count;
  const meanY = samples.reduce((sum, { rssMb: y }) => sum + y, 0) / count;
  let [above, below] = [0, 0];
  for (const { millions, rssMb: y } of samples) {
    above += (millions - meanX) * (y - meanY);
    below += (millions - meanX) ** 2;
  }
  return above / below;
}
