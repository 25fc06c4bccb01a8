import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "@thynapse/cell-sdk";
import { expect } from "chai";

import { startProcess } from "../../support/process.js";
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
  let image: Image;

  before("its steps are done in an empty folder, on the packed packages", async function () {
    this.timeout(120_000);
    const [context, into] = [join(folder, "context"), join(folder, "root")];
    mkdirSync(context);
    mkdirSync(into);
    const dockerfile = join(context, "Dockerfile");
    copyFileSync(join(example, "Dockerfile"), dockerfile);
    const flags = ["--workspaces", "--ignore-scripts", "--pack-destination", context];
    const pack = startProcess(["npm", "pack", ...flags], { cwd: root });
    expect((await pack.exit).code, pack.stderr.join("\n")).to.equal(0);
    image = await replay({ dockerfile, context, root: into });
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
    const [file = "", ...entry] = image.entrypoint;
    expect(file).to.equal("node");
    // The address of the command is open to all; only here it is this machine.
    expect(image.cmd).to.deep.equal(["--bind", "0.0.0.0", "--insecure"]);
    const up = startProcess([process.execPath, ...entry, "--port", "0", "--json"], {
      cwd: image.cwd,
      env: image.env,
    });
    const [line] = await up.waitForLine(/^\{"ready":true.*/, { withinMs: 15_000 });
    const { command } = JSON.parse(line) as { command: string };

    const cell = await connect({ service: "image", transmitters: command });
    expect(await cell.ask("$mesh.status", {})).to.include({ command });
    await cell.close();
    up.kill(image.stopSignal as NodeJS.Signals);

    expect(await up.exit).to.deep.equal({ code: 0, signal: null });
  });
});
