import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

import { startProcess, type StartedProcess } from "../support/process.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const packages = ["protocol", "cell-sdk", "transmitter"] as const;

const hello = `
import { connect } from "@thynapse/cell-sdk";
import { protocolVersion } from "@thynapse/protocol";
import { startTransmitter } from "@thynapse/transmitter";
import { startTestMesh } from "@thynapse/transmitter/testing";

const transmitter = await startTransmitter({ port: 0, logLevel: "silent" });
const cell = await connect({ service: "greeter", transmitters: transmitter.command });
await cell.anycatch("hello", (event: { data: unknown }) => console.log(event.data));
await cell.send("hello", "Hello, packed world!", { until: "handled" });
await cell.close();
await transmitter.close();
await using mesh = await startTestMesh();
console.log(typeof protocolVersion, mesh.nowMs >= 0);
`;

/** The same without types, for a node that does not know `await using`. */
const plainHello = hello.replace(": { data: unknown }", "").replace("await using", "const");

describe("packed packages", () => {
  const folder = mkdtempSync(join(tmpdir(), "thynapse-packed-"));
  const project = join(folder, "project");

  before(async function () {
    this.timeout(60_000);
    const paths = packages.map((name) => `./${name}`);
    const flags = ["--json", "--ignore-scripts", "--pack-destination", folder];
    const packed = await runTo0(["npm", "pack", ...flags, ...paths], root);
    const tarballs = JSON.parse(packed.stdout.join("\n")) as { name: string; filename: string }[];
    for (const { name, filename } of tarballs) await unpack(name, join(folder, filename));
    mkdirSync(join(project, "node_modules/.bin"));
    const bin = join(project, "node_modules/@thynapse/transmitter/bin/thynapse.js");
    chmodSync(bin, 0o755);
    symlinkSync(bin, join(project, "node_modules/.bin/thynapse"));
    writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  });

  after(() => rmSync(folder, { recursive: true }));

  it("say hello to a cell with nothing but what they declare", async () => {
    writeFileSync(join(project, "hello.mjs"), plainHello);

    const run = await runTo0([process.execPath, "hello.mjs"], project);

    expect(run.stdout).to.deep.equal(["Hello, packed world!", "number true"]);
  });

  it("carry types that a strict project compiles with", async () => {
    writeFileSync(join(project, "hello.mts"), hello);
    const options = ["--strict", "--module", "nodenext", "--target", "esnext", "--noEmit"];
    const tsc = join(root, "node_modules/typescript/bin/tsc");

    await runTo0([process.execPath, tsc, ...options, "--types", "node", "hello.mts"], project);
  });

  it("carry the thynapse command", async () => {
    const { version } = JSON.parse(
      readFileSync(join(root, "transmitter/package.json"), "utf8"),
    ) as {
      version: string;
    };

    const asked = await runTo0(["npx", "--no-install", "thynapse", "--version"], project);
    const up = startProcess(["node_modules/.bin/thynapse", "up", "--port", "0", "--json"], {
      cwd: project,
    });
    await up.waitForLine(/^\{"ready":true/, { withinMs: 15_000 });
    up.kill("SIGTERM");

    expect(asked.stdout.join("\n")).to.include(version);
    expect(await up.exit).to.deep.equal({ code: 0, signal: null });
  });

  it("carry their README and no sources, tests or build files", () => {
    for (const name of packages) {
      const at = join(project, "node_modules/@thynapse", name);
      expect(readFileSync(join(at, "README.md"), "utf8")).to.include(`@thynapse/${name}`);
      for (const absent of ["src", "tsconfig.json", "dist/.tsbuildinfo"]) {
        expect(() => readFileSync(join(at, absent))).to.throw("ENOENT");
      }
    }
  });

  /** Puts a tarball where npm would, and beside it what it declares, from this repository. */
  async function unpack(name: string, tarball: string): Promise<void> {
    const at = join(project, "node_modules", name);
    mkdirSync(at, { recursive: true });
    await runTo0(["tar", "-xzf", tarball, "-C", at, "--strip-components", "1"], project);
    const { dependencies = {} } = JSON.parse(readFileSync(join(at, "package.json"), "utf8")) as {
      dependencies?: Readonly<Record<string, string>>;
    };
    for (const dependency of ["@types/node", ...Object.keys(dependencies)]) {
      if (!dependency.startsWith("@thynapse/")) link(join("node_modules", dependency));
    }
  }

  function link(path: string): void {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    try {
      symlinkSync(join(root, path), join(project, path));
    } catch (error) {
      // Two packages may declare the same one.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
});

async function runTo0(argv: readonly [string, ...string[]], cwd: string): Promise<StartedProcess> {
  const run = startProcess(argv, { cwd });
  const { code } = await run.exit;
  expect(code, [...run.stdout, ...run.stderr].join("\n")).to.equal(0);
  return run;
}
