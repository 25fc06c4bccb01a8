import { fileURLToPath } from "node:url";
import { expect } from "chai";

import { eventually } from "../../support/eventually.js";
import { startProcess, type StartedProcess } from "../../support/process.js";

const script = fileURLToPath(new URL("roles/unread.ts", import.meta.url));
/** Signs of life of the reader, ten a second: longer than all time-outs of a connection together. */
const signs = 20;

/**
 * Where nobody reads, libzmq stops reading too; when the other end then dies, a heartbeat of its
 * own was the end of the whole process.
 */
describe("a socket that is not read", () => {
  function start(role: string, address = ""): StartedProcess {
    return startProcess([process.execPath, "--import", "tsx", script, role, address]);
  }

  async function addressOf(it: StartedProcess): Promise<string> {
    return (await it.waitForLine(/^at (\S+)/))[1]!;
  }

  async function outlives(reader: StartedProcess, flooder: StartedProcess): Promise<void> {
    await flooder.waitForLine(/^sent/);
    flooder.kill("SIGKILL");
    await flooder.exit;
    const until = reader.stdout.length + signs;
    const ended = reader.exit.then((exit) => exit.signal ?? exit.code);
    const lived = eventually(() => expect(reader.stdout).to.have.length.greaterThan(until));
    expect(await Promise.race([ended, lived.then(() => "alive")])).to.equal("alive");
  }

  it("outlives a cell that floods it with commands, and dies", async () => {
    const reader = start("command");

    await outlives(reader, start("dealer", await addressOf(reader)));
  });

  it("outlives a subscriber that floods it with subscriptions, and dies", async () => {
    const reader = start("events");

    await outlives(reader, start("subscriber", await addressOf(reader)));
  });

  it("outlives a transmitter that floods it with events, and dies", async () => {
    const flooder = start("publisher");

    await outlives(start("links", await addressOf(flooder)), flooder);
  });
});
