import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

import { inParallel, type RunEnd, type RunOptions, runThynapse } from "./thynapse.js";

/** A command line that cannot be understood, and what is said to it. */
interface Row extends RunOptions {
  readonly argv: readonly string[];
  /** What the process ends with: default 2. */
  readonly exit?: number;
  /** Part of the one line on standard error. */
  readonly says: string;
}

/** How many processes run at once; starting node takes a core. */
const parallel = 4;

const nobody = "tcp://127.0.0.1:9";

/** The folder of the config files that the rows name. */
const folder = mkdtempSync(join(tmpdir(), "thynapse-cli-"));

const numbers: readonly Row[] = [
  { argv: ["up", "--port", "abc"], says: "--port: digits only" },
  { argv: ["up", "--port", "65536"], says: "--port: 65536 is out of range" },
  { argv: ["up", "--port", "99999"], says: "--port: 99999 is out of range" },
  { argv: ["up", "--port", "-1"], says: "--port: digits only" },
  { argv: ["up", "--port", "1e3"], says: "--port: digits only" },
  { argv: ["up", "--port", "0x50"], says: "--port: digits only" },
  { argv: ["up", "--port", " 80"], says: "--port: digits only" },
  { argv: ["up", "--port", ""], says: "--port: digits only" },
  { argv: ["up", "--port=1_000"], says: "--port: digits only" },
  { argv: ["up", "--port", "4000", "--port", "4001"], says: "--port given twice" },
  { argv: ["up", "--heartbeat", "0.5"], says: "--heartbeat: digits only" },
  { argv: ["up", "--heartbeat", "500", "--dead-after", "400"], says: "at least 3 × heartbeat" },
  { argv: ["up", "--max-message", "2GB"], says: "--max-message: 2000000000 is out of range" },
  { argv: ["up", "--max-message", "1PB"], says: "--max-message: digits only" },
  { argv: ["send", "a", "b", "--count", "0"], says: "--count: 0 is out of range" },
  { argv: ["send", "a", "b", "--every", "1.5s"], says: "--every: digits only" },
  { argv: ["watch", "a", "-n", "1e3"], says: "--count: digits only" },
  { argv: ["watch", "a", "--for", "soon"], says: "--for: digits only" },
  { argv: ["catch", "a", "-s", "s", "--fail-rate", "2"], says: "--fail-rate: 2 is out of range" },
  { argv: ["dead", "show", "1e3"], says: "LETTER: digits only" },
];

const flags: readonly Row[] = [
  { argv: ["up", "--prot", "4000"], says: "unknown flag --prot; did you mean --port?" },
  { argv: ["up", "-p", "4000"], says: "unknown flag -p" },
  { argv: ["up", "--no-json"], says: "unknown flag --no-json" },
  { argv: ["up", "--port"], says: "--port needs a value" },
  { argv: ["up", "--port", "--json"], says: "--port needs a value" },
  { argv: ["up", "--json", "--json"], says: "--json given twice" },
  { argv: ["up", "--json=maybe"], says: "--json: true or false" },
  { argv: ["up", "tcp://127.0.0.1:4000"], says: 'up does not take "tcp://127.0.0.1:4000"' },
  { argv: ["up", "--bind", "tcp://127.0.0.1:4000"], says: "put the port in --port" },
  { argv: ["up", "--bind", "0.0.0.0"], says: "--insecure" },
  { argv: ["up", "--id", "xyz"], says: "40 hex characters" },
  { argv: ["up", "--log-level", "loud"], says: '--log-level: "loud" is not one of' },
  { argv: ["up", "--mesh", "a.b"], says: "--mesh: " },
  { argv: ["--json", "up"], says: "the verb comes first" },
  { argv: ["sned", "a"], says: "unknown verb sned; did you mean send?" },
  { argv: ["constructor"], says: "unknown verb constructor" },
  { argv: ["send"], says: "send needs CHANNEL" },
  { argv: ["send", "a", "b", "c"], says: 'send does not take "c"' },
  { argv: ["send", "a", "b", "--until", "done"], says: '"done" is not one of handled, accepted' },
  { argv: ["send", "a", "b", "--as", "jsn"], says: "did you mean json?" },
  { argv: ["send", "a", "b", "--id", ""], says: "1 to 255 bytes" },
  { argv: ["send", "a", "b", "-H", "no-colon"], says: "write -H NAME:VALUE" },
  { argv: ["send", "a", "b", "--lines"], says: "leave out BODY" },
  { argv: ["send", "a", "b", "-t", "localhost"], says: "write tcp://HOST:PORT" },
  { argv: ["send", "a", "b", "-t", "tcp://127.0.0.1:99999"], says: "write tcp://HOST:PORT" },
  { argv: ["send", "a", "b", "-t", "tcp://127.0.0.1:80x"], says: "write tcp://HOST:PORT" },
  { argv: ["watch"], says: "watch needs PATTERN" },
  { argv: ["watch", "a", "--json", "--raw"], says: "choose one" },
  { argv: ["watch", "a", "--format", "{chanel}"], says: "did you mean channel?" },
  { argv: ["catch", "a"], says: "catch needs --service" },
  { argv: ["catch", "a", "--service", ""], says: "--service: empty" },
  { argv: ["catch", "a", "--service", "a.b"], says: "--service: " },
  { argv: ["catch", "a", "-s", "s", "--shell"], says: "--shell without --exec" },
  { argv: ["catch", "a", "-s", "s", "--exec", "no-such-program"], says: "no program" },
  { argv: ["catch", "a", "-s", "s", "--exec", "cat 'a"], says: "is not closed" },
  { argv: ["answer", "a"], says: "give BODY, --echo or --exec" },
  { argv: ["answer", "a", "b", "--echo"], says: "choose one" },
  { argv: ["ask", "a", "b", "-n", "2"], says: "-n goes with --replies" },
  { argv: ["ls", "cels"], says: "did you mean cells?" },
  { argv: ["ls", "cells", "--sort", "servce"], says: "did you mean service?" },
  { argv: ["show", "cell"], says: "show cell needs ID" },
  { argv: ["show", "status", "--prometheus"], says: "--prometheus goes with metrics" },
  { argv: ["events", "orders.*"], says: "is not of the mesh" },
  { argv: ["dead", "drpo"], says: "did you mean drop?" },
  { argv: ["dead", "drop"], says: "dead drop needs LETTER or --service" },
  { argv: ["completion", "tcsh"], says: "no completion for tcsh" },
];

