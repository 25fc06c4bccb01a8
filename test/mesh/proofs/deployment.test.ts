import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "@thynapse/cell-sdk";
import { expect } from "chai";

import { startProcess } from "../../support/process.js";
import { replay, type Image } from "./dockerfile.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const example = join(root, "examples", "three-transmitters");

describe("proofs: the unit of systemd", () => {
  it("is one that systemd understands, without a word", async () => {
    const verify = startProcess(["systemd-analyze", "verify", join(example, "thynapse.service")]);

    expect(await verify.exit).to.deep.equal({ code: 0, signal: null });
    expect([...verify.stdout, ...verify.stderr]).to.deep.equal([]);
  });

  it("names a file that the packed package has, and stops it as it wants to be stopped", () => {
    const unit = readFileSync(join(example, "thynapse.service"), "utf8");

    expect(unit).to.include("node_modules/@thynapse/transmitter/bin/thynapse.js up -c ");
    expect(unit).to.match(/^KillSignal=SIGTERM$/m);
  });
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
