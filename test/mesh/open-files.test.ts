import { createConnection, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { Dealer } from "zeromq";

import { eventually } from "../support/eventually.js";
import { cpuMs } from "../support/process-figures.js";
import { startProcess, type StartedProcess } from "../support/process.js";

const bin = fileURLToPath(new URL("../../transmitter/bin/thynapse.js", import.meta.url));
const helo = `J HELO {"id":"${"1".repeat(40)}","service":"greeter"}`;

/** How long the flood is watched: the length of a fault. */
const floodMs = 1500;

if (process.platform === "linux") {
  describe("transmitter out of file descriptors", () => {
    it("says so once, uses at most a fifth of a core, and welcomes cells afterwards", async () => {
      const { transmitter, command } = await startWith({ files: 64 });
      const strangers = flood(command, 100);

      const before = cpuMs(transmitter.pid);
      await transmitter.waitForLine(/out of file descriptors/);
      await delay(floodMs);
      const share = (cpuMs(transmitter.pid) - before) / floodMs;
      for (const stranger of strangers) stranger.destroy();

      expect(share).to.be.at.most(0.2);
      await eventually(() => welcome(command));
      const said = transmitter.stderr.filter((line) => line.includes("out of file descriptors"));
      expect(said).to.have.length(1);
    });

    it("serves those who come back when too many cells want to attach", async () => {
      const { command } = await startWith({ files: 64 });
      const dealers = Array.from({ length: 100 }, () => dealerTo(command));
      await delay(floodMs);
      for (const dealer of dealers) dealer.close();

      await eventually(() => welcome(command));
    });
  });
}

async function startWith({ files }: { readonly files: number }) {
  const script = `ulimit -n ${files}; exec "$0" "$1" up --port 0 --json --log-level warn`;
  const transmitter = startProcess(["sh", "-c", script, process.execPath, bin]);
  const line = await transmitter.waitForLine(/^\{.*"ready":true.*\}$/, { withinMs: 10_000 });
  const { command } = JSON.parse(line[0]) as { readonly command: string };
  return { transmitter, command } satisfies { transmitter: StartedProcess; command: string };
}

/** Opens connections that never say anything. */
function flood(command: string, count: number): Socket[] {
  const port = Number(command.slice(command.lastIndexOf(":") + 1));
  return Array.from({ length: count }, () => {
    const socket = createConnection(port, "127.0.0.1");
    return socket.on("error", () => {});
  });
}

function dealerTo(command: string): Dealer {
  const dealer = new Dealer({ linger: 0, receiveTimeout: 1000 });
  dealer.connect(command);
  return dealer;
}

async function welcome(command: string): Promise<void> {
  const dealer = dealerTo(command);
  try {
    await dealer.send(helo);
    expect(String(await dealer.receive())).to.match(/^J WLCM /);
  } finally {
    dealer.close();
  }
}
