import { closeSync, openSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import type { LogRecord } from "../../simulation/log.js";
import { SeededRandom } from "../../simulation/random.js";
import { sharedClockMs } from "../../support/run-log.js";
import type { Notice } from "../faults/instructions.js";
import type { NetworkMesh } from "../faults/network-mesh.js";
import { crewsOf } from "./crew.js";
import { Bag, type FaultKind, kindsOf, type Lane } from "./faults.js";
import type { ChaosOptions } from "./options.js";
import { type Reading, readLog } from "./reading.js";
import { Stage } from "./stage.js";
import type { FaultTime } from "./timings.js";

/** Prints one JSON object. */
export type Say = (line: Readonly<Record<string, unknown>>) => void;

/** One fault that was made. */
export interface MadeFault extends FaultTime {
  readonly lane: Lane;
  readonly outcome: Readonly<Record<string, unknown>>;
  /** How long after its end all transmitters saw one another again. */
  readonly wholeMs?: number;
}

/** What a run with faults has shown. */
export interface ChaosRun {
  readonly reading: Reading;
  readonly faults: readonly MadeFault[];
  readonly notices: readonly Notice[];
  /** When faults began; before that it was calm. */
  readonly calmUntilMs: number;
  /** Events that were refused. */
  readonly refused: readonly string[];
  /** Of the events of a calm time, from send to confirm. */
  readonly calmMs: readonly number[];
}

/** Which lanes are open in which part of the time that faults are made. */
const acts: readonly { readonly lanes: readonly Lane[]; readonly share: number }[] = [
  { lanes: ["cells"], share: 0.3 },
  { lanes: ["mesh"], share: 0.3 },
  { lanes: ["cells", "mesh"], share: 0.4 },
];
const calmMs = 5000;
/** Means of the times between the end of a fault and the next one of its lane. */
const restMs: Readonly<Record<Lane, number>> = { cells: 600, mesh: 1000 };

/** Makes faults for as long as it was asked to, heals all, and reads what came of it. */
export async function runFaults(options: ChaosOptions, say: Say): Promise<ChaosRun> {
  const { transmitters, perSecond, seed, durationMs } = options;
  const crews = crewsOf(transmitters, perSecond);
  const stage = await Stage.build({ transmitters, crews, seed });
  try {
    say({ kind: "built", transmitters, cells: stage.members.length, perSecond, seed });
    await stage.pour();
    const calm = await pings(stage);
    const calmUntilMs = sharedClockMs();
    const faults = new FaultMaker(stage, options, say);
    for (const { lanes, share } of acts) {
      const untilMs = sharedClockMs() + durationMs * share;
      await Promise.all(lanes.map((lane) => faults.makeUntil(lane, untilMs)));
    }
    await stage.place.network.heal();
    await stage.place.whole();
    const reports = await stage.dry();
    say({ kind: "dry", sent: reports.reduce((sum, { sent }) => sum + sent, 0) });
    await stage.settled();
    const notices = await stage.place.notices();
    await stage.place.mesh.closeCells();
    noteNotices(stage.place, notices);
    const { made } = faults;
    if (options.keep !== undefined) keepLog(stage.place.mesh.records(), options.keep);
    const reading = readLog(stage.place.mesh.records(), { crews, faults: ofMesh(made) });
    const refused = reports.flatMap((report) => report.refused);
    refused.push(...stage.failures.map(String));
    return { reading, faults: made, notices, calmUntilMs, refused, calmMs: calm };
  } finally {
    await stage.end();
  }
}

/** Draws faults and makes them, each lane one after the other. */
class FaultMaker {
  readonly made: MadeFault[] = [];
  private readonly stage: Stage;
  private readonly say: Say;
  private readonly beganMs = sharedClockMs();
  private readonly bags: Readonly<Record<Lane, Bag>>;
  private readonly randoms: Readonly<Record<Lane, SeededRandom>>;

  constructor(stage: Stage, { seed, transmitters, only }: ChaosOptions, say: Say) {
    this.stage = stage;
    this.say = say;
    const kinds = kindsOf(transmitters).filter(
      ({ name }) => only.length === 0 || only.includes(name),
    );
    const random = (lane: Lane): SeededRandom => SeededRandom.forked(seed, lane);
    const bag = (lane: Lane): Bag =>
      new Bag(
        kinds.filter((kind) => kind.lane === lane),
        SeededRandom.forked(seed, `bag of ${lane}`),
      );
    this.randoms = { cells: random("cells"), mesh: random("mesh") };
    this.bags = { cells: bag("cells"), mesh: bag("mesh") };
  }

  async makeUntil(lane: Lane, untilMs: number): Promise<void> {
    const random = this.randoms[lane];
    if (this.bags[lane].isEmpty) return;
    for (;;) {
      await delay(random.waitMs(restMs[lane]));
      if (sharedClockMs() >= untilMs) return;
      await this.make(this.bags[lane].draw(), random);
    }
  }

  private async make({ name, lane, make }: FaultKind, random: SeededRandom): Promise<void> {
    if (lane === "cells") await this.stage.manned();
    const beganMs = sharedClockMs();
    const outcome = await make(this.stage, random).catch((error: unknown) => {
      return { failed: error instanceof Error ? error.message : String(error) };
    });
    const endedMs = sharedClockMs();
    const whole = lane === "mesh" ? { wholeMs: Math.round(await this.stage.place.whole()) } : {};
    if (lane === "mesh") await this.stage.attached();
    const fault = { name, lane, beganMs, endedMs, outcome, ...whole };
    this.made.push(fault);
    const atMs = Math.round(beganMs - this.beganMs);
    const tookMs = Math.round(endedMs - beganMs);
    this.say({ kind: "fault", fault: name, atMs, tookMs, ...whole, ...outcome });
  }
}

/**
 * Whoever was called dead had something befall it, and so had a link that began anew, if only a machine that was too busy:
 * that this should not have been in a calm time is a figure of its own.
 */
function noteNotices({ mesh }: NetworkMesh, notices: readonly Notice[]): void {
  for (const { channel, data, timeMs } of notices) {
    const id = String(data["id"]);
    const whom = channel.startsWith("$mesh.cell.") ? { cell: id } : { home: id };
    if (channel === "$mesh.link.anew") {
      mesh.note({ home: String(data["by"]), peer: id, count: noticeMs }, timeMs - noticeMs);
    } else if (channel.endsWith(".dead") || channel.endsWith(".suspect")) {
      mesh.note({ ...whom, count: noticeMs }, timeMs - noticeMs);
    }
  }
}

/** How long after the first sign of it the mesh may tell of it. */
const noticeMs = 2500;

function ofMesh(made: readonly MadeFault[]): FaultTime[] {
  return made.filter(({ lane }) => lane === "mesh").toSorted((a, b) => a.beganMs - b.beganMs);
}

function keepLog(records: Iterable<LogRecord>, path: string): void {
  const file = openSync(path, "w");
  for (const record of records) writeSync(file, `${JSON.stringify(record)}\n`);
  closeSync(file);
}

/** What single events take while nothing is wrong. */
async function pings(stage: Stage): Promise<number[]> {
  const values: number[] = [];
  const { actor } = stage.members.find(({ crew }) => crew.service === "prober")!;
  const untilMs = sharedClockMs() + calmMs;
  while (sharedClockMs() < untilMs) {
    const { p50Ms } = await actor.tell("send", { channel: "orders.ping", count: 1 });
    values.push(p50Ms);
    await delay(20);
  }
  return values;
}
