import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTransmitter, type Transmitter } from "@thynapse/transmitter";
import { expect } from "chai";

import { startProcess } from "../support/process.js";

/** One block of code in a page. */
interface Block {
  readonly page: string;
  readonly line: number;
  readonly code: string;
  /** Lines that must be printed: those of the block of text that follows, if one does at once. */
  readonly expected: readonly string[];
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const defaultAddress = "tcp://127.0.0.1:5454";

const pages = ["README.md", "cell-sdk/README.md", "transmitter/README.md", "protocol/README.md"];

/** What the blocks print of pages that do not say it themselves, in the order of the page. */
const expectedOf: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "README.md": [["charging order 7", "matched 2"]],
};

describe("readme: every block of JavaScript runs as it stands", () => {
  const folder = mkdtempSync(join(tmpdir(), "thynapse-readme-"));
  let transmitter: Transmitter;

  before(() => symlinkSync(join(root, "node_modules"), join(folder, "node_modules")));

  beforeEach(async () => {
    transmitter = await startTransmitter({ port: 0, logLevel: "silent" });
  });

  afterEach(async () => await transmitter.close());

  after(() => rmSync(folder, { recursive: true }));

  for (const page of pages) {
    const blocks = blocksOf(page, readFileSync(join(root, page), "utf8"));

    for (const { line, code, expected } of blocks) {
      it(`${page}:${line}`, async () => {
        const file = join(folder, "block.mjs");
        writeFileSync(file, code.replaceAll(defaultAddress, transmitter.command));

        const run = startProcess([process.execPath, file]);
        const { code: exit } = await run.exit;

        expect(exit, run.stderr.join("\n")).to.equal(0);
        expect(run.stderr).to.deep.equal([]);
        expect(run.stdout).to.include.members([...expected]);
      });
    }

    it(`${page} has blocks, and each says what it prints`, () => {
      expect(blocks).to.not.deep.equal([]);
      expect(blocks.filter(({ expected }) => expected.length === 0)).to.deep.equal([]);
    });
  }
});

function blocksOf(page: string, text: string): Block[] {
  const fence = /^```js\n([^]*?)^```\n(?:\n*```text\n([^]*?)^```)?/gm;
  return [...text.matchAll(fence)].map(([, code = "", printed], at) => ({
    page,
    line: text.slice(0, text.indexOf(code)).split("\n").length,
    code,
    expected: printed?.trimEnd().split("\n") ?? expectedOf[page]?.[at] ?? [],
  }));
}
