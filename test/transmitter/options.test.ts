import { MeshError } from "@thynapse/protocol";
import { expect } from "chai";

import { adjustLimits, coreLimits } from "../../transmitter/src/core/core-limits.js";
import type { CoreOptions } from "../../transmitter/src/core/effects.js";
import { transmitterOptions } from "../../transmitter/src/options/option-table.js";
import { readOption } from "../../transmitter/src/options/option-values.js";
import {
  isLoopback,
  type ResolvedOptions,
  resolveTransmitter,
  type TransmitterOptions,
} from "../../transmitter/src/options/options.js";

type Row = readonly [input: Readonly<Record<string, unknown>>, message: string];

/** What is refused, and a part of what is said about it. */
const refused: readonly Row[] = [
  [{ prot: 4000 }, "unknown option prot; did you mean port?"],
  [{ heartbeat: 500 }, "unknown option heartbeat; did you mean heartbeatMs?"],
  [{ zebra: 1 }, "unknown option zebra"],
  [{ port: "abc" }, 'port: digits only, got "abc"'],
  [{ port: "" }, "port: digits only"],
  [{ port: 65_536 }, "port: 65536 is out of range"],
  [{ port: "99999" }, "port: 99999 is out of range"],
  [{ port: -1 }, "port: -1 is out of range"],
  [{ port: "-1" }, "port: digits only"],
  [{ port: "1e3" }, "port: digits only"],
  [{ port: "0x50" }, "port: digits only"],
  [{ port: " 80" }, "port: digits only"],
  [{ port: "80 " }, "port: digits only"],
  [{ port: "+80" }, "port: digits only"],
  [{ port: "٨٠" }, "port: digits only"],
  [{ port: 80.5 }, "port: digits only, got 80.5"],
  [{ port: Number.NaN }, "port: digits only, got NaN"],
  [{ port: null }, "port: cannot be null"],
  [{ port: true }, "port: cannot be boolean"],
  [{ port: ["4000", "4001"] }, "port given twice"],
  [{ port: "5s" }, "port: digits only"],
  [{ port: 65_535 }, "no port is left behind 65535"],
  [{ port: 4000, pubPort: 4000 }, "both sockets cannot have port 4000"],
  [{ bind: "tcp://127.0.0.1:4000" }, "bind takes a host"],
  [{ bind: "127.0.0.1:4000" }, "bind takes a host"],
  [{ bind: "[::1]:4000" }, "bind takes a host"],
  [{ bind: "" }, "is no host"],
  [{ bind: "127.0.0" }, "is no host"],
  [{ bind: "256.1.1.1" }, "is no host"],
  [{ bind: "a b" }, "is no host"],
  [{ advertise: "_x" }, 'advertise: "_x" is no host'],
  [{ advertise: "-a.example" }, "is no host"],
  [{ links: ".a:5454" }, "is no host"],
  [{ bind: "a\u001b[2J" }, "is no host"],
  [{ bind: "0.0.0.0" }, "anybody who reaches 0.0.0.0"],
  [{ bind: "*" }, "anybody who reaches 0.0.0.0"],
  [{ bind: "::" }, "anybody who reaches ::"],
  [{ bind: "10.1.2.3" }, "anybody who reaches 10.1.2.3"],
  [{ bind: "example.org" }, "anybody who reaches example.org"],
  [{ bind: "127.0.0.1.nip.io" }, "anybody who reaches 127.0.0.1.nip.io"],
  [{ id: "xyz" }, "id: 40 hex characters"],
  [{ mesh: "" }, "mesh: empty"],
  [{ mesh: "a.b" }, "mesh: "],
  [{ links: "host" }, 'links: "host" is no HOST:PORT'],
  [{ links: ["a:1", 2] }, "links: cannot be number"],
  [{ meshSecret: 7 }, "meshSecret: cannot be number"],
  [{ meshSecret: "x".repeat(4097) }, "meshSecret: over 4096 bytes"],
  [{ heartbeatMs: 0.5 }, "heartbeatMs: digits only, got 0.5"],
  [{ heartbeatMs: "0.5" }, "heartbeatMs: digits only"],
  [{ heartbeatMs: "5 s" }, "heartbeatMs: digits only"],
  [{ heartbeatMs: "5d" }, "heartbeatMs: digits only"],
  [{ heartbeatMs: "s" }, "heartbeatMs: digits only"],
  [{ heartbeatMs: 10 }, "heartbeatMs: 10 is out of range"],
  [{ heartbeatMs: 500, deadAfterMs: 400 }, "dead-after must be at least 3 × heartbeat"],
  [{ heartbeatMs: 500, suspectMs: 600 }, "suspect-after must be at least 2 × heartbeat"],
  [{ eventBytesMax: "1TB" }, "eventBytesMax: digits only"],
  [{ eventBytesMax: "2MiB" }, "eventBytesMax: 2097152 is out of range"],
  [{ eventBytesMax: "__proto__" }, "eventBytesMax: digits only"],
  [{ eventBytesMax: "1constructor" }, "eventBytesMax: digits only"],
  [{ ringBytesMax: "999999999999999999999" }, "ringBytesMax: digits only"],
  [{ logLevel: "loud" }, 'logLevel: "loud" is not one of debug, info, warn, error, silent'],
  [{ insecure: "yes" }, "insecure: true or false"],
];

