import { createServer, type Server } from "node:net";
import { expect } from "chai";
import { startTransmitter, type Transmitter } from "@thynapse/transmitter";

import { findingsOf, type Observations } from "../../transmitter/src/cli/findings.js";
import type { RunEnd } from "./thynapse.js";
import { runVerb } from "./verb-runner.js";

/** Two transmitters with which nothing is wrong. */
const healthy: Observations = {
  version: "1.0.0",
  askedMs: 10_000,
  answeredMs: 10_050,
  missing: [],
  statuses: ["a", "b"].map((transmitter) => ({
    ...{ transmitter, version: "1.0.0", clockMs: 10_020, state: "running", seedsMissing: [] },
    ...{ filesOpen: 40, filesMax: 4096, rssBytes: 1e8, memoryBytesMax: 1e9 },
  })),
  transmitters: ["a", "b"].map((id) => ({ id, state: "alive", command: `tcp://${id}` })),
  links: [
    { transmitter: "a", peer: "b", state: "up", unackedBytes: 0 },
    { transmitter: "b", peer: "a", state: "up", unackedBytes: 0 },
  ],
};

/** What is changed, which check finds it, and what it says. */
const rows: readonly (readonly [what: Partial<Observations>, check: string, says: RegExp])[] = [
  [{ missing: ["b"] }, "answers", /transmitter b is taken for alive and does not answer/],
  [
    members({ state: "dead", sinceMs: 5000 }),
    "members",
    /transmitter b at tcp:\/\/b: dead for 5 s/,
  ],
  [members({ state: "suspect", sinceMs: 50 }), "members", /suspect for 50 ms/],
  [{ links: healthy.links.slice(0, 1) }, "links", /the link b → a is missing/],
  [links({ state: "cut" }), "links", /the link b → a is cut/],
  [links({ unackedBytes: 3 << 20 }), "links", /the link b → a lags: 3.0 MiB without an ack/],
  [statuses({ seedsMissing: ["c:5454"] }), "seeds", /nobody answers b at its seed c:5454/],
  [statuses({ state: "degraded" }), "seeds", /transmitter b started without some of its mesh/],
  [statuses({ version: "0.9.0" }), "versions", /transmitter b runs 0.9.0/],
  [statuses({ clockMs: 8999 }), "clocks", /transmitter b is 1001 ms behind/],
  [statuses({ clockMs: 20_050 }), "clocks", /transmitter b is 10000 ms ahead/],
  [statuses({ filesOpen: 3500 }), "files", /3500 of 4096 files open/],
  [statuses({ filesMax: 256 }), "files", /may open 256 files only/],
  [statuses({ rssBytes: 9e8 }), "memory", /and sheds load/],
];

describe("cli: findings of doctor", () => {
  it("are one for each check, all right, where nothing is wrong", () => {
    const findings = findingsOf(healthy);

    expect(findings.filter(({ ok }) => !ok)).to.deep.equal([]);
    expect(new Set(findings.map(({ check }) => check)).size).to.equal(findings.length);
  });

  for (const [changed, check, says] of rows) {
    it(`name ${says.source}, and what to do`, () => {
      const wrong = findingsOf({ ...healthy, ...changed }).filter(({ ok }) => !ok);

      expect(wrong.map((finding) => finding.check)).to.include(check);
      const found = wrong.find((finding) => says.test(finding.what));
      expect(found?.fix).to.be.a("string");
    });
  }

  it("tell a transmitter that its seeds refuse from one that waits for its mesh", () => {
    const [first] = healthy.statuses;
    const alone = { ...healthy, statuses: [{ ...first, state: "degraded" }], links: [] };
    const fixOf = (seen: Observations): unknown =>
      findingsOf(seen).find(({ check }) => check === "seeds")?.fix;

    expect(fixOf({ ...alone, transmitters: healthy.transmitters.slice(0, 1) })).to.equal(
      "its seeds answer and refuse it: give all the same --mesh and --mesh-secret; their logs say which",
    );
    expect(fixOf(alone)).to.match(/^catches may be armed late/);
  });

  it("say nothing of a dead one where a live one has taken its place", () => {
    const before = { id: "c", state: "dead", sinceMs: 5000, command: "tcp://b" };
    const found = findingsOf({ ...healthy, transmitters: [...healthy.transmitters, before] });

    expect(found.filter(({ ok }) => !ok)).to.deep.equal([]);
  });

  it("expect no link to or from a transmitter that is dead, or does not answer", () => {
    const gone = findingsOf({ ...healthy, ...members({ state: "dead" }), links: [] });
    const silent = findingsOf({ ...healthy, missing: ["b"], links: healthy.links.slice(0, 1) });

    expect(gone.find(({ check }) => check === "links")?.ok).to.equal(true);
    expect(silent.find(({ check }) => check === "links")?.ok).to.equal(true);
  });
});

describe("cli: doctor", () => {
  let transmitter: Transmitter;
  let other: Server;

  before(async () => {
    transmitter = await startTransmitter({ port: 0, logLevel: "silent" });
    other = createServer((socket) => socket.on("error", () => undefined));
    await new Promise<void>((resolve) => {
      other.listen(0, "127.0.0.1", resolve);
    });
  });

  after(async () => {
    await transmitter.close();
    other.close();
  });

  it("looks at everything, and ends with 0 if nothing is wrong", async () => {
    const end = await runVerb(["doctor", "-t", transmitter.command, "--json"]);

    expect(wrongOf(end)).to.deep.equal([]);
    expect(end).to.include({ code: 0 });
    expect(json(end).map(({ check }) => check)).to.include.members([
      ...["node", "port", "answers", "members", "links", "seeds"],
      ...["versions", "clocks", "files", "memory"],
    ]);
  });

  it("tells a free port from one that somebody else has, looks on, and ends with 1", async () => {
    const { port } = other.address() as { port: number };
    const addresses = ["tcp://127.0.0.1:9", `tcp://127.0.0.1:${port}`, transmitter.command];
    addresses.push(transmitter.pub);
    const flags = addresses.flatMap((address) => ["-t", address]);

    const end = await runVerb(["doctor", ...flags, "--connect-timeout", "500ms"]);

    expect(end.code).to.equal(1);
    const text = end.stdout.join("\n");
    expect(text).to.contain(
      "WRONG  port       nobody listens at tcp://127.0.0.1:9: the port is free",
    );
    expect(text).to.contain(`WRONG  port       something listens at tcp://127.0.0.1:${port}`);
    expect(text).to.contain(`something listens at ${transmitter.pub} and does not answer`);
    expect(text).to.contain("the event port of a transmitter (-t takes the command port)");
    expect(text).to.contain("→ thynapse up starts a transmitter there");
    expect(text).to.contain("ok     links");
  });
});

function members(of: object): Partial<Observations> {
  return { transmitters: changed(healthy.transmitters, of) };
}

function links(of: object): Partial<Observations> {
  return { links: changed(healthy.links, of) };
}

function statuses(of: object): Partial<Observations> {
  return { statuses: changed(healthy.statuses, of) };
}

/** The first row as it is, the second one changed. */
function changed<T>([first, second]: readonly T[], of: object): T[] {
  return [first as T, { ...(second as T), ...of }];
}

function wrongOf(end: RunEnd): unknown[] {
  return json(end).filter(({ ok }) => ok !== true);
}

function json(end: RunEnd): Record<string, unknown>[] {
  return end.stdout.map((line) => JSON.parse(line) as Record<string, unknown>);
}
