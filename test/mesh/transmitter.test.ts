import { createConnection } from "node:net";
import { networkInterfaces } from "node:os";
import { MeshError } from "@thynapse/protocol";
import { expect } from "chai";

import type { TransmitterOptions } from "../../transmitter/src/options/options.js";
import { startTransmitter } from "../../transmitter/src/transmitter.js";
import { eventually } from "../support/eventually.js";
import { freePort } from "../support/free-port.js";
import { FakeLogger } from "./fake-logger.js";
import {
  armedOn,
  closeAll,
  closeLater,
  dealerTo,
  heard,
  hello,
  helo,
  payload,
} from "./hand-cell.js";

describe("transmitter", () => {
  afterEach(async () => {
    await closeAll();
  });

  it("welcomes cells within 500 ms of its start", async () => {
    const beganMs = performance.now();

    const { command } = await start();
    const welcome = await hello(dealerTo(command));

    expect(welcome).to.match(/^J WLCM /);
    expect(performance.now() - beganMs).to.be.lessThan(500);
  });

  it("tells its two addresses, its id and its process", async () => {
    const transmitter = await start({ id: "ab".repeat(20) });

    expect(transmitter.command).to.match(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    expect(transmitter.pub).to.match(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    expect(transmitter.id).to.equal("ab".repeat(20));
    expect(transmitter.pid).to.equal(process.pid);
    expect(transmitter.status()).to.include({ id: transmitter.id, state: "running", cells: 0 });
  });

  it("carries an event from the command socket to the event socket", async () => {
    const { command } = await start();
    const dealer = dealerTo(command);
    const subscriber = await armedOn(dealer, "hello.*");

    await dealer.send('J EVNT {"channel":"hello.world","data":{"n":1},"seq":1}');
    const [head, part] = (await subscriber.receive()).map(String);

    expect(head).to.match(/ 1 1$/);
    expect(part).to.match(/^J EVNT .*"data":\{"n":1\}/);
  });

  it("answers behind a delimiter where a cell uses one", async () => {
    const { command } = await start();
    const dealer = dealerTo(command);
    await dealer.send(["", helo]);

    const parts = (await dealer.receive()).map(String);

    expect(parts).to.have.length(2);
    expect(parts[0]).to.equal("");
    expect(parts[1]).to.match(/^J WLCM /);
  });

  it("refuses a port that is taken, and names one that is free", async () => {
    const first = await start();
    const port = portOf(first.command);

    const error = await refusal({ port });

    expect(error.code).to.equal("ADDRESS_IN_USE");
    expect(error.reason).to.include(`127.0.0.1:${port} is in use`);
    const free = Number(/use --port (\d+)/.exec(error.hint ?? "")?.[1]);
    expect(portOf((await start({ port: free })).command)).to.equal(free);
  });

  it("refuses a taken port of its event socket, and leaves the other one free", async () => {
    const first = await start();
    const [port, pubPort] = [await freePort(), portOf(first.pub)];

    const error = await refusal({ port, pubPort });

    expect(error.code).to.equal("ADDRESS_IN_USE");
    expect(error.hint).to.match(/use --pub-port \d+/);
    expect(portOf((await start({ port, pubPort: 0 })).command)).to.equal(port);
  });

  it("refuses an address that this machine has not", async () => {
    const error = await refusal({ bind: "192.0.2.1", insecure: true });

    expect(error.code).to.equal("BAD_OPTION");
    expect(error.reason).to.include("192.0.2.1");
  });

  it("refuses a host that cannot be resolved", async () => {
    const error = await refusal({ bind: "nosuch.invalid", insecure: true });

    expect(error.code).to.equal("BAD_OPTION");
    expect(error.reason).to.include("cannot resolve nosuch.invalid");
  });

  it("listens on localhost by its name", async () => {
    const { command } = await start({ bind: "localhost" });

    expect(await hello(dealerTo(command))).to.match(/^J WLCM /);
  });

  if (hasAddress("::1")) {
    it("speaks IPv6", async () => {
      const { command, pub } = await start({ bind: "::1" });
      const dealer = dealerTo(command);
      const subscriber = await armedOn(dealer, "a");

      await dealer.send('J EVNT {"channel":"a","seq":1}');

      expect(command).to.match(/^tcp:\/\/\[::1\]:\d+$/);
      expect(pub).to.match(/^tcp:\/\/\[::1\]:\d+$/);
      expect((await subscriber.receive()).length).to.equal(2);
    });
  }

  it("tells a cell the address that it came to, where it listens on all", async () => {
    const { command } = await start({ bind: "*", insecure: true });
    const port = portOf(command);

    for (const host of ["127.0.0.1", ...ownAddresses(), "127.0.0.2", "127.0.0.1"]) {
      const { pub } = payload(await hello(dealerTo(`tcp://${host}:${port}`)));
      expect(pub).to.include(`tcp://${host}:`);
    }
  });

  it("tells the host that it is to advertise, wherever it listens", async () => {
    const { command, pub } = await start({ advertise: "mesh.example" });
    const dealer = dealerTo(command.replace("mesh.example", "127.0.0.1"));

    expect(payload(await hello(dealer)).pub).to.equal(pub);
    expect(pub).to.match(/^tcp:\/\/mesh\.example:\d+$/);
  });

  it("drains: tells its cells, ends, and says that nothing is unconfirmed", async () => {
    const [port, pubPort] = [await freePort(), await freePort()];
    const transmitter = await start({ port, pubPort });
    const dealer = dealerTo(transmitter.command);
    await hello(dealer);

    const ending = await transmitter.drain();

    expect(ending).to.deep.equal({ unconfirmed: 0 });
    expect(await transmitter.closed).to.equal(ending);
    await heard(dealer, /^J GBYE .*"draining"/);
    await start({ port, pubPort });
  });

  it("waits in a drain for what is not settled, and says how much is left", async () => {
    const transmitter = await start({ drainTimeoutMs: 100 });
    const dealer = dealerTo(transmitter.command);
    await hello(dealer);
    await dealer.send('J CTCH {"ref":1,"pattern":"work","mode":"any"}');
    await heard(dealer, /^J CGHT /);
    await dealer.send('J EVNT {"channel":"work","seq":1}');
    await heard(dealer, /^J DLVR /);
    const beganMs = performance.now();

    expect(await transmitter.drain()).to.deep.equal({ unconfirmed: 1 });

    expect(performance.now() - beganMs).to.be.within(90, 1000);
  });

  it("ends at once when it is closed, in any state, and once", async () => {
    const transmitter = await start();

    await Promise.all([transmitter.close(), transmitter.drain(), transmitter.close()]);

    await transmitter.closed;
  });

  it("warns once of connections that do not speak ZeroMQ, and serves on", async () => {
    const log = new FakeLogger();
    const { command } = await start({}, log);

    for (let count = 0; count < 3; count++) await rawHttp(portOf(command));

    expect(log.lines("warn").filter((line) => line.includes("handshake"))).to.have.length(1);
    expect(await hello(dealerTo(command))).to.match(/^J WLCM /);
  });

  it("serves metrics and its health on loopback", async () => {
    const { metrics = "" } = await start({ metricsPort: 0 });
    const at = (path: string) => fetch(new URL(path, metrics));

    expect(await (await at("/metrics")).text()).to.match(/^thynapse_events_accepted_total 0$/m);
    expect(await (await at("/metrics")).text()).to.match(/^process_cpu_seconds_total /m);
    expect((await at("/livez")).status).to.equal(200);
    expect((await at("/readyz")).status).to.equal(200);
    expect((await at("/nope")).status).to.equal(404);
    expect((await fetch(metrics, { method: "POST" })).status).to.equal(405);
  });

  it("refuses a port of its metrics that is taken", async () => {
    const port = await freePort();
    await start({ metricsPort: port });

    expect((await refusal({ metricsPort: port })).code).to.equal("ADDRESS_IN_USE");
  });

  it("welcomes a cell of its own process", async () => {
    const transmitter = await start();
    const commands: string[] = [];
    const connection = transmitter.inProcess.connect({
      command: (part) => void commands.push(String(part)),
      events: () => {},
      closed: (reason) => void commands.push(`closed: ${reason}`),
    });

    connection.command(Buffer.from(helo));
    await eventually(() => expect(commands[0]).to.match(/^J WLCM /));
    await transmitter.close();

    expect(commands.at(-1)).to.equal("closed: the transmitter has ended");
  });
});

async function start(options: TransmitterOptions = {}, logger = new FakeLogger()) {
  const transmitter = await startTransmitter({ port: 0, ...options }, { logger: logger.asLogger });
  return closeLater(transmitter);
}

async function refusal(options: TransmitterOptions): Promise<MeshError> {
  const outcome = await start(options).catch((error: unknown) => error);
  expect(outcome).to.be.instanceOf(MeshError);
  return outcome as MeshError;
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

/** Asks for a page, and resolves when the connection was closed. */
function rawHttp(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => {
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    });
    socket.resume();
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
}

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ family, internal }) => family === "IPv4" && !internal).map((a) => a.address);
}

function hasAddress(address: string): boolean {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.some((one) => one.address === address);
}
