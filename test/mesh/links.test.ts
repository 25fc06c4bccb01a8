import { expect } from "chai";
import { XSubscriber } from "zeromq";

import type { TransmitterOptions } from "../../transmitter/src/options/options.js";
import { startTransmitter, type Transmitter } from "../../transmitter/src/transmitter.js";
import { eventually } from "../support/eventually.js";
import { freePort } from "../support/free-port.js";
import type { StartedProcess } from "../support/process.js";
import { FakeLogger } from "./fake-logger.js";
import { closeAll, closeLater, dealerTo, hello, payload } from "./hand-cell.js";
import { runThynapse, startThynapse } from "./thynapse.js";

/** A transmitter of this process, and what it logs. */
interface Logged {
  readonly transmitter: Transmitter;
  readonly log: FakeLogger;
}

/*
 * Transmitters that link over loopback, by real sockets; the last ones are processes of their own. What becomes of a
 * mesh under load and faults: test/mesh/faults.
 */
describe("links", () => {
  afterEach(closeAll);

  it("join all by one seed, named by its command port or by its event port", async () => {
    const seed = await start();
    const { command, pub } = seed.transmitter;
    const [second, third] = await Promise.all([start({ links: command }), start({ links: pub })]);

    await expectMembers([seed, second, third]);
  });

  it("bear a transmitter that is among its own seeds", async () => {
    const port = await freePort();
    const links = [`127.0.0.1:${port}`, "127.0.0.1:1"];
    const own = start({ port, pubPort: 0, links });
    const other = await start({ links: `127.0.0.1:${port}` });

    await expectMembers([await own, other]);
  });

  it("need nobody else where the only seed is the transmitter itself", async () => {
    const port = await freePort();

    const { transmitter } = await start({ port, pubPort: 0, links: `127.0.0.1:${port}` });

    expect(transmitter.status()).to.include({ state: "running" });
  });

  it("wait for a seed that comes later, by its name", async () => {
    const port = await freePort();
    const early = start({ links: `localhost:${port}` });
    const seed = await start({ port, pubPort: 0 });

    await expectMembers([seed, await early]);
  });

  it("go to those who tell others a name, and to one that has come back by it", async () => {
    const [port, pubPort] = [await freePort(), await freePort()];
    const named = { port, pubPort, advertise: "localhost" };
    const seed = await start({ advertise: "localhost" });
    const links = seed.transmitter.command;
    const first = await start({ ...named, links });
    await expectMembers([seed, first]);
    expect(first.transmitter.pub).to.equal(`tcp://localhost:${pubPort}`);

    await first.transmitter.close();
    const second = await start({ ...named, links });

    await expectMembers([seed, second]);
  });

  it("go over IPv6 where an address is one", async () => {
    const seed = await start({ bind: "::1" });
    const other = await start({ bind: "::1", links: seed.transmitter.command });

    await expectMembers([seed, other]);
    expect(seed.transmitter.pub).to.match(/^tcp:\/\/\[::1\]:/);
  });

  it("find others of the mesh by themselves, in one network", async () => {
    const mesh = `m${Date.now()}`;
    const first = await start({ mesh, discover: true });
    const second = await start({ mesh, discover: true });

    await expectMembers([first, second]);
  });

  it("come about while a stranger keeps event sockets from admitting anybody", async () => {
    const seed = await start();
    const stranger = closeLater(new XSubscriber({ linger: 0, sendTimeout: 0 }));
    stranger.connect(seed.transmitter.pub);
    const noise = setInterval(() => void stranger.send("\x07noise").catch(() => undefined), 2);
    closeLater({ close: () => clearInterval(noise) });
    await eventually(() => {
      expect(seed.transmitter.prometheus()).to.match(/foreign_notices [1-9]/);
    });

    const links = seed.transmitter.command;
    const others = await Promise.all([start({ links }), start({ links })]);

    for (const { transmitter } of others) expect(transmitter.status()["state"]).to.equal("running");
    await eventually(() => expect(seed.log.lines("info").join()).to.match(/joined.*joined/));
  });

  it("I19: are missing where nobody knows the name of a seed, and the log says so", async () => {
    const { transmitter, log } = await start({ links: "nosuch.invalid:1", joinTimeoutMs: 100 });

    expect(transmitter.status()).to.include({ state: "degraded" });
    await eventually(() => expect(log.lines("warn").join()).to.include("cannot resolve nosuch"));
    expect(log.lines("warn").join()).to.include("goes on without its seeds");
  });

  it("end the degraded state of a start when somebody of the mesh comes", async () => {
    const port = await freePort();
    const lone = await start({ links: `127.0.0.1:${port}`, joinTimeoutMs: 0 });
    expect(lone.transmitter.status()).to.include({ state: "degraded" });

    const seed = await start({ port, pubPort: 0 });

    await expectMembers([seed, lone]);
    await eventually(() => expect(lone.transmitter.status()).to.include({ state: "running" }));
  });

  it("I21: are refused to another mesh, which both log once", async () => {
    const seed = await start({ mesh: "red" });
    const links = seed.transmitter.command;

    const other = await start({ mesh: "blue", links, joinTimeoutMs: 1000 });

    await expectMembers([seed]);
    await expectMembers([other]);
    // Who links is told by the handshake, who is linked to by the hello.
    for (const [{ log }, theirs] of [
      [other, "red"],
      [seed, "blue"],
    ] as const) {
      const said = log.lines("warn").filter((line) => line.includes("MESH_MISMATCH"));
      expect(said).to.have.length(1);
      expect(said[0]).to.include(`mesh "${theirs}"`);
    }
  });

  it("need the same secret on both sides, which no log names", async () => {
    const meshSecret = "hush hush";
    const seed = await start({ meshSecret });
    const links = seed.transmitter.command;

    const friend = await start({ meshSecret, links });
    const stranger = await start({ links, joinTimeoutMs: 1000 });

    await expectMembers([seed, friend]);
    await expectMembers([stranger]);
    expect(seed.log.lines("warn").join()).to.include("DENIED");
    for (const { log } of [seed, friend]) expect(log.lines("info").join()).to.not.include("hush");
  });

  it("are cut by a drain at once, and by a death soon", async () => {
    const seed = await start();
    const links = seed.transmitter.command;
    const [leaver, victim] = await Promise.all([start({ links }), start({ links })]);
    await expectMembers([seed, leaver, victim]);

    await leaver.transmitter.drain();
    await eventually(() => expect(seed.log.lines("info").join()).to.include("has left"));
    await expectMembers([seed, victim]);

    await victim.transmitter.close();
    await eventually(() => expect(seed.log.lines("warn").join()).to.include("is dead"));
    await expectMembers([seed]);
  });

  it("end the younger of two with one id who meet at a third within two seconds", async () => {
    const seed = await start();
    const links = seed.transmitter.command;
    const id = "cd".repeat(20);
    const elder = await start({ id, links });
    await expectMembers([seed, elder]);
    const beganMs = performance.now();

    const ended = await start({ id, links }).then(
      async ({ transmitter }) => (await transmitter.closed).error,
      (error: unknown) => error,
    );

    expect(ended).to.include({ code: "ID_TAKEN" });
    expect(performance.now() - beganMs).to.be.below(2000);
    await expectMembers([seed, elder]);
  });

  it("join processes; of two with one id the younger ends with 5", async () => {
    const id = "ab".repeat(20);
    const elder = startThynapse(["up", "--json", "--port", "0", "--id", id]);
    const command = await readyAt(elder);
    const other = startThynapse(["up", "--json", "--port", "0", "--link", command]);
    await readyAt(other);

    const younger = startThynapse(["up", "--json", "--port", "0", "--id", id, "--link", command]);

    expect(await younger.exit).to.deep.equal({ code: 5, signal: null });
    expect(younger.stderr.join()).to.match(/thynapse: .*runs already.* — give each its own --id/);
    const { stdout } = await runThynapse(["ls", "transmitters", "--json", "-t", command]);
    expect(stdout).to.have.length(2);
  });
});

async function start(options: TransmitterOptions = {}): Promise<Logged> {
  const log = new FakeLogger();
  const usual = { port: 0, joinTimeoutMs: "15s" };
  const transmitter = await startTransmitter({ ...usual, ...options }, { logger: log.asLogger });
  closeLater(transmitter);
  return { transmitter, log };
}

/** Waits until each of these tells its cells exactly the addresses of all of them. */
async function expectMembers(all: readonly Logged[]): Promise<void> {
  const addresses = all.map(({ transmitter }) => transmitter.command);
  for (const address of addresses) {
    await eventually(
      async () => {
        const welcome = payload(await hello(dealerTo(address))) as { transmitters?: string[] };
        expect(welcome.transmitters?.[0]).to.equal(address);
        expect(welcome.transmitters).to.have.members(addresses);
      },
      { withinMs: 10_000 },
    );
  }
}

async function readyAt(up: StartedProcess): Promise<string> {
  const [line] = await up.waitForLine(/^\{"ready":true.*\}$/, { withinMs: 18_000 });
  return (JSON.parse(line) as { readonly command: string }).command;
}
