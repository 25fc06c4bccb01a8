import { expect } from "chai";

import { startProcess, type StartedProcess } from "../../support/process.js";
import { bothWays, Network } from "./network.js";
import type { Place } from "./place.js";

const port = 7000;

describe("faults: a network of a test", () => {
  it("carries, is cut on one way and on both, and heals", async () => {
    await using network = await Network.make(["a", "b"]);
    await serve(network.place("b"), "b");

    const open = await reach(network, "a", "b");
    await network.cut(["b", "a"]);
    const oneWay = await reach(network, "a", "b");
    await network.heal(["b", "a"]);
    await network.cut(...bothWays("a", "b"));
    const cut = await reach(network, "a", "b");
    await network.heal(...bothWays("a", "b"));
    const healed = await reach(network, "a", "b");

    expect([open, oneWay, cut, healed]).to.deep.equal(["b", "nobody", "nobody", "b"]);
  });

  it("loses some packets, and not what goes elsewhere", async () => {
    await using network = await Network.make(["a", "b", "c"]);
    await serve(network.place("b"), "b");
    await network.lose(...bothWays("a", "b"));

    const lossy = await reach(network, "a", "b");
    const other = await reach(network, "c", "b");

    expect([lossy, other]).to.deep.equal(["b", "b"]);
  });

  it("sends what comes from one machine to another port, and nothing else", async () => {
    await using network = await Network.make(["a", "b", "c"]);
    await serve(network.place("b"), "b");
    await serve(network.place("b"), "proxy", port + 1);
    await network.divert("b", { from: ["a"], port, to: port + 1 });

    expect(await reach(network, "a", "b")).to.equal("proxy");
    expect(await reach(network, "c", "b")).to.equal("b");
  });
});

/** A process that says its name to whoever connects. */
async function serve({ enter, host }: Place, name: string, at = port): Promise<void> {
  const script = `require("node:net").createServer((one) => one.end("${name}"))
    .listen(${at}, "${host}", () => console.log("listening"))`;
  await startNode(enter, script).waitForLine(/listening/);
}

/** Who answers on the port of a machine. A first packet that is lost is sent again after a second. */
async function reach(network: Network, from: string, to: string): Promise<string> {
  const { enter } = network.place(from);
  const script = `require("node:net").connect(${port}, "${network.place(to).host}")
    .setTimeout(2500, () => process.exit(console.log("nobody")))
    .on("data", (name) => process.exit(console.log(String(name))))`;
  return (await startNode(enter, script).waitForLine(/^\w+$/))[0];
}

function startNode(enter: readonly string[], script: string): StartedProcess {
  const [file, ...argv] = [...enter, process.execPath, "-e", script];
  return startProcess([file, ...argv]);
}
