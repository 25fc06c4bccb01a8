import { expect } from "chai";

import { cpuMs } from "../../support/process-figures.js";
import { sharedClockMs } from "../../support/run-log.js";
import { Crowd } from "../faults/crowd.js";
import { endMeshes, FaultMesh } from "../faults/fault-mesh.js";
import { whole } from "./views.js";

describe("proofs: one of three transmitters is killed", function () {
  this.timeout(90_000);
  afterEach(endMeshes);

  it("and started again, under a thousand cells: all are welcome within 5 s, and no core is kept busy", async () => {
    const mesh = await FaultMesh.start({}, {}, {});
    await whole(mesh.transmitters.map(({ command }) => command));
    const commands = mesh.transmitters.map(({ command }) => command);
    const crowd = await Crowd.join(commands, { cells: 1000, processes: 10 });
    try {
      const [victim, ...others] = mesh.transmitters;
      await crowd.allAt(mesh.transmitters.map(({ id }) => id));
      const usedMs = others.map(({ pid }) => cpuMs(pid));

      const killedMs = sharedClockMs();
      await mesh.restart(victim);
      const tookMs = (await crowd.allAt(mesh.transmitters.map(({ id }) => id))) - killedMs;

      const shares = others.map(({ pid }, at) => (cpuMs(pid) - usedMs[at]!) / tookMs);
      console.log(`      a thousand cells welcome after ${tookMs.toFixed(0)} ms, cores ${shares}`);
      expect(tookMs).to.be.at.most(5000);
      for (const share of shares) expect(share).to.be.below(1);
    } finally {
      crowd.end();
    }
  });
});
