import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cell, connect } from "@thynapse/cell-sdk";
import { expect } from "chai";

import { eventually } from "../support/eventually.js";
import { freePort } from "../support/free-port.js";
import type { StartedProcess } from "../support/process.js";
import { type RunOptions, runThynapse, startThynapse } from "./thynapse.js";

/** The first line of `up --json`. */
interface Ready {
  readonly ready: boolean;
  readonly id: string;
  readonly command: string;
  readonly pub: string;
  readonly pid: number;
}

/** Makes a process believe that it writes to a terminal. */
const onTerminal: RunOptions = {
  node: ["--import", "data:text/javascript,process.stdout.isTTY=process.stderr.isTTY=true"],
};

describe("cli: up", () => {
  const cells: Cell[] = [];

  afterEach(async () => {
    for (const cell of cells.splice(0)) await cell.close();
  });

  it("says first where it is, as one line of JSON", async () => {
    const [up, ready] = await startUp([]);

    expect(ready.ready).to.equal(true);
    expect(ready.id).to.match(/^[0-9a-f]{40}$/);
    expect(ready.pid).to.equal(up.pid);
    expect([ready.command, ready.pub].join()).to.match(
      /^tcp:\/\/127\.0\.0\.1:\d+,tcp:\/\/127\.0\.0\.1:\d+$/,
    );
    expect(up.stdout).to.have.length(1);
  });

  it("prints lines to paste on a terminal", async () => {
    const up = startThynapse(["up", "--port", "0"], onTerminal);
    const [, command = ""] = await up.waitForLine(/ cells +(tcp:\S+)$/);
    await up.waitForLine(/Ctrl-C drains/);

    expect(up.stdout).to.include(`  thynapse send -t ${command} hello.world '{"n": 1}'`);
    expect(up.stderr).to.deep.equal([]);
  });

  it("drains on SIGTERM, ends with 0, and leaves both ports free", async () => {
    const [up, ready] = await startUp([]);

    up.kill("SIGTERM");

    expect(await up.exit).to.deep.equal({ code: 0, signal: null });
    for (const address of [ready.command, ready.pub]) await listenOnce(address);
  });

  it("ends with 0 on SIGTERM while it waits for its mesh", async () => {
    const words = ["up", "--port", "0", "--link", "nosuch.invalid:1", "--join-timeout", "1h"];
    const up = startThynapse(words);
    // It has begun to wait when it says that it does so in vain.
    await up.waitForLine(/cannot resolve nosuch/, { withinMs: 18_000 });

    up.kill("SIGTERM");

    expect(await up.exit).to.deep.equal({ code: 0, signal: null });
    expect(up.stdout).to.deep.equal([]);
  });

  it("I59: drains on Ctrl-C and ends with 130; a second Ctrl-C ends it at once", async () => {
    const [once] = await startUp([]);
    const [twice, { command }] = await startUp(["--drain-timeout", "60s"]);
    await holdDelivery(command);

    once.kill("SIGINT");
    twice.kill("SIGINT");
    await twice.waitForLine(/^thynapse: draining; Ctrl-C again/);
    // Sooner it would be the same Ctrl-C, which a terminal gives to npm and to its child.
    await eventually(async () => {
      twice.kill("SIGINT");
      expect(await Promise.race([twice.exit, pause(20)])).to.deep.equal({
        code: 130,
        signal: null,
      });
    });

    expect(await once.exit).to.deep.equal({ code: 130, signal: null });
  });

  it("re-reads its config file on SIGHUP, and says what needs a restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "thynapse-up-"));
    const file = join(folder, "transmitter.json");
    const write = (text: string): void => writeFileSync(file, text);
    write('{"logLevel":"info","deadMs":1000}');
    const [up] = await startUp(["-c", file]);

    write('{"logLevel":"error","link":["127.0.0.1:1"],"deadMs":1000,"ringBytesMax":"1MiB"}');
    up.kill("SIGHUP");
    await up.waitForLine(/SIGHUP: changed --link, --log-level; --ring stays as it was — restart/);
    write('{"logLevel":"warn",}');
    up.kill("SIGHUP");
    await up.waitForLine(/SIGHUP: transmitter\.json:1:19 .*; everything stays as it was$/);
    write('{"deadMs":1}');
    up.kill("SIGHUP");
    await up.waitForLine(/SIGHUP: transmitter\.json: lost-after: 1 is out of range/);
    up.kill("SIGTERM");

    expect(await up.exit).to.deep.equal({ code: 0, signal: null });
    // It was silent about its drain, as it was told.
    expect(up.stderr.join()).to.not.include("transmitter drained");
    rmSync(folder, { recursive: true });
  });

  it("re-reads it when it is ready, if SIGHUP comes before", async () => {
    const folder = mkdtempSync(join(tmpdir(), "thynapse-up-"));
    const file = join(folder, "transmitter.json");
    // Nobody answers at its link: by the connection the start has begun, and it does not end yet.
    const silent = createServer().unref();
    const port = await new Promise<number>((resolve) => {
      silent.listen(0, "127.0.0.1", () => resolve((silent.address() as AddressInfo).port));
    });
    const begun = new Promise<void>((resolve) => {
      silent.once("connection", () => resolve());
    });
    const settings = { port: 0, link: [`127.0.0.1:${port}`], joinTimeoutMs: 3000 };
    writeFileSync(file, JSON.stringify(settings));
    const up = startThynapse(["up", "--json", "-c", file]);
    await begun;

    writeFileSync(file, JSON.stringify({ ...settings, logLevel: "error" }));
    up.kill("SIGHUP");
    await up.waitForLine(/SIGHUP: changed --log-level$/, { withinMs: 15_000 });

    expect(up.stdout.join()).to.match(/^\{"ready":true/);
    up.kill("SIGTERM");
    expect(await up.exit).to.deep.equal({ code: 0, signal: null });
    silent.close();
    rmSync(folder, { recursive: true });
  });

  it("I15: binds an IPv6 address", async () => {
    const [, { command }] = await startUp(["--bind", "::1"]);

    expect(command).to.match(/^tcp:\/\/\[::1\]:\d+$/);
    const shown = await runThynapse(["show", "status", "--json", "-t", command]);
    expect(shown.code).to.equal(0);
  });

  it("I39: takes a size with a unit", async () => {
    const [, { command }] = await startUp(["--max-message", "1MB"]);

    const sent = await runThynapse(["send", "a", "-t", command], { input: "x".repeat(999_990) });
    expect(sent.code).to.equal(0);
  });

  it("offers the next free port where its own is taken", async () => {
    const port = await freePort();
    await startUp([], { argv: ["--port", String(port)] });

    const second = await runThynapse(["up", "--port", String(port)]);

    expect(second.code).to.equal(75);
    const [, offered] = /in use — use --port (\d+)$/.exec(second.stderr[0] ?? "") ?? [];
    expect(Number(offered)).to.be.above(port);
    const [, third] = await startUp([], { argv: ["--port", String(offered)] });
    expect(portOf(third.command)).to.equal(Number(offered));
  });

  it("reads its flags from variables and a config file too", async () => {
    const folder = mkdtempSync(join(tmpdir(), "thynapse-up-"));
    const file = join(folder, "transmitter.json");
    const id = "ab".repeat(20);
    writeFileSync(file, JSON.stringify({ port: 0, logLevel: "silent", id }));
    const env = { THYNAPSE_CONFIG: file, THYNAPSE_JSON: "true" };

    const up = startThynapse(["up"], { env });
    const [line] = await up.waitForLine(/^.*"ready":true.*$/, { withinMs: 15_000 });

    expect((JSON.parse(line) as Ready).id).to.equal(id);
    expect(up.stderr).to.deep.equal([]);
    rmSync(folder, { recursive: true });
  });

  it("ends with 0 when it was asked to drain", async () => {
    const [up, { command }] = await startUp([]);

    const asked = await runThynapse(["drain", "--json", "-t", command]);

    expect(asked.code).to.equal(0);
    expect(JSON.parse(asked.stdout[0] ?? "")).to.include({ draining: true, command });
    expect(await up.exit).to.deep.equal({ code: 0, signal: null });
  });

  /** Has a cell work on an event without an end, so that a drain has something to wait for. */
  async function holdDelivery(command: string): Promise<void> {
    const cell = await connect({ service: "holder", transmitters: command, drainTimeoutMs: 0 });
    cells.push(cell);
    let held = false;
    await cell.anycatch("held", ({ data }) => new Promise(() => (held = data === 1)));
    await cell.send("held", 1);
    await eventually(() => expect(held).to.equal(true));
  }
});

async function startUp(
  flags: readonly string[],
  { argv = ["--port", "0"] }: { readonly argv?: readonly string[] } = {},
): Promise<[StartedProcess, Ready]> {
  const up = startThynapse(["up", "--json", ...argv, ...flags]);
  const [line] = await up.waitForLine(/^\{"ready":true.*\}$/, { withinMs: 15_000 });
  return [up, JSON.parse(line) as Ready];
}

async function listenOnce(address: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(portOf(address), "127.0.0.1", resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}
