import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { type Cell, connect } from "@thynapse/cell-sdk";
import { expect } from "chai";

import { eventually } from "../support/eventually.js";
import { startProcess } from "../support/process.js";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** How long `npm start` may take: it builds first. */
const startMs = 90_000;

describe("npm start", () => {
  const cells: Cell[] = [];

  afterEach(async () => {
    for (const cell of cells.splice(0)) await cell.close();
  });

  it("ends with 0 on SIGTERM to npm under load, frees both ports and leaves no orphan", async function () {
    this.timeout(2 * startMs);
    const npm = startProcess(["npm", "start", "--", "--port", "0", "--json"], {
      cwd: repository,
      env: { FORCE_COLOR: "0" },
    });
    const [line] = await npm.waitForLine(/^\{"ready":true.*\}$/, { withinMs: startMs });
    const { command, pub, pid } = JSON.parse(line) as Record<"command" | "pub", string> & {
      pid: number;
    };
    const load = await startLoad(command);
    await eventually(() => expect(load.handled()).to.be.above(1000));

    npm.kill("SIGTERM");

    expect(await npm.exit).to.deep.equal({ code: 0, signal: null });
    load.stop();
    expect(() => process.kill(pid, 0)).to.throw("ESRCH");
    for (const address of [command, pub]) await listenOnce(address);
  });

  /** Sends and handles as fast as it goes, until it is told to stop. */
  async function startLoad(command: string) {
    const options = { transmitters: command, drainTimeoutMs: 0 };
    const receiver = await connect({ ...options, service: "receiver" });
    const sender = await connect({ ...options, service: "sender" });
    cells.push(sender, receiver);
    let handled = 0;
    let running = true;
    await receiver.anycatch("load", () => void handled++, { concurrency: 64 });
    const sending = (async () => {
      while (running) {
        for (let at = 0; at < 100; at++) void sender.send("load", { at });
        if (!sender.hasRoom) await sender.room();
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    // While no transmitter is there the outbox fills, and nobody waits for room any more.
    sending.catch(() => undefined);
    return { handled: () => handled, stop: () => (running = false) };
  }
});

async function listenOnce(address: string): Promise<void> {
  const server = createServer();
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
