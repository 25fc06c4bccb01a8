import { expect } from "chai";

import { rareBranches } from "./branches.js";
import { faultKinds } from "./faults.js";
import { sweep } from "./sweep.js";

const seeds = Number(process.env["SIM_SEEDS"] ?? 500);
const firstSeed = Number(process.env["SEED_FIRST"] ?? 1001);

/*
 * Goal:   as the swarm, over so many seeds that every kind of fault and every rare branch occurs.
 * Method: as the swarm; the closing line says how often each occurred, and one that never did is a
 *         failure.
 * Replay: SEED=<n> npm run test:simulation -- --grep "one seed"
 */
describe("simulation: the full sweep", () => {
  if (process.env["SEED"] !== undefined) return;

  it(`keeps every promise in ${seeds} seeds, and reaches every branch`, async () => {
    const report = await sweep(
      Array.from({ length: seeds }, (_, at) => firstSeed + at),
      { kind: "sweep" },
    );
    const faults = [...faultKinds.map((kind) => `fault: ${kind}`), "fault: handlerCrash"];

    console.log(
      `    ${report.seeds} seeds, ${report.events} events, ${report.deliveries} deliveries, ${report.faults} faults`,
    );
    console.log(`    ${report.totals.say(faults)}`);
    console.log(`    ${report.totals.say(rareBranches)}`);
    expect(report.failed, report.failed.join("\n  ")).to.deep.equal([]);
    expect(report.eventsMin).to.be.at.least(80);
    expect(report.faultsMin).to.be.at.least(3);
    expect(report.totals.zeros([...faults, ...rareBranches])).to.deep.equal([]);
  }).timeout(1_200_000);
});
