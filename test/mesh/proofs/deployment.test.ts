import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "@thynapse/cell-sdk";
import { expect } from "chai";

import { startProcess, type StartedProcess } from "../../support/process.js";
import { bin, startThynapse } from "../thynapse.js";
import { replay, type Image } from "./dockerfile.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const example = join(root, "examples", "three-transmitters");
const restricted = fileURLToPath(new URL("restricted.py", import.meta.url));

describe("proofs: the unit of systemd", () => {
  const unit = readFileSync(join(example, "thynapse.service"), "utf8");
  const folder = mkdtempSync(join(tmpdir(), "thynapse-unit-"));

  after(() => rmSync(folder, { recursive: true }));

  it("is one that systemd understands, without a word", async () => {
    await verify(join(example, "thynapse.service"));
  });

  it("is one with the secret that its comment hands over, too", async () => {
    const secret = /^#(LoadCredential=.*)\n#(Environment=.*)$/m;
    const file = join(folder, "thynapse.service");
    writeFileSync(file, unit.replace(secret, "$1\n$2"));

    expect(unit).to.match(secret);
    await verify(file);
  });

  it("lets a transmitter bind with the families of addresses that it allows", async () => {
    const [, families = ""] = /^RestrictAddressFamilies=(.*)$/m.exec(unit) ?? [];
    const command = [process.execPath, bin, "up", "--port", "0", "--json"] as const;
    const up = startProcess(["python3", restricted, families, ...command]);

    await up.waitForLine(/^\{"ready":true/, { withinMs: 15_000 });
    up.kill("SIGTERM");

    expect(await up.exit).to.deep.equal({ code: 0, signal: null });
  });

  it("hands over a secret that a transmitter takes: its group, which is root's, can read it", async () => {
    // So it looks where the access of the user is an entry of an ACL.
    const secret = join(folder, "mesh-secret");
    writeFileSync(secret, "swordfish");
    chownSync(secret, 0, 0);
    chmodSync(secret, 0o440);
    const up = startThynapse(["up", "--port", "0", "--json", "--mesh-secret", `@${secret}`]);

    await up.waitForLine(/^\{"ready":true/, { withinMs: 15_000 });
    up.kill("SIGTERM");

    expect(await up.exit).to.deep.equal({ code: 0, signal: null });
  });

  it("names a file that the packed package has, and stops it as it wants to be stopped", () => {
    expect(unit).to.include("node_modules/@thynapse/transmitter/bin/thynapse.js up -c ");
    expect(unit).to.match(/^KillSignal=SIGTERM$/m);
  });

  async function verify(file: string): Promise<void> {
    const looked = startProcess(["systemd-analyze", "verify", file]);

    expect(await looked.exit).to.deep.equal({ code: 0, signal: null });
    expect([...looked.stdout, ...looked.stderr]).to.deep.equal([]);
  }
});

describe("proofs: the image", () => {
  const folder = mkdtempSync(join(tmpdir(), "thynapse-image-"));
  const steps = printedSteps();
  let image: Image;

  before("the printed steps are done, those of the image in an empty folder", async function () {
    this.timeout(120_000);
    const [context, into] = [join(folder, "context"), join(folder, "root")];
    mkdirSync(into);
    const build = steps.findIndex((step) => step.startsWith("docker build"));
    expect(steps[build]).to.equal("docker build --tag thynapse /tmp/image");
    for (const step of steps.slice(0, build)) {
      const env = { npm_config_ignore_scripts: "true" };
      const words = ["sh", "-c", step.replaceAll("/tmp/image", context)] as const;
      const done = startProcess(words, { cwd: root, env });
      expect((await done.exit).code, `${step}\n${done.stderr.join("\n")}`).to.equal(0);
    }
    image = await replay({ dockerfile: join(context, "Dockerfile"), context, root: into });
  });

  after(() => rmSync(folder, { recursive: true }));

  it("has a node that the packages accept", () => {
    const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      engines: { node: string };
    };

    expect(image.base).to.match(/^node:(?:22|24)-/);
    expect(engines.node).to.equal(">=20.19");
  });

  it("runs a transmitter that takes cells, and drains when it is stopped", async () => {
    // The address of the command is open to all; only here it is this machine.
    expect(image.cmd).to.deep.equal(["--bind", "0.0.0.0", "--insecure"]);
    const [up, command] = await run([...image.cmd, "--port", "0"]);

    const cell = await connect({ service: "image", transmitters: command });
    expect(await cell.ask("$mesh.status", {})).to.include({ command });
    await cell.close();
    up.kill(image.stopSignal as NodeJS.Signals);

    expect(await up.exit).to.deep.equal({ code: 0, signal: null });
  });

  it("is run and stopped by the printed steps, linked with another one", async () => {
    const [other, address] = await run(["--port", "0"]);
    const [, name, words = ""] =
      /^docker run --detach --name (\w+) --network host thynapse (.*)$/m.exec(steps.join("\n")) ??
      [];
    const here = words
      .replace("--bind 10.0.0.1 ", `--bind ${ownHost()} --port 0 `)
      .replace("10.0.0.2:5454", address.replace("tcp://", ""));
    const [up, command] = await run(here.split(" "));

    const cell = await connect({ service: "image", transmitters: command });
    const members = await cell.ask<readonly object[]>("$mesh.transmitters", {});
    await cell.close();
    up.kill(image.stopSignal as NodeJS.Signals);
    other.kill();

    expect(command).to.include(`//${ownHost()}:`);
    expect(members).to.have.length(2);
    expect(await up.exit).to.deep.equal({ code: 0, signal: null });
    expect(steps.at(-1)).to.equal(`docker stop --time 20 ${name}`);
  });

  async function run(words: readonly string[]): Promise<[StartedProcess, string]> {
    const [file, ...entry] = image.entrypoint;
    expect(file).to.equal("node");
    const { cwd, env } = image;
    const up = startProcess([process.execPath, ...entry, ...words, "--json"], { cwd, env });
    const [line] = await up.waitForLine(/^\{"ready":true.*/, { withinMs: 15_000 });
    return [up, (JSON.parse(line) as { command: string }).command];
  }
});

/** What the README prints to make the image and run it, a command each, without comments. */
function printedSteps(): string[] {
  const readme = readFileSync(join(example, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = ""]) => block);
  const steps = blocks.find((block) => block.includes("docker build")) ?? "";
  return steps.split("\n").flatMap((line) => line.replace(/ +#.*/, "") || []);
}

/** An address of this machine that others reach too, where it has one. */
function ownHost(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}
