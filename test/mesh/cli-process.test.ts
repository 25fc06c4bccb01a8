import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

import { inParallel, type RunEnd, type RunOptions, runThynapse } from "./thynapse.js";

/** One command line, run as a real process, and how it ends. */
interface Row extends RunOptions {
  /** Names the row in the list of bad inputs, where it stands there. */
  readonly id?: string;
  readonly argv: readonly string[];
  readonly exit: number;
  /** Part of the one line on standard error. */
  readonly says: string;
}

/** How many processes run at once: starting one takes most of a core. */
const parallel = 4;

const nobody = "tcp://127.0.0.1:9";
const folder = mkdtempSync(join(tmpdir(), "thynapse-cli-"));
const brokenConfig = join(folder, "config.json");
const bytesFile = join(folder, "bytes");

/** An ordinary user, if the test is not run by one. */
const unprivileged = [
  "--import",
  "data:text/javascript,process.getuid()===0&&process.setuid(65534)",
];

/** Puts a file of bytes that are no UTF-8 on standard input. */
const bytesOnInput = [
  "--import",
  `data:text/javascript,import fs from "node:fs";fs.closeSync(0);fs.openSync("${bytesFile}", "r")`,
];

const rows = (taken: number): readonly Row[] => [
  {
    id: "I1",
    argv: ["up", "--prot", "4000"],
    exit: 2,
    says: "unknown flag --prot; did you mean --port?",
  },
  { id: "I3", argv: ["up", "--port", "abc"], exit: 2, says: "--port: digits only" },
  { id: "I5", argv: ["up", "--port", "99999"], exit: 2, says: "--port: 99999 is out of range" },
  { id: "I7", argv: ["up", "--port", "1e3"], exit: 2, says: "--port: digits only" },
  { id: "I7", argv: ["up", "--port", "0x50"], exit: 2, says: "--port: digits only" },
  { id: "I7", argv: ["up", "--port", " 80"], exit: 2, says: "--port: digits only" },
  {
    id: "I9",
    argv: ["up", "--port", "4000", "--port", "4001"],
    exit: 2,
    says: "--port given twice",
  },
  ...(portsNeedPermission()
    ? [
        {
          id: "I11",
          argv: ["up", "--port", "80", "--pub-port", "0"],
          node: unprivileged,
          exit: 77,
          says: "needs permission — use a port above 1023",
        },
      ]
    : []),
  {
    id: "I13",
    argv: ["up", "--bind", "tcp://127.0.0.1:4000"],
    exit: 2,
    says: 'takes a host, got "tcp://127.0.0.1:4000" — put the port in --port',
  },
  { id: "I23", argv: ["up", "--id", "xyz"], exit: 2, says: "40 hex characters" },
  { id: "I25", argv: ["catch", "a", "--service", ""], exit: 2, says: "--service: empty" },
  { id: "I35", argv: ["up", "--heartbeat", "0.5"], exit: 2, says: "--heartbeat: digits only" },
  {
    id: "I37",
    argv: ["up", "--heartbeat", "500", "--dead-after", "400"],
    exit: 2,
    says: "dead-after must be at least 3 × heartbeat",
  },
  { id: "I45", argv: ["up", "-c", brokenConfig], exit: 2, says: "config.json:3:14 " },
  {
    id: "I47",
    argv: ["up"],
    env: { THYNAPSE_PORT: "abc" },
    exit: 2,
    says: "THYNAPSE_PORT: digits",
  },
  {
    id: "I53",
    argv: ["send", "ch", "{a:1}"],
    exit: 2,
    says: "payload: not JSON at column 2; quote it or use --as text",
  },
  { id: "I55", argv: ["send", "ch"], node: bytesOnInput, exit: 2, says: "not UTF-8" },
  {
    id: "I55",
    argv: ["send", "ch", "--as", "json"],
    node: bytesOnInput,
    exit: 2,
    says: "standard input: not UTF-8",
  },
  {
    id: "I57",
    argv: ["ls", "-t", nobody, "--connect-timeout", "300ms"],
    exit: 69,
    says: `${nobody} — thynapse up starts one, thynapse doctor -t ${nobody} says what is there`,
  },
  {
    argv: ["send", "a", "b", "--connect-timeout", "300"],
    env: { THYNAPSE_TRANSMITTER: `${nobody},tcp://127.0.0.1:7` },
    exit: 69,
    says: "tcp://127.0.0.1:7",
  },
  { argv: ["up", "--port", String(taken)], exit: 75, says: `:${taken} is in use — use --port ` },
  {
    argv: ["up", "--port", "0", "--pub-port", String(taken)],
    exit: 75,
    says: `:${taken} is in use — use --pub-port `,
  },
  { argv: ["up", "-c", join(folder, "none")], exit: 73, says: "none: no such file" },
  { argv: ["up", "--bind", "0.0.0.0"], exit: 2, says: "say --insecure" },
  { argv: ["sned", "a"], exit: 2, says: "unknown verb sned; did you mean send?" },
  { argv: ["--json", "up"], exit: 2, says: "the verb comes first" },
  { argv: ["constructor"], exit: 2, says: "unknown verb constructor" },
  { argv: ["send"], exit: 2, says: "send needs CHANNEL — usage: thynapse send CHANNEL [BODY]" },
  { argv: ["send", "ch"], input: "{a:1}", exit: 2, says: "payload: not JSON at column 2" },
  {
    argv: ["send", "ch"],
    input: "x".repeat(1024 * 1024 + 1),
    exit: 2,
    says: "standard input: over 1048576 bytes",
  },
  // Read as bodies, they get as far as the transmitter that is not there.
  {
    argv: ["send", "ch", "help", "-t", nobody, "--connect-timeout", "1"],
    exit: 69,
    says: "UNREACHABLE",
  },
  {
    argv: ["send", "-t", nobody, "--connect-timeout", "1", "ch", "--", "--x"],
    exit: 69,
    says: "UNREACHABLE",
  },
];