const names: readonly Row[] = [
  { argv: ["send", "", "b"], says: "CHANNEL: empty" },
  { argv: ["send", "a/b", "b"], says: "CHANNEL: '/' at position 2" },
  { argv: ["send", "a.*", "b"], says: "CHANNEL: '*'" },
  { argv: ["send", "$mesh.drain"], says: "CHANNEL: channels starting with $ are reserved" },
  { argv: ["watch", "orders.>"], says: "use **: orders.**" },
  { argv: ["catch", "a..b", "-s", "s"], says: "PATTERN: empty segment" },
  { argv: ["explain", "a b"], says: "CHANNEL: space at position 2" },
];

const bodies: readonly Row[] = [
  {
    argv: ["send", "ch", "{a:1}"],
    says: "payload: not JSON at column 2; quote it or use --as text",
  },
  { argv: ["send", "ch", "abc", "--as", "json"], says: "payload: not JSON at column 1" },
  { argv: ["send", "ch", '{"a":1,}'], says: "payload: not JSON at column 7" },
  { argv: ["send", "ch", "[".repeat(100)], says: "payload: " },
  { argv: ["send", "ch", '{"a":1'], says: "payload: not JSON at column 7" },
  { argv: ["ask", "ch", "{a:1}"], says: "payload: not JSON at column 2" },
  { argv: ["answer", "ch", "{a:1}"], says: "payload: not JSON at column 2" },
  { argv: ["send", "ch"], input: "{a:1}", says: "payload: not JSON at column 2" },
  {
    argv: ["send", "ch"],
    input: "x".repeat(1024 * 1024 + 1),
    says: "standard input: over 1048576",
  },
];

const settings: readonly Row[] = [
  { argv: ["up"], env: { THYNAPSE_PORT: "abc" }, says: "THYNAPSE_PORT: digits only" },
  { argv: ["up"], env: { THYNAPSE_PUB_PORT: "1e3" }, says: "THYNAPSE_PUB_PORT: digits only" },
  { argv: ["up"], env: { THYNAPSE_JSON: "yes" }, says: "THYNAPSE_JSON: true or false" },
  {
    argv: ["watch", "a"],
    env: { THYNAPSE_TRANSMITTER: "tcp://a:1,b" },
    says: "THYNAPSE_TRANSMITTER",
  },
  { argv: ["up", "-c", join(folder, "broken.json")], says: "broken.json:3:14 " },
  { argv: ["up", "-c", join(folder, "list.json")], says: "list.json: not an object" },
  { argv: ["up", "-c", join(folder, "typo.json")], says: "unknown flag prot; did you mean port?" },
  { argv: ["up", "-c", join(folder, "kind.json")], says: "kind.json: port: digits only" },
  { argv: ["up", "-c", join(folder, "twice.json")], says: "given twice" },
  { argv: ["up", "-c", join(folder, "none.json")], exit: 73, says: "none.json: no such file" },
  { argv: ["up", "-c", folder], exit: 73, says: "is a directory" },
  { argv: ["up"], env: { THYNAPSE_CONFIG: join(folder, "typo.json") }, says: "unknown flag prot" },
];

