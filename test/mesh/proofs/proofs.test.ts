import { type Cell, connect } from "@thynapse/cell-sdk";
import { expect } from "chai";

import { endMeshes } from "../faults/fault-mesh.js";
import { runArming } from "./arming.js";
import { runAway } from "./away.js";
import { runGroup } from "./groups.js";
import { runRolling } from "./rolling.js";
import { setKey } from "./sixty.js";
import { killSwarms, Swarm } from "./sixty-swarm.js";
import { whole } from "./views.js";

/** Short forms of the long runs; `npm run prove:…` has their real lengths. */
describe("proofs, in short", () => {
  afterEach(endMeshes);
  afterEach(killSwarms);

  it("a catch that is armed misses nothing that is sent at another transmitter", async function () {
    this.timeout(60_000);
    const figures = await runArming({ rounds: 60, perSecond: 200 });

    console.log(
      `      arming: p50 ${figures.p50Ms.toFixed(1)} ms, p99 ${figures.p99Ms.toFixed(1)}`,
    );
    expect(figures).to.include({ rounds: 60, missed: 0 });
  });

  it("a catch that was armed too early is found out", async function () {
    this.timeout(60_000);
    const figures = await runArming({ rounds: 30, perSecond: 200, without: "knowing" });

    expect(figures.missed).to.be.greaterThan(0);
  });

  it("cells are chosen by their credit, wherever they are", async function () {
    this.timeout(60_000);
    const figures = await runGroup({
      transmitters: 2,
      cells: [
        { at: 0, count: 3, workMs: 40, concurrency: 4, credit: 32 },
        { at: 1, count: 1, workMs: 5, concurrency: 16, credit: 256 },
      ],
      // Together more than the cells can do, on a fast machine, too.
      perSecond: [2500, 2500],
      warmMs: 2000,
      windowMs: 3000,
    });

    expect(figures).to.include({ again: 0, refused: 0, unconfirmed: 0 });
    expect(figures.passed).to.be.greaterThan(0);
    expect(figures.cells.every(({ isWithinCredit }) => isWithinCredit)).to.equal(true);
    // A busy machine does not let them do all that they could.
    expect(figures.use).to.be.at.least(0.85);
  });

  for (const absence of ["cell", "transmitter"] as const) {
    it(`nothing is lost, or confirmed early, while the only ${absence} is away`, async function () {
      this.timeout(60_000);
      const figures = await runAway(absence, { awayMs: 1500, perSecond: 100 });

      expect(figures.sentMeanwhile).to.be.greaterThan(0);
      expect(figures).to.include({ lost: 0, early: 0, refused: 0 });
    });
  }

  it("a rolling restart loses nothing and repeats nothing", async function () {
    this.timeout(120_000);
    const figures = await runRolling({ perSecond: 900, seconds: 5 });

    expect(figures.restarts).to.be.at.least(3);
    expect(figures).to.include({ lost: 0, repeated: 0, refused: 0, unconfirmed: 0 });
    expect(figures.exits.every((exit) => exit === 0)).to.equal(true);
  });

  it("eight transmitters all see each other, and each other's keys", async function () {
    this.timeout(60_000);
    const swarm = new Swarm();
    await swarm.growTo(8);
    await whole(swarm.addresses);
    const cells: Cell[] = [];
    for (const transmitters of swarm.addresses) {
      cells.push(await connect({ service: "key", transmitters }));
    }

    const { armedMs, seenBy } = await setKey(cells, 3);
    await Promise.all(cells.map((cell) => cell.close()));

    expect(seenBy).to.equal(8);
    expect(armedMs).to.be.at.most(2000);
  });
});
