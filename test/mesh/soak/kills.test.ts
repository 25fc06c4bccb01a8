import { expect } from "chai";

import { endMeshes } from "../faults/fault-mesh.js";
import { runKills } from "./kills.js";

describe("soak: a cell of a group is killed every second", () => {
  afterEach(endMeshes);

  it("50 000 events: none is lost, and every repeat is marked", async function () {
    this.timeout(60_000);
    const figures = await runKills({ events: 50_000, perSecond: 10_000, killEveryMs: 1000 });

    const { kills, repeated } = figures;
    console.log(`      ${kills} kills, ${repeated} of 50 000 events handled again, marked`);
    expect(figures.kills).to.be.at.least(3);
    expect(figures).to.deep.include({ lost: 0, unmarked: 0, violations: [] });
  });
});
