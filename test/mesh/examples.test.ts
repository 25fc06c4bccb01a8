import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

import { startProcess } from "../support/process.js";
import { inParallel, type RunEnd } from "./thynapse.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "thynapse-examples-"));
const log = join(folder, "a.log");

/** Examples that are run, with their arguments; the others need Python. */
const runs: Readonly<Record<string, readonly string[]>> = {
  "hello-world": [],
  "ask-and-answer": [],
  "slow-cell": [],
  workers: [],
  "three-transmitters": [],
  "shared-log": ["--no-python", log],
};
const needPython = ["python-cell"];

/** The last line of an example that has no expected output because it says who was fast. */
const lastLines: Readonly<Record<string, string>> = {
  "slow-cell": "ok: every event was handled or counted as lost",
  workers: "ok: 60 jobs done",
  "three-transmitters": "ok: one of three transmitters died, and nothing was lost",
  "shared-log": "ok: 1003 lines, ",
};

describe("examples", () => {
  const ends = new Map<string, RunEnd>();

  before(async function () {
    this.timeout(90_000);
    // Empty lines, bytes that are no UTF-8, and a last line without an end are lines too.
    const lines = Array.from({ length: 1_000 }, (_, n) => `line ${n} ü\n`).join("");
    writeFileSync(log, Buffer.concat([Buffer.from(`${lines}\n`), Buffer.of(0xff, 0xfe, 10, 0x61)]));
    await inParallel(Object.keys(runs), 3, async (name) => void ends.set(name, await run(name)));
  });

  after(() => rmSync(folder, { recursive: true }));

  for (const name of Object.keys(runs)) {
    it(`${name} ends by itself and shows what its README says`, () => {
      const { code, stdout, stderr } = ends.get(name) as RunEnd;

      expect(code, stderr.join("\n")).to.equal(0);
      expect(stderr).to.deep.equal([]);
      const last = lastLines[name];
      if (last !== undefined)
        expect(stdout.at(-1)).to.satisfy((line: string) => line.startsWith(last));
      else expect(`${stdout.join("\n")}\n`).to.equal(readExample(name, "expected.txt"));
    });
  }

  it("each has a README, and its expected output stands in it", () => {
    for (const name of exampleNames()) {
      const readme = readExample(name, "README.md");
      if (lastLines[name] !== undefined || needPython.includes(name)) continue;
      expect(readme).to.include(readExample(name, "expected.txt"));
    }
  });

  it("each stands in the index, and is run by a test", () => {
    const index = readFileSync(join(root, "examples/README.md"), "utf8");
    const linked = [...index.matchAll(/\]\(([a-z-]+)\)/g)].map(([, name = ""]) => name);

    expect(linked.toSorted()).to.deep.equal(exampleNames());
    expect([...Object.keys(runs), ...needPython].toSorted()).to.deep.equal(exampleNames());
  });
});

async function run(name: string): Promise<RunEnd> {
  const main = join(root, "examples", name, "main.mjs");
  const { exit, stdout, stderr } = startProcess([process.execPath, main, ...(runs[name] ?? [])]);
  const { code, signal } = await exit;
  return { code, signal, stdout, stderr };
}

function exampleNames(): string[] {
  return readdirSync(join(root, "examples"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
}

function readExample(name: string, file: string): string {
  return readFileSync(join(root, "examples", name, file), "utf8");
}