describe("options", () => {
  it("have a default each", () => {
    const options = resolveTransmitter();

    expect(options).to.include({ bind: "127.0.0.1", port: 5454, pubPort: 5455, mesh: "default" });
    expect(options).to.include({ heartbeatMs: 250, suspectMs: 1000, deadAfterMs: 1200 });
    expect(options.id).to.match(/^[0-9a-f]{40}$/);
    expect(options.memoryBytesMax).to.be.greaterThan(64 << 20);
    expect(options.metricsPort).to.equal(undefined);
  });

  it("are frozen when resolved", () => {
    expect(Object.isFrozen(resolveTransmitter())).to.equal(true);
  });

  it("draw another id each time, and keep one that is given, in lower case", () => {
    expect(resolveTransmitter().id).to.not.equal(resolveTransmitter().id);
    expect(resolveTransmitter({ id: "AB".repeat(20) }).id).to.equal("ab".repeat(20));
  });

  for (const [input, message] of refused) {
    it(`refuse ${shown(input)}: ${message}`, () => {
      expect(refusalOf(input).reason).to.include(message);
    });
  }

  it("say how to write it right where the refusal alone does not", () => {
    expect(refusalOf({ bind: "0.0.0.0" }).hint).to.include("--insecure");
    expect(refusalOf({ bind: "tcp://h:1" }).hint).to.include("--port");
    expect(refusalOf({ advertise: "_x" }).hint).to.include("begins with a letter or a digit");
    expect(refusalOf({ heartbeatMs: 500, deadAfterMs: 400 }).hint).to.include("1500");
  });

  it("name an option as the caller does", () => {
    const nameOf = ({ flag }: { flag: string }): string => `--${flag}`;
    const resolve = (): ResolvedOptions => resolveTransmitter({ pubPort: "x" }, nameOf);

    expect(thrownBy(resolve).reason).to.include("--pub-port: digits only");
  });

  it("read durations and sizes as texts, with their units", () => {
    const options = resolveTransmitter({
      heartbeatMs: "300ms",
      drainTimeoutMs: "5s",
      groupKeepMs: "2m",
      backlogAgeMs: "1h",
      eventBytesMax: "1MB",
      ringBytesMax: "128MiB",
      port: "4000",
    });

    expect(options).to.include({ heartbeatMs: 300, drainTimeoutMs: 5000, groupKeepMs: 120_000 });
    expect(options).to.include({ backlogAgeMs: 3_600_000, eventBytesMax: 1_000_000 });
    expect(options).to.include({ ringBytesMax: 128 << 20, port: 4000, pubPort: 4001 });
  });

  it("take free ports for both sockets where the port is 0", () => {
    expect(resolveTransmitter({ port: 0 })).to.include({ port: 0, pubPort: 0 });
  });

  it("move the time-outs that were not given with the heartbeat", () => {
    const slow = resolveTransmitter({ heartbeatMs: 1000 });

    expect(slow).to.include({ suspectMs: 4000, deadAfterMs: 3000 });
  });

  it("bind beyond loopback when told that it is insecure", () => {
    expect(resolveTransmitter({ bind: "*", insecure: true }).bind).to.equal("0.0.0.0");
    expect(resolveTransmitter({ bind: "[::]", insecure: true }).bind).to.equal("::");
  });

  it("pass over those that are undefined", () => {
    const input = { port: undefined } as unknown as TransmitterOptions;

    expect(resolveTransmitter(input).port).to.equal(5454);
  });

  it("know loopback by its addresses and one name", () => {
    for (const host of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) {
      expect(isLoopback(host), host).to.equal(true);
    }
    for (const host of ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.nip.io"]) {
      expect(isLoopback(host), host).to.equal(false);
    }
  });
});

describe("option table", () => {
  it("has each name and each flag once", () => {
    const names = transmitterOptions.map(({ name }) => name);
    const flags = transmitterOptions.map(({ flag }) => flag);

    expect(new Set(names).size).to.equal(names.length);
    expect(new Set(flags).size).to.equal(flags.length);
  });

  it("marks those that may change while it runs, and the core lets just those change", () => {
    const live = transmitterOptions.filter(({ isLive }) => isLive).map(({ name }) => name);
    const limits = coreLimits({} as CoreOptions);
    const before = Object.entries(limits);
    const others = before.map(([name, value]: [string, number]) => [name, value + 1]);

    adjustLimits(limits, Object.fromEntries(others) as Partial<CoreOptions>);

    const after = limits as unknown as Readonly<Record<string, number>>;
    const changed = before.filter(([name, value]) => after[name] !== value).map(([name]) => name);
    expect([...changed, "links", "logLevel"]).to.have.members(live);
  });

  for (const row of transmitterOptions) {
    it(`says of ${row.name} what it does, its range, and its default`, () => {
      expect(row.doc.length).to.be.greaterThan(10);
      expect(row.fallback !== undefined || row.defaultText !== undefined).to.equal(true);
      const ranged = row.kind === "duration" || row.kind === "size" || row.kind === "count";
      if (ranged) expect(row.max).to.be.greaterThan(row.min ?? Number.NaN);
      if (row.fallback !== undefined) {
        expect(readOption(row, row.fallback, row.name)).to.equal(row.fallback);
      }
    });
  }
});

function shown(input: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(input).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return entries.join(", ").replaceAll("\\", "/");
}

function refusalOf(input: Readonly<Record<string, unknown>>): MeshError {
  const error = thrownBy(() => resolveTransmitter(input as TransmitterOptions));
  expect(error.code).to.equal("BAD_OPTION");
  return error;
}

function thrownBy(work: () => unknown): MeshError {
  try {
    work();
  } catch (error) {
    expect(error).to.be.instanceOf(MeshError);
    return error as MeshError;
  }
  throw new Error("nothing was thrown");
}