const files: Readonly<Record<string, string>> = {
  "broken.json": '{\n  "port": 4000,\n  "pubPort": 40x1\n}\n',
  "list.json": "[]",
  "typo.json": '{"prot": 4000}',
  "kind.json": '{"port": "0x50"}',
  "twice.json": '{"pub-port": 1, "pubPort": 2}',
};

/** Nothing of these opens a socket that is answered, so they stand here too. */
const unreachable: readonly Row[] = [
  {
    argv: ["ls", "cells", "-t", nobody, "--connect-timeout", "300ms"],
    exit: 69,
    says: `${nobody} — is one running there?`,
  },
  {
    argv: ["send", "a", "b", "--connect-timeout", "300ms"],
    env: { THYNAPSE_TRANSMITTER: `${nobody},tcp://127.0.0.1:7` },
    exit: 69,
    says: "tcp://127.0.0.1:7",
  },
];

const tables: Readonly<Record<string, readonly Row[]>> = {
  numbers,
  flags,
  names,
  bodies,
  settings,
  unreachable,
};

describe("cli: bad usage", () => {
  const ends = new Map<Row, RunEnd>();

  before(async function () {
    this.timeout(60_000);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const rows = Object.values(tables).flat();
    await inParallel(rows, parallel, async (row) =>
      ends.set(row, await runThynapse(row.argv, row)),
    );
  });

  after(() => rmSync(folder, { recursive: true }));

  for (const [name, rows] of Object.entries(tables)) {
    describe(name, () => {
      for (const row of rows) {
        const exit = row.exit ?? 2;
        it(`${shown(row)} ends with ${exit}: ${row.says}`, () => {
          const end = ends.get(row);

          expect(end?.code).to.equal(exit);
          expect(end?.stdout).to.deep.equal([]);
          expect(end?.stderr).to.have.length(1);
          expect(end?.stderr[0]).to.match(/^thynapse: /);
          expect(end?.stderr[0]).to.contain(row.says);
        });
      }
    });
  }
});

describe("cli: help", () => {
  it("prints the verbs on standard output when nothing is said", async () => {
    const end = await runThynapse([]);

    expect(end.code).to.equal(0);
    expect(end.stdout.join("\n")).to.match(/usage: thynapse VERB/);
    expect(end.stderr).to.deep.equal([]);
  });

  it("prints the flags of a verb, in at most 100 columns", async () => {
    const end = await runThynapse(["up", "--help", "--prot"]);

    expect(end.code).to.equal(0);
    expect(end.stdout.join("\n")).to.contain("--pub-port N");
    expect(end.stdout.filter((line) => line.length > 100)).to.deep.equal([]);
  });

  it("prints a stack trace with --debug only", async () => {
    const end = await runThynapse(["send", "--debug"]);

    expect(end.code).to.equal(2);
    expect(end.stderr[0]).to.contain("send needs CHANNEL");
    expect(end.stderr.join("\n")).to.match(/\n\s+at /);
  });

  it("takes no body for a flag: help is a body, and so is what follows --", async () => {
    const text = await runThynapse(["send", "ch", "help", "-t", nobody, "--connect-timeout", "1"]);
    const flag = await runThynapse([
      "send",
      "-t",
      nobody,
      "--connect-timeout",
      "1",
      "ch",
      "--",
      "--x",
    ]);

    expect(text.code).to.equal(69);
    expect(flag.code).to.equal(69);
  });

  it("refuses a body that is not UTF-8, unless it is said to be bytes", async () => {
    const asText = await runThynapse(["send", "ch"], invalidUtf8(["send", "ch"]));
    const asJson = await runThynapse(["send", "ch"], invalidUtf8(["send", "ch", "--as", "json"]));

    expect(asText.stderr.join()).to.contain("standard input: not UTF-8");
    expect(asJson.stderr.join()).to.contain("standard input: not UTF-8");
    expect([asText.code, asJson.code]).to.deep.equal([2, 2]);
  });
});

/** Replaces the arguments and the input of a run: text alone cannot be what is no text. */
function invalidUtf8(argv: readonly string[]): RunOptions {
  const path = join(tmpdir(), `thynapse-invalid-${process.pid}`);
  writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d]));
  const script = `
    import { closeSync, openSync, rmSync } from "node:fs";
    closeSync(0);
    openSync(${JSON.stringify(path)}, "r");
    process.argv.splice(2, 9, ...${JSON.stringify(argv)});`;
  return { node: ["--import", `data:text/javascript,${encodeURIComponent(script)}`] };
}

function shown({ argv, env = {}, input }: Row): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value} `);
  const from = input === undefined ? "" : " < …";
  const words = argv.map((word) => (word.length > 30 ? `${word.slice(0, 20)}…` : word));
  return `${variables.join("")}thynapse ${words.join(" ")}${from}`.replaceAll(folder, "");
}
