import { type Cell, connect } from "@thynapse/cell-sdk";
import { startTransmitter, type Transmitter } from "@thynapse/transmitter";
import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { eventually } from "../support/eventually.js";
import type { StartedProcess } from "../support/process.js";
import { startThynapse } from "./thynapse.js";
import { isRunning } from "../support/is-running.js";

describe("cli: a command of --exec", () => {
  const folder = mkdtempSync(join(tmpdir(), "thynapse-exec-"));
  const go = join(folder, "go");
  // It says who it is, and ends when there is a file.
  const command = `echo $$ >&2; until test -e ${go}; do sleep 0.02; done; echo done`;
  let transmitter: Transmitter;
  let cell: Cell;
  let pid = 0;

  before(async () => {
    transmitter = await startTransmitter({ port: 0, logLevel: "silent", groupKeepMs: 0 });
    cell = await connect({ service: "tester", transmitters: transmitter.command });
  });

  afterEach(async () => {
    writeFileSync(go, "");
    if (pid > 0) await eventually(() => expect(isRunning(pid)).to.equal(false));
    rmSync(go);
  });

  after(async () => {
    await cell.close();
    await transmitter.close();
    rmSync(folder, { recursive: true });
  });

  /** Starts a verb, and waits until its command works on an event. */
  async function working(verb: string, channel: string): Promise<StartedProcess> {
    const flags = ["-t", transmitter.command, "-s", verb, "--exec", command, "--shell"];
    const started = startThynapse([verb, channel, ...flags]);
    await started.waitForLine(/^armed /, { withinMs: 15_000 });
    await cell.send(channel, 1);
    const [line] = await started.waitForLine(/^\d+$/);
    pid = Number(line);
    return started;
  }

  for (const verb of ["catch", "answer"]) {
    it(`may finish after Ctrl-C, which a terminal gives to all of ${verb}`, async () => {
      const verbed = await working(verb, `${verb}.finishes`);

      process.kill(-verbed.pid, "SIGINT");
      writeFileSync(go, "");

      expect(await verbed.exit).to.deep.equal({ code: 130, signal: null });
      expect(verbed.stdout.join()).to.match(/^(?:done|answer.finishes 1)$/);
      expect(verbed.stderr.join()).to.not.include("ended by");
    });
  }

  it("ends with the second Ctrl-C", async () => {
    const caught = await working("catch", "catch.twice");

    // Sooner than after 100 ms it would be the same Ctrl-C.
    await eventually(() => {
      if (isRunning(caught.pid)) process.kill(-caught.pid, "SIGINT");
      expect(isRunning(pid)).to.equal(false);
    });

    expect(await caught.exit).to.deep.equal({ code: 130, signal: null });
  });

  it("ends with the terminal", async () => {
    const caught = await working("catch", "catch.hangup");

    process.kill(-caught.pid, "SIGHUP");

    expect(await caught.exit).to.deep.equal({ code: null, signal: "SIGHUP" });
    await eventually(() => expect(isRunning(pid)).to.equal(false));
  });
});
