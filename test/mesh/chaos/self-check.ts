import type { LogRecord } from "../../simulation/log.js";
import { changedPlaces, comingTwice, losing } from "../faults/damage.js";
import { FaultMesh } from "../faults/fault-mesh.js";
import type { Crew } from "./crew.js";
import { readLog } from "./reading.js";

const pattern = "orders.*";
const crews: readonly Crew[] = [
  { service: "billing", perTransmitter: 2, anycatchings: [{ pattern }], multicatches: [] },
];

/**
 * Damages the log of a calm run in one place, and holds it against what would judge the run with faults.
 *
 * @returns what was not found.
 */
export async function selfCheck(): Promise<string[]> {
  const records = await calmRun();
  const found = (log: readonly LogRecord[]): string => {
    const { judgement, violations } = readLog(log, { crews, faults: [] });
    const rules = [...new Set(violations.map(({ rule }) => rule))].sort().join();
    return `${judgement.lost.length} lost, ${judgement.twice} twice; ${rules}`;
  };
  const expected: readonly (readonly [string, readonly LogRecord[], string])[] = [
    ["nothing", records, "0 lost, 0 twice; "],
    ["a loss", losing(records, 50), "1 lost, 0 twice; early,lost"],
    ["a duplicate", comingTwice(records, 50), "0 lost, 1 twice; twice"],
    ["a swap", changedPlaces(records, 50), "0 lost, 0 twice; order"],
  ];
  return expected
    .filter(([, log, finds]) => found(log) !== finds)
    .map(([what, log, finds]) => `${what}: found ${found(log)} instead of ${finds}`);
}

async function calmRun(): Promise<LogRecord[]> {
  const mesh = await FaultMesh.start();
  try {
    await mesh.seatGroup("billing", 2, { pattern });
    const audit = await mesh.seatOne("audit");
    await audit.tell("multicatch", { pattern });
    const sender = await mesh.seatOne("shop");
    await sender.tell("send", { channel: "orders.created", count: 100 });
    await mesh.violations();
    return [...mesh.records()];
  } finally {
    await mesh.end();
  }
}
