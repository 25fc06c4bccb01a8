import { expect } from "chai";

import { worldKindOf } from "./shape.js";
import { runSwarm } from "./swarm.js";
import { sweep } from "./sweep.js";

const seedsQuick = 30;
const seedsCalm = 6;
const replayed = process.env["SEED"];
const scale = Number(process.env["SIM_SCALE"] ?? 1);
const kind = worldKindOf(process.env["SIM_KIND"] ?? "swarm");

/*
 * Goal:   the mesh keeps its promises under any load and any faults.
 * Method: load and faults are drawn from the seed, the real cores run on a virtual network, and the
 *         checker reads along (safety); then everything heals and all must drain (liveness).
 * Replay: SEED=<n> npm run test:simulation -- --grep "one seed"
 */
describe("simulation: the swarm", () => {
  if (replayed !== undefined) {
    it(`keeps every promise in one seed (${replayed})`, () => {
      expect(runSwarm({ seed: Number(replayed), kind, scale }).wrong).to.deep.equal([]);
    }).timeout(600_000);
    return;
  }

  it(`keeps every promise in ${seedsQuick} seeds`, async () => {
    const seeds = Array.from({ length: seedsQuick }, (_, at) => at + 1);
    const report = await sweep(seeds);

    expect(report.failed, report.failed.join("\n  ")).to.deep.equal([]);
    expect(report.eventsMin).to.be.at.least(80);
    expect(report.faultsMin).to.be.at.least(3);
  }).timeout(600_000);

  it(`handles nothing twice in ${seedsCalm} seeds without faults`, () => {
    for (let seed = 1; seed <= seedsCalm; seed++) {
      const { wrong } = runSwarm({ seed, faults: 0 });

      expect(wrong, `seed ${seed}`).to.deep.equal([]);
    }
  }).timeout(600_000);

  it("takes the same course twice from the same seed", () => {
    const [once, twice, other] = [7, 7, 8].map((seed) => runSwarm({ seed, isTraced: true }).digest);

    expect(once).to.equal(twice);
    expect(once).not.to.equal(other);
  }).timeout(600_000);
});
