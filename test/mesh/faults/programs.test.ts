import { fileURLToPath } from "node:url";
import { expect } from "chai";

import { cpuMs } from "../../support/process-figures.js";
import { startProcess, type StartedProcess } from "../../support/process.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
/** What a process takes to end that has nothing left to do. */
const endMs = 1500;

describe("faults: a program", () => {
  afterEach(endMeshes);

  it("that sends and closes its cell ends by itself, whatever it caught", async () => {
    const { command } = await FaultMesh.start();
    const program = startProgram(`
      const cell = await connect({ service: "shop", transmitters: "${command}" });
      await cell.anycatch("orders.*", () => {});
      await cell.multicatch("orders.*", () => {});
      await cell.send("orders.created", 1, { until: "handled" });
      console.log(JSON.stringify(await cell.close()));`);

    await program.waitForLine(/^\{"unconfirmed":0\}$/);
    const closedMs = performance.now();

    expect(await program.exit).to.deep.equal({ code: 0, signal: null });
    expect(performance.now() - closedMs).to.be.below(endMs);
    expect(program.stderr).to.deep.equal([]);
  });

  it("that finds no transmitter is told so, and ends by itself", async () => {
    const program = startProgram(`
      await connect({ service: "shop", transmitters: "tcp://127.0.0.1:1", connectTimeoutMs: 300 });`);

    expect((await program.exit).code).to.equal(1);
    expect(program.stderr.join("\n")).to.include("UNREACHABLE");
  });

  if (process.platform === "linux") {
    it("that is a transmitter is ready when it has had half a second of a core", async () => {
      const { pid, readyMs } = (await FaultMesh.start()).transmitter;
      const usedMs = cpuMs(pid);

      console.log(`      ready in ${readyMs.toFixed(0)} ms, ${usedMs} ms of a core`);
      // On a crowded machine the same work takes a core for up to twice as long.
      expect(usedMs).to.be.at.most(1000);
    });
  }
});

function startProgram(script: string): StartedProcess {
  const program = `import { connect } from "@thynapse/cell-sdk";${script}`;
  return startProcess([process.execPath, "--input-type=module", "-e", program], { cwd: root });
}
