#!/usr/bin/env node
// Plain JavaScript and committed, so that npm can link it before the first build.
import { existsSync } from "node:fs";

const main = new URL("../dist/cli/main.js", import.meta.url);

if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write("thynapse: not built yet; run `npm run build` in the repository first\n");
  process.exitCode = 1;
}
