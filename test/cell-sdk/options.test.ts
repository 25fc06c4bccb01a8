import { expect } from "chai";

import {
  resolveAnycatch,
  resolveAsk,
  resolveConnect,
  resolveMulticatch,
  resolveSend,
} from "../../cell-sdk/src/resolve-options.js";
import { checkAddress } from "../../cell-sdk/src/transport/address.js";
import { refusalOf } from "../protocol/refusal.js";

/** Options as somebody without types writes them. */
function loose<T>(value: unknown): T {
  return value as T;
}

describe("cell: options", () => {
  it("are completed with their defaults and frozen", () => {
    const options = resolveConnect({ service: "s" });

    expect(options).to.include({
      service: "s",
      echo: true,
      connectTimeoutMs: 5000,
      drainTimeoutMs: 10_000,
      outboxBytesMax: 64 * 1024 * 1024,
      outboxEventsMax: 262_144,
    });
    expect(options.transmitters).to.deep.equal(["tcp://127.0.0.1:5454"]);
    expect(options.id).to.match(/^[0-9a-f]{40}$/);
    expect(Object.isFrozen(options)).to.equal(true);
  });

  it("that do not exist are refused, with the nearest one that does", () => {
    for (const [act, name] of [
      [() => resolveConnect(loose({ service: "s", transmiters: "x" })), "transmitters"],
      [() => resolveSend(loose({ untill: "handled" })), "until"],
      [() => resolveAnycatch(loose({ ackTimeout: 5 })), "ackTimeoutMs"],
      [() => resolveMulticatch(loose({ bufferMax: 5 })), "bufferBytesMax"],
      [() => resolveAsk(loose({ timeout: 5 })), "timeoutMs"],
    ] as const) {
      const refusal = refusalOf(act);
      expect(refusal.code).to.equal("BAD_OPTION");
      expect(refusal.message).to.contain(name);
    }
  });

  it("out of range or of the wrong type are refused by name", () => {
    for (const [act, name] of [
      [() => resolveConnect({ service: "s", connectTimeoutMs: 0 }), "connectTimeoutMs"],
      [() => resolveConnect({ service: "s", transmitters: [] }), "transmitters"],
      [() => resolveConnect(loose({ service: "s", echo: 1 })), "echo"],
      [() => resolveConnect(loose({ service: "s", logger: {} })), "logger"],
      [() => resolveConnect({ service: "s", drainOn: ["SIGTERM", "SIGKILL"] }), "drainOn"],
      [() => resolveConnect(loose({ service: "s", drainOn: "S" })), "drainOn"],
      [() => resolveSend(loose({ until: "stored" })), "until"],
      [() => resolveAnycatch({ concurrency: 1.5 }), "concurrency"],
      [() => resolveAnycatch({ attemptsMax: 101 }), "attemptsMax"],
      [() => resolveMulticatch(loose({ overflow: "block" })), "overflow"],
      [() => resolveMulticatch(loose("x")), "object"],
    ] as const) {
      const refusal = refusalOf(act);
      expect(refusal.code).to.equal("BAD_OPTION");
      expect(refusal.message).to.contain(name);
    }
  });

  it("name a service by the grammar, and an id by 40 hex digits", () => {
    expect(refusalOf(() => resolveConnect({ service: "a.b" })).code).to.equal("BAD_SERVICE");
    expect(refusalOf(() => resolveConnect(loose({}))).code).to.equal("BAD_SERVICE");
    const id = "x";
    expect(refusalOf(() => resolveConnect({ service: "s", id })).code).to.equal("BAD_ID");
  });
});

describe("cell: addresses", () => {
  for (const address of [
    "tcp://127.0.0.1:5454",
    "tcp://some-host.example:1",
    "tcp://[::1]:65535",
    "ipc:///tmp/x",
  ]) {
    it(`take ${address}`, () => {
      checkAddress(address);
    });
  }

  for (const address of [
    "127.0.0.1:5454",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:",
    "tcp://127.0.0.1:0",
    "tcp://127.0.0.1:65536",
    "tcp://127.0.0.1:80x",
    "tcp://:5454",
    "tcp://*:5454",
    "udp://127.0.0.1:5",
    "ipc://",
    "tcp://a b:1",
    "",
  ]) {
    it(`refuse ${JSON.stringify(address)}`, () => {
      expect(refusalOf(() => checkAddress(address)).code).to.equal("BAD_OPTION");
    });
  }
});
