import { setTimeout as delay } from "node:timers/promises";

import type { Actor } from "../faults/actor.js";
import { FaultMesh } from "../faults/fault-mesh.js";
import type { FaultTransmitter } from "../faults/fault-transmitter.js";
import type { Notice, SendReport } from "../faults/instructions.js";
import { countMarks, Counts } from "../faults/roles/counts.js";
import { type Claim, claim, ms, say } from "./claim.js";
import { previousRef, type Release, releaseOf } from "./release.js";
import { whole } from "./views.js";

/** How hard it is, and where it begins. */
export interface RollingPlan {
  /** Events per second, of all senders. */
  readonly perSecond: number;
  /** How long they send; the restarts go on round for round until then, one round at least. */
  readonly seconds: number;
  /** What the transmitters run at first; they are started again with this build. */
  readonly from?: Release;
}

/** What came of it. */
export interface RollingFigures {
  readonly sent: number;
  /** Events that no handler acked, refused ones left out. */
  readonly lost: number;
  /** Events that more than one handler began with, or one of them twice. */
  readonly repeated: number;
  /** Events that senders were told to be refused, and the first code. */
  readonly refused: number;
  readonly why: string;
  readonly unconfirmed: number;
  readonly restarts: number;
  /** Exit codes of the transmitters that drained. */
  readonly exits: readonly (number | null)[];
  /** The longest drain, and the longest time until a transmitter was back among all. */
  readonly drainMs: number;
  readonly backMs: number;
  /** Channels of what the mesh told of deaths and of links that began anew, and how often. */
  readonly troubles: ReadonlyMap<string, number>;
  /** From send to `accepted`: the worst of the senders. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const channel = "orders.created";
/** Nothing is logged: at this rate that would cost more than what is measured. No cell dies, so all is counted. */
const books = { isLogged: false, isCounted: true };
const anycatching = { pattern: "orders.*", workMs: 3, options: { concurrency: 64 }, ...books };
/** Between two restarts, so that they are seen apart. */
const restMs = 1000;

/** Restarts three transmitters one after the other, by SIGTERM, while events flow at each. */
export async function runRolling(plan: RollingPlan): Promise<RollingFigures> {
  const bin = plan.from === undefined ? {} : { bin: plan.from.bin };
  const mesh = await FaultMesh.start(bin, bin, bin);
  const { transmitters } = mesh;
  await whole(transmitters.map(({ command }) => command));
  const senders: Actor[] = [];
  const workers: Actor[] = [];
  for (const home of transmitters) {
    workers.push(...(await mesh.seatGroup("billing", 2, { ...anycatching, home })));
    senders.push(await mesh.seatOne("shop", { home, isLogged: false }));
  }
  const watcher = await mesh.seatOne("observer", { isLogged: false });
  await watcher.tell("watch");
  const perSecond = plan.perSecond / senders.length;
  const load = { channel, count: Math.round(perSecond * plan.seconds), perSecond };
  const state = { isSent: false };
  const sending = Promise.all(
    senders.map((sender) => sender.tell("send", { ...load, options: { until: "accepted" } })),
  ).finally(() => (state.isSent = true));

  await delay(restMs);
  const turns: Turn[] = [];
  do {
    for (const each of transmitters) turns.push(await restart(mesh, each));
  } while (!state.isSent);
  const reports = await sending;
  const troubles = troublesIn(await watcher.tell("watched"));
  let unconfirmed = 0;
  for (const sender of senders) unconfirmed += await sender.leave();
  const counts = new Counts();
  for (const worker of workers) counts.add(await worker.tell("counts"));
  await mesh.closeCells();
  await mesh.end();
  const sums = sum(reports, turns);
  const sent = senders.length * load.count;
  return { ...judge(counts, sent - sums.refused), sent, unconfirmed, troubles, ...sums };
}

function troublesIn(notices: readonly Notice[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { channel: what } of notices) {
    if (/\.(dead|suspect|anew)$/.test(what)) found.set(what, (found.get(what) ?? 0) + 1);
  }
  return found;
}

/** One restart. */
interface Turn {
  readonly exit: number | null;
  readonly drainMs: number;
  readonly backMs: number;
}

async function restart(mesh: FaultMesh, transmitter: FaultTransmitter): Promise<Turn> {
  const beganMs = performance.now();
  const exit = await transmitter.drain();
  const drainedMs = performance.now();
  transmitter.bin = undefined;
  await mesh.startAgain(transmitter);
  await whole(mesh.transmitters.map(({ command }) => command));
  const backMs = performance.now() - drainedMs;
  await delay(restMs);
  return { exit, drainMs: drainedMs - beganMs, backMs };
}

function sum(reports: readonly SendReport[], turns: readonly Turn[]) {
  return {
    refused: reports.reduce((count, { refused }) => count + refused.length, 0),
    why: reports.flatMap(({ refused }) => refused)[0] ?? "",
    p50Ms: Math.max(...reports.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...reports.map(({ p99Ms }) => p99Ms)),
    restarts: turns.length,
    exits: turns.map(({ exit }) => exit),
    drainMs: Math.max(...turns.map(({ drainMs }) => drainMs)),
    backMs: Math.max(...turns.map(({ backMs }) => backMs)),
  };
}

/** @param due events that senders were not told to be refused. */
function judge({ bySender }: Counts, due: number): { lost: number; repeated: number } {
  let [acked, repeated] = [0, 0];
  for (const marks of bySender.values()) {
    for (const mark of marks) {
      if ((mark & countMarks.acked) !== 0) acked++;
      if ((mark & countMarks.again) !== 0) repeated++;
    }
  }
  return { lost: due - acked, repeated };
}

/** A rolling restart of this build, and one from the release before it to this one. */
export async function proveRolling(seconds = 60): Promise<readonly Claim[]> {
  const perSecond = 20_000;
  const claims = tell("this build", await runRolling({ perSecond, seconds }), perSecond);
  const ref = await previousRef();
  const from = await releaseOf(ref);
  const figures = await runRolling({ perSecond, seconds: Math.min(seconds, 30), from });
  return [...claims, ...tell(`from ${ref} to this build`, figures, perSecond)];
}

function tell(what: string, figures: RollingFigures, perSecond: number): Claim[] {
  const { sent, lost, repeated, refused, unconfirmed, restarts, p50Ms, p99Ms } = figures;
  say(`${what}, ${perSecond} events/s with handlers of 3 ms, ${restarts} restarts:`);
  say(`  ${sent} sent, ${lost} lost, ${repeated} repeated, ${refused} refused ${figures.why};`);
  say(`  accepted: p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)};`);
  say(`  a drain takes ${ms(figures.drainMs)}, coming back ${ms(figures.backMs)} at most;`);
  const troubles = [...figures.troubles].map(([told, count]) => `${told} ${count}`);
  say(`  the mesh told of ${troubles.length === 0 ? "no trouble" : troubles.join(", ")}`);
  return [
    claim(`${what}: nothing is lost`, lost === 0 && refused === 0 && unconfirmed === 0),
    claim(`${what}: nothing is repeated`, repeated === 0),
    claim(
      `${what}: each drain ends with 0`,
      figures.exits.every((exit) => exit === 0),
    ),
  ];
}
