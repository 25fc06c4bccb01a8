import { expect } from "chai";

import { startProcess, type StartedProcess } from "../../support/process.js";
import { bothWays, Network } from "./network.js";
import type { Place } from "./place.js";

const port = 7000;
/** So many that some are lost on a lossy way, and as many as sockets hold that are not read. */
const packets = 100;

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
    await serveEcho(network.place("b"));
    await network.lose(...bothWays("a", "b"));

    const lossy = await echoed(network, "a", "b");
    const other = await echoed(network, "c", "b");

    expect(lossy).to.be.within(1, packets - 1);
    expect(other).to.equal(packets);
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

/** A process that sends back each datagram that it gets. */
async function serveEcho({ enter, host }: Place): Promise<void> {
  const script = `require("node:dgram").createSocket("udp4")
    .on("message", function (text, from) { this.send(text, from.port, from.address) })
    .bind(${port}, "${host}", () => console.log("listening"))`;
  await startNode(enter, script).waitForLine(/listening/);
}

/**
 * How many datagrams come back of as many as `packets` says. What is sent last is sent until it comes
 * back: whatever was before it is back by then, or lost.
 */
async function echoed(network: Network, from: string, to: string): Promise<number> {
  const { enter } = network.place(from);
  const script = `let count = 0;
    const socket = require("node:dgram").createSocket("udp4").on("message", (text) => {
      if (String(text) === "last") process.exit(console.log(String(count)));
      count++;
    });
    socket.connect(${port}, "${network.place(to).host}", () => {
      for (let at = 0; at < ${packets}; at++) socket.send("one");
      setInterval(() => socket.send("last"), 50);
    });`;
  return Number((await startNode(enter, script).waitForLine(/^\d+$/))[0]);
}

/** Who answers on the port of a machine. */
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