describe("cli: a process that cannot do what it was asked", () => {
  let server: Server;
  let taken = 0;
  const ends: RunEnd[] = [];

  before(async function () {
    this.timeout(60_000);
    writeFileSync(brokenConfig, '{\n  "port": 4000,\n  "pubPort": x\n}\n');
    writeFileSync(bytesFile, Buffer.from([0x7b, 0xff, 0x7d]));
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    taken = (server.address() as { port: number }).port;
    ends.push(...(await inParallel(rows(taken), parallel, (row) => runThynapse(row.argv, row))));
  });

  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  for (const [at, row] of rows(1).entries()) {
    const name = row.id === undefined ? "" : `${row.id}: `;
    it(`${name}${shown(row)} ends with ${row.exit}, and says so in one line`, () => {
      const end = ends[at];
      const says = rows(taken)[at]?.says ?? "";

      expect(end?.stderr).to.have.length(1);
      expect(end?.stderr[0]).to.match(/^thynapse: /);
      expect(end?.stderr[0]).to.contain(says);
      expect(end?.stdout).to.deep.equal([]);
      expect(end?.code).to.equal(row.exit);
    });
  }
});

describe("cli: help", () => {
  it("I49: prints the verbs on standard output when nothing is said", async () => {
    const end = await runThynapse([]);

    expect(end.code).to.equal(0);
    expect(end.stdout.join("\n")).to.contain("usage: thynapse VERB");
    expect(end.stderr).to.deep.equal([]);
  });

  it("prints the flags of a verb, in at most 100 columns", async () => {
    const end = await runThynapse(["up", "--help", "--prot"]);

    expect(end.code).to.equal(0);
    expect(end.stdout.join("\n")).to.contain("--pub-port N");
    expect(end.stdout.filter((line) => line.length > 100)).to.deep.equal([]);
  });

  it("says that others are waited for no longer than 1s, whatever --timeout is", async () => {
    const [ls, ask] = await Promise.all([helpText("ls"), helpText("ask")]);

    expect(ls).to.match(/--timeout DURATION .*; the one that is asked waits 1s at most for others/);
    expect(ask).to.not.contain("waits 1s");
  });

  it("prints a stack trace with --debug only", async () => {
    const end = await runThynapse(["send", "--debug"]);

    expect(end.code).to.equal(2);
    expect(end.stderr[0]).to.contain("send needs CHANNEL");
    expect(end.stderr.join("\n")).to.match(/\n\s+at /);
  });
});

/** The help of a verb, with its lines as one. */
async function helpText(verb: string): Promise<string> {
  return (await runThynapse([verb, "--help"])).stdout.join(" ").replaceAll(/ +/g, " ");
}

/** Some machines let everybody bind any port. */
function portsNeedPermission(): boolean {
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start")) > 80;
  } catch {
    return false;
  }
}

function shown({ argv, env = {}, input }: Row): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value} `);
  const words = argv.map((word) => JSON.stringify(word).slice(1, -1).replaceAll('\\"', '"'));
  const from = input === undefined ? "" : " < input";
  return `${variables.join("")}thynapse ${words.join(" ")}${from}`.replaceAll(folder, "…");
}
