import { expect } from "chai";

import { layerFaults } from "./layers.js";
import { publishedFiles, sourceFile } from "./source.js";

const refused: readonly (readonly [what: string, path: string, text: string])[] = [
  ["zeromq in protocol", "protocol/src/run.ts", 'import { Router } from "zeromq";'],
  [
    "msgpackr elsewhere than in encoding",
    "protocol/src/run.ts",
    'import { pack } from "msgpackr";',
  ],
  ["node:crypto elsewhere than in thid", "protocol/src/run.ts", 'import "node:crypto";'],
  ["the cell SDK in protocol", "protocol/src/run.ts", 'import "@thynapse/cell-sdk";'],
  ["a timer in protocol", "protocol/src/run.ts", "setTimeout(() => {}, 1);"],
  ["the time of day in protocol", "protocol/src/run.ts", "const now = new Date();"],
  ["the transmitter in the cell SDK", "cell-sdk/src/cell.ts", 'import "@thynapse/transmitter";'],
  ["a path into another package", "cell-sdk/src/cell.ts", 'import "../../protocol/src/run.js";'],
  [
    "an entry that is not public",
    "cell-sdk/src/cell.ts",
    'import "@thynapse/protocol/dist/run.js";',
  ],
  ["a built-in module in a core", "transmitter/src/core/route.ts", 'import "node:events";'],
  ["zeromq in a core", "cell-sdk/src/core/outbox.ts", 'import "zeromq";'],
  ["pino in a core", "transmitter/src/core/route.ts", 'import type { Logger } from "pino";'],
  ["the shell in a core", "transmitter/src/core/route.ts", 'import "../clock.js";'],
  ["the wall clock in a core", "transmitter/src/core/route.ts", "const now = Date.now();"],
  ["dice in a core", "transmitter/src/core/route.ts", "const dice = Math.random();"],
  ["a timer in a core", "transmitter/src/core/route.ts", "setInterval(f, 1);"],
  ["an async function in a core", "transmitter/src/core/route.ts", "async function f() {}"],
  ["an await in a core", "transmitter/src/core/route.ts", "await f();"],
  ["the clock inside a template", "transmitter/src/core/route.ts", "f(`at ${Date.now()}`);"],
  ["a core's values in sockets", "transmitter/src/sockets/pump.ts", 'import "../core/route.js";'],
  [
    "the cli in sockets",
    "transmitter/src/sockets/pump.ts",
    'import type { A } from "../cli/up.js";',
  ],
  ["a gateway in sockets", "transmitter/src/sockets/pump.ts", 'import "../gateway/http.js";'],
  [
    "a core in a gateway",
    "transmitter/src/gateway/http.ts",
    'import type { A } from "../core/a.js";',
  ],
  ["sockets in a gateway", "transmitter/src/gateway/http.ts", 'import "../sockets/pump.js";'],
  ["zeromq in a gateway", "transmitter/src/gateway/http.ts", 'import "zeromq";'],
  ["a core in the cli", "transmitter/src/cli/up.ts", 'import type { A } from "../core/a.js";'],
  ["options past the entry in the cli", "transmitter/src/cli/up.ts", 'import "../options.js";'],
  ["the cli in the shell", "transmitter/src/transmitter.ts", 'import "./cli/up.js";'],
  ["a folder that is no layer", "transmitter/src/misc/a.ts", ""],
];

const allowed: readonly (readonly [what: string, path: string, text: string])[] = [
  ["msgpackr in encoding", "protocol/src/encoding.ts", 'import { pack } from "msgpackr";'],
  ["node:crypto in thid", "protocol/src/thid.ts", 'import "node:crypto";'],
  ["a given time in protocol", "protocol/src/run.ts", "const date = new Date(ms);"],
  ["protocol in a core", "cell-sdk/src/core/outbox.ts", 'import "@thynapse/protocol";'],
  ["a core's own folders", "transmitter/src/core/a/b.ts", 'import "../route.js";'],
  ["the word in a comment", "transmitter/src/core/route.ts", "// not Date.now()\nconst a = 1;"],
  ["a property of that name", "transmitter/src/core/route.ts", "run.process(1); a.async = 1;"],
  [
    "a core's types in sockets",
    "transmitter/src/sockets/a.ts",
    'import type { A } from "../core/a.js";',
  ],
  ["zeromq in transport", "cell-sdk/src/transport/sockets.ts", 'import "zeromq";'],
  ["the cell SDK in a gateway", "transmitter/src/gateway/http.ts", 'import "@thynapse/cell-sdk";'],
  ["the package's entry in the cli", "transmitter/src/cli/up.ts", 'import "../index.js";'],
  ["all layers but the cli in the shell", "transmitter/src/a.ts", 'import "./core/a.js";'],
];

describe("tidy: layers", () => {
  it("point one way only in the published sources", () => {
    expect(layerFaults(publishedFiles())).to.deep.equal([]);
  });

  for (const [what, path, text] of refused) {
    it(`refuse ${what}`, () => {
      expect(layerFaults([sourceFile(path, text)])).to.have.length(1);
    });
  }

  for (const [what, path, text] of allowed) {
    it(`allow ${what}`, () => {
      expect(layerFaults([sourceFile(path, text)])).to.deep.equal([]);
    });
  }
});
