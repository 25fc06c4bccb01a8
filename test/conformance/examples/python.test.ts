import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

import { startThynapse } from "../../mesh/thynapse.js";
import { startProcess } from "../../support/process.js";

const examples = fileURLToPath(new URL("../../../examples/", import.meta.url));

describe("examples with Python", () => {
  it("shared-log: a cell in Python shares the lines with two in JavaScript", async () => {
    const run = startProcess([process.execPath, `${examples}shared-log/main.mjs`]);

    const { code } = await run.exit;

    expect(code, run.stderr.join("\n")).to.equal(0);
    expect(run.stdout.join("\n")).to.match(/share-3 +│ 'anycatch, Python' +│ [1-9]/);
    expect(run.stdout.at(-1)).to.match(/^ok: \d+ lines/);
  });

  it("python-cell: prints what its README says, in either order", async () => {
    const up = startThynapse(["up", "--port", "0", "--json"]);
    const [line] = await up.waitForLine(/^\{"ready":true.*$/);
    const { command } = JSON.parse(line) as { command: string };

    const cell = startProcess([python(), `${examples}python-cell/cell.py`, "2", command]);
    const { code } = await cell.exit;

    expect(code, cell.stderr.join("\n")).to.equal(0);
    expect(cell.stdout.toSorted()).to.deep.equal([
      "any   hello.python {'n': 1}",
      "multi hello.python {'n': 1}",
    ]);
  });
});

function python(): string {
  const candidates = [process.env["PYTHON"] ?? "", "python3", "/usr/bin/python3"].filter(Boolean);
  const found = candidates.find((candidate) => {
    try {
      execFileSync(candidate, ["-c", "import zmq"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error("no Python can import zmq: apt-get install python3-zmq");
  return found;
}
