import { expect } from "chai";

import { killStartedProcesses, startProcess } from "./process.js";

describe("test support: startProcess", () => {
  it("collects lines and the exit code", async () => {
    const child = startNode('console.log("a"); console.error("b"); process.exitCode = 3');

    expect(await child.exit).to.deep.equal({ code: 3, signal: null });
    expect(child.stdout).to.deep.equal(["a"]);
    expect(child.stderr).to.deep.equal(["b"]);
  });

  it("finds a line that comes later, and gives its groups", async () => {
    const child = startNode('setTimeout(() => console.log("port 6000"), 30)');

    const [, port] = await child.waitForLine(/^port (\d+)$/);

    expect(port).to.equal("6000");
  });

  it("fails at once when the process ends without the line", async () => {
    const child = startNode('console.log("something else")');

    const error = await child.waitForLine(/never/, { withinMs: 15_000 }).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );

    expect(error?.message).to.match(/^no line \/never\/ .*; it ended with 0\nsomething else$/s);
  });

  it("kills a grandchild that outlives the child", async () => {
    const child = startNode(
      `const { spawn } = require("node:child_process");
       spawn(process.execPath, ["-e", "setInterval(() => {}, 1000); console.log('here')"], {
         stdio: "inherit",
       }).unref();`,
    );
    await child.waitForLine(/^here$/);

    await killStartedProcesses();

    // Resolves only when nobody holds the outputs any more, so the grandchild has ended too.
    expect(await child.exit).to.deep.equal({ code: 0, signal: null });
  });
});

function startNode(script: string) {
  return startProcess([process.execPath, "-e", script]);
}
