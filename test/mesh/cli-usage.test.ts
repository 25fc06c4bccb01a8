import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

import { type CliFault, faultLine } from "../../transmitter/src/cli/fault.js";
import { Interrupts } from "../../transmitter/src/cli/interrupts.js";
import { Output } from "../../transmitter/src/cli/output.js";
import { resolveCommandLine } from "../../transmitter/src/cli/resolve.js";
import { verbs } from "../../transmitter/src/cli/verbs.js";

/*
 * What cannot be understood is refused before a socket opens, so these rows need no process: a verb
 * that gets past its checks fails the row. Rows as real processes: cli-process.test.ts.
 */

/** A command line that cannot be understood, and what is said to it. */
interface Row {
  readonly argv: readonly [verb: string, ...words: string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** What the process ends with: default 2. */
  readonly exit?: number;
  /** Part of the one line on standard error. */
  readonly says: string;
}

/** The folder of the config files that the rows name. */
const folder = mkdtempSync(join(tmpdir(), "thynapse-cli-"));

const numbers: readonly Row[] = [
  { argv: ["up", "--port", "65536"], says: "--port: 65536 is out of range" },
  { argv: ["up", "--port", "-1"], says: "--port: digits only" },
  { argv: ["up", "--port", ""], says: "--port: digits only" },
  { argv: ["up", "--port=1_000"], says: "--port: digits only" },
  { argv: ["up", "--port", "٣"], says: "--port: digits only" },
  { argv: ["up", "--port=4000", "--port", "4000"], says: "--port given twice" },
  { argv: ["up", "--max-message", "2GB"], says: "--max-message: 2000000000 is out of range" },
  { argv: ["up", "--max-message", "1PB"], says: "--max-message: digits only" },
  { argv: ["send", "a", "b", "--count", "0"], says: "--count: 0 is out of range" },
  { argv: ["send", "a", "b", "--every", "1.5s"], says: "--every: digits only" },
  { argv: ["send", "a", "b", "--every", "2h"], says: "--every: 2h is out of range" },
  { argv: ["send", "a", "b", "--ttl", "0"], says: "--ttl: 0 is out of range" },
  { argv: ["watch", "a", "-n", "1e3"], says: "--count: digits only" },
  { argv: ["watch", "a", "--for", "soon"], says: "--for: digits only" },
  { argv: ["watch", "a", "--timeout", "1s", "--for", "1s"], says: "--for given twice" },
  { argv: ["catch", "a", "-s", "s", "--fail-rate", "2"], says: "--fail-rate: 2 is out of range" },
  { argv: ["catch", "a", "-s", "s", "--fail-rate", ".5"], says: "digits and a point only" },
  { argv: ["bench", "--size", "1KB1"], says: "--size: digits only" },
  { argv: ["bench", "--size", "2MiB"], says: "--size: 2MiB is out of range" },
  { argv: ["dead", "show", "1e3"], says: "LETTER: digits only" },
  { argv: ["dead", "show", "xy/1"], says: "LETTER: digits only" },
];

const flags: readonly Row[] = [
  { argv: ["up", "-p", "4000"], says: "unknown flag -p" },
  { argv: ["up", "--no-json"], says: "unknown flag --no-json" },
  { argv: ["up", "--json.x"], says: "unknown flag --json.x" },
  { argv: ["up", "--pubPort", "1"], says: "unknown flag --pubPort; did you mean --pub-port?" },
  { argv: ["up", "--port"], says: "--port needs a value" },
  { argv: ["up", "--port", "--json"], says: "--port needs a value" },
  { argv: ["up", "--json", "--json"], says: "--json given twice" },
  { argv: ["up", "--json=maybe"], says: "--json: true or false" },
  { argv: ["up", "tcp://127.0.0.1:4000"], says: 'up does not take "tcp://127.0.0.1:4000"' },
  { argv: ["up", "--log-level", "loud"], says: '--log-level: "loud" is not one of' },
  { argv: ["up", "--mesh", "a.b"], says: "--mesh: " },
  // I17 and its kin.
  { argv: ["up", "--link", "host"], says: '--link: "host" is no HOST:PORT — write host:port' },
  { argv: ["up", "--link", "a:1", "--link", "b:"], says: '--link: "b:" is no HOST:PORT' },
  { argv: ["up", "--link", "a:0"], says: '--link: "a:0" is no HOST:PORT' },
  { argv: ["up", "--link", "a:65536"], says: '--link: "a:65536" is no HOST:PORT' },
  { argv: ["up", "--link", "a:80x"], says: '--link: "a:80x" is no HOST:PORT' },
  { argv: ["up", "--link", "::1:80"], says: '--link: "::1:80" is no HOST:PORT' },
  { argv: ["up", "--link", "[fe80::1%eth0]:80"], says: "--link: " },
  { argv: ["up", "--link", "http://a:1"], says: '--link: "http://a:1" is no HOST:PORT' },
  { argv: ["up", "--link", "*:5454"], says: '--link: "" is no host' },
  {
    argv: ["up", "--bind", "*", "--insecure", "--link", "a:1"],
    says: "cannot tell others how to reach it — give --advertise HOST",
  },
  {
    argv: ["up", "--bind", "*", "--insecure", "--discover"],
    says: "cannot tell others how to reach it — give --advertise HOST",
  },
  { argv: ["up", "--mesh-secret", ""], says: "--mesh-secret: a secret is not empty" },
  { argv: ["up", "--mesh-secret", "@none"], exit: 73, says: "cannot read none: ENOENT" },
  { argv: ["up", "--mesh-secret", `@${folder}`], exit: 73, says: "EISDIR" },
  { argv: ["send", "a", "b", "c"], says: 'send does not take "c"' },
  { argv: ["send", "a", "b", "--until", "done"], says: '"done" is not one of handled, accepted' },
  { argv: ["send", "a", "b", "--as", "jsn"], says: "did you mean json?" },
  { argv: ["send", "a", "b", "--event-id", ""], says: "1 to 255 bytes" },
  {
    argv: ["send", "a", "b", "--event-id", "x", "--count", "2"],
    says: "--event-id names one event",
  },
  { argv: ["send", "a", "b", "--key", "k".repeat(256)], says: "1 to 255 bytes" },
  { argv: ["send", "a", "b", "-H", "no-colon"], says: "write -H NAME:VALUE" },
  { argv: ["send", "a", "b", "-H", "a:1", "-H", "a:2"], says: "--header: a given twice" },
  { argv: ["send", "a", "b", "--lines"], says: "leave out BODY" },
  { argv: ["send", "a", "--lines", "--count", "2"], says: "choose one" },
  { argv: ["send", "a", "b", "-t", "localhost"], says: "write tcp://HOST:PORT" },
  { argv: ["send", "a", "b", "-t", "tcp://127.0.0.1:99999"], says: "write tcp://HOST:PORT" },
  { argv: ["send", "a", "b", "-t", "tcp://127.0.0.1:80x"], says: "write tcp://HOST:PORT" },
  { argv: ["send", "a", "b", "-t", "tcp://::1:80"], says: "write tcp://HOST:PORT" },
  { argv: ["watch"], says: "watch needs PATTERN" },
  { argv: ["watch", "a", "--json", "--raw"], says: "choose one" },
  { argv: ["watch", "a", "--rate", "--raw"], says: "--rate prints no events" },
  { argv: ["watch", "a", "--format", "{chanel}"], says: "did you mean channel?" },
  { argv: ["catch", "a"], says: "catch needs --service" },
  { argv: ["catch", "a", "--service", "a.b"], says: "--service: " },
  { argv: ["catch", "a", "-s", "s", "--shell"], says: "--shell without --exec" },
  { argv: ["catch", "a", "-s", "s", "--exec", ""], says: "--exec: no command" },
  { argv: ["catch", "a", "-s", "s", "--exec", "no-such-program"], says: "no program" },
  { argv: ["catch", "a", "-s", "s", "--exec", "cat 'a"], says: "position 5 is not closed" },
  { argv: ["catch", "a", "-s", "s", "--exec", "cat", "--raw"], says: "--exec prints what" },
  { argv: ["answer", "a"], says: "give BODY, --echo or --exec" },
  { argv: ["answer", "a", "b", "--echo"], says: "choose one" },
  { argv: ["ask", "a", "b", "-n", "2"], says: "-n goes with --replies" },
  { argv: ["ask", "a", "b", "--replies", "--parts"], says: "choose one" },
  { argv: ["ls", "cels"], says: "did you mean cells?" },
  { argv: ["ls", "constructor"], says: 'nothing called "constructor"' },
  { argv: ["ls", "cells", "--sort", "servce"], says: "did you mean service?" },
  {
    argv: ["ls", "cells", "--filter", "servce=a"],
    says: '--filter: no column "servce"; did you mean service?',
  },
  { argv: ["ls", "groups", "--filter", "oldst=a"], says: "did you mean oldest?" },
  { argv: ["show", "cell"], says: "show cell needs ID" },
  { argv: ["show", "status", "x", "y"], says: "show status does not take" },
  { argv: ["show", "link"], says: "show link needs TRANSMITTER" },
  { argv: ["show", "status", "--prometheus"], says: "--prometheus goes with metrics" },
  { argv: ["events", "orders.*"], says: "is not of the mesh" },
  { argv: ["dead", "drpo"], says: "did you mean drop?" },
  { argv: ["dead", "drop"], says: "dead drop needs LETTER or --service" },
  { argv: ["dead", "drop", "1", "-s", "s"], says: "choose one" },
  { argv: ["completion", "tcsh"], says: "no completion for tcsh" },
];

const names: readonly Row[] = [
  { argv: ["send", "", "b"], says: "CHANNEL: empty" },
  { argv: ["send", "a/b", "b"], says: "CHANNEL: '/' at position 2" },
  { argv: ["send", "a.*", "b"], says: "CHANNEL: '*'" },
  { argv: ["send", "$mesh.drain"], says: "CHANNEL: channels starting with $ are reserved" },
  { argv: ["watch", "orders.>"], says: "use **: orders.**" },
  { argv: ["watch", "a", "b|c"], says: "PATTERN: one pattern" },
  { argv: ["catch", "a..b", "-s", "s"], says: "PATTERN: empty segment" },
  { argv: ["answer", "\u001b[2J", "x"], says: "control character 0x1b" },
  { argv: ["explain", "a b"], says: "CHANNEL: space at position 2" },
  { argv: ["trace", "a.*"], says: "CHANNEL: '*'" },
];

const bodies: readonly Row[] = [
  { argv: ["send", "ch", "abc", "--as", "json"], says: "payload: not JSON at column 1;" },
  { argv: ["send", "ch", '{"a":1,}'], says: "payload: not JSON at column 7;" },
  { argv: ["send", "ch", '{"a":\n1 x}'], says: "payload: not JSON at column 3 of line 2;" },
  { argv: ["send", "ch", '{"a":1'], says: "payload: not JSON at column 7;" },
  { argv: ["send", "ch", "[".repeat(100)], says: "payload: " },
  { argv: ["send", "ch", "x".repeat(1024 * 1024)], says: "payload: body of" },
  { argv: ["ask", "ch", "{a:1}"], says: "payload: not JSON at column 2;" },
  { argv: ["answer", "ch", "{a:1}"], says: "payload: not JSON at column 2;" },
];

const settings: readonly Row[] = [
  { argv: ["up"], env: { THYNAPSE_PUB_PORT: "1e3" }, says: "THYNAPSE_PUB_PORT: digits only" },
  { argv: ["up"], env: { THYNAPSE_JSON: "yes" }, says: "THYNAPSE_JSON: true or false" },
  { argv: ["up"], env: { THYNAPSE_LINK: "a:1,b" }, says: 'THYNAPSE_LINK: "b" is no HOST:PORT' },
  // I27
  {
    argv: ["up"],
    env: { THYNAPSE_MESH_SECRET: `@${join(folder, "good.json")}` },
    exit: 77,
    says: `others can read ${join(folder, "good.json")} — chmod 600 ${join(folder, "good.json")}`,
  },
  {
    argv: ["watch", "a"],
    env: { THYNAPSE_TRANSMITTER: "tcp://a:1,b" },
    says: 'THYNAPSE_TRANSMITTER: "b" is not an address',
  },
  { argv: ["up", "-c", join(folder, "list.json")], says: "list.json: not an object" },
  { argv: ["up", "-c", join(folder, "typo.json")], says: "unknown flag prot; did you mean port?" },
  { argv: ["up", "-c", join(folder, "kind.json")], says: "kind.json: port: digits only" },
  { argv: ["up", "-c", join(folder, "null.json")], says: "null.json: port: a string" },
  { argv: ["up", "-c", join(folder, "twice.json")], says: "pubPort given twice" },
  { argv: ["up", "-c", folder], exit: 73, says: "is a directory" },
  {
    argv: ["up"],
    env: { THYNAPSE_CONFIG: join(folder, "typo.json") },
    says: "unknown flag prot",
  },
];

const files: Readonly<Record<string, string>> = {
  "list.json": "[]",
  "typo.json": '{"prot": 4000}',
  "kind.json": '{"port": "0x50"}',
  "null.json": '{"port": null}',
  "twice.json": '{"pub-port": 1, "pubPort": 2}',
  "good.json": '{"port": 0, "pubPort": "0", "drainTimeoutMs": "5s", "json": true}',
};

/** Made once: each listens to its stream. */
const surroundings = {
  out: new Output(process.stdout),
  err: new Output(process.stderr),
  interrupts: new Interrupts(),
};

const tables = { numbers, flags, names, bodies, settings };

describe("cli: bad usage", () => {
  before(writeFiles);
  after(removeFiles);

  for (const [name, rows] of Object.entries(tables)) {
    describe(name, () => {
      for (const row of rows) {
        const exit = row.exit ?? 2;
        it(`${shown(row)} ends with ${exit}: ${row.says}`, async () => {
          const fault = await faultOf(row);

          expect(fault.exit).to.equal(exit);
          expect(faultLine(fault)).to.match(/^thynapse: [^\n]+$/);
          expect(faultLine(fault)).to.contain(row.says);
        });
      }
    });
  }
});

describe("cli: where a flag can stand", () => {
  const file = join(folder, "good.json");

  before(writeFiles);
  after(removeFiles);

  it("counts first on the command line, then as variable, then in the config file", async () => {
    const env = { THYNAPSE_PORT: "7", THYNAPSE_CONFIG: file };

    expect(await up(["--port", "8"], env)).to.include({ port: 8, "pub-port": 0, json: true });
    expect(await up([], env)).to.include({ port: 7, "drain-timeout": 5000 });
    expect(await up(["-c", file], {})).to.include({ port: 0 });
    expect(await up([], {})).to.include({ port: undefined, json: false });
  });

  it("a verb reads its own variables only", async () => {
    const { flags: values } = await resolve(["send", "a"], { THYNAPSE_PORT: "abc" });

    expect(values).to.not.have.property("port");
  });

  it("a list in a variable has commas", async () => {
    const env = { THYNAPSE_TRANSMITTER: "tcp://a:1,tcp://b:2" };

    expect((await resolve(["ls"], env)).flags["transmitter"]).to.deep.equal([
      "tcp://a:1",
      "tcp://b:2",
    ]);
  });
});

function writeFiles(): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

function removeFiles(): void {
  rmSync(folder, { recursive: true });
}

async function up(words: readonly string[], env: Readonly<Record<string, string>>) {
  return (await resolve(["up", ...words], env)).flags;
}

async function resolve([name, ...words]: Row["argv"], env: Readonly<Record<string, string>> = {}) {
  const verb = await verbs[name]!.load();
  return await resolveCommandLine(verb, words, env);
}

/** Runs a verb as far as its checks; the fault with which it ends. */
async function faultOf({ argv, env = {} }: Row): Promise<CliFault> {
  const verb = await verbs[argv[0]]!.load();
  try {
    const resolved = await resolve(argv, env);
    const variables = { PATH: process.env["PATH"], ...env };
    await verb.run({ ...resolved, ...surroundings, env: variables });
  } catch (thrown) {
    // By name: the verbs are loaded as modules of their own.
    if ((thrown as Error).name === "CliFault") return thrown as CliFault;
    throw thrown;
  }
  throw new Error("it got past the checks");
}

function shown({ argv, env = {} }: Row): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value} `);
  const words = argv.map((word) => (word.length > 60 ? `${word.slice(0, 20)}…` : word));
  return JSON.stringify(`${variables.join("")}thynapse ${words.join(" ")}`.replaceAll(folder, "…"))
    .slice(1, -1)
    .replaceAll('\\"', '"');
}
