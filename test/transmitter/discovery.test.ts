import { createSocket } from "node:dgram";
import { expect } from "chai";

import { randomThid } from "../../protocol/src/thid.js";
import { type Beacon, readBeacon, writeBeacon } from "../../transmitter/src/links/beacon.js";
import { systemClock } from "../../transmitter/src/clock.js";
import { Discovery } from "../../transmitter/src/links/discovery.js";
import { beaconGroup, beaconPort } from "../../transmitter/src/sockets/beacon-socket.js";
import { FakeLogger } from "../mesh/fake-logger.js";
import { eventually } from "../support/eventually.js";
import { refusalOf } from "../protocol/refusal.js";

const beacon: Beacon = {
  id: randomThid(),
  mesh: "red",
  pub: "tcp://127.0.0.1:5455",
  isAsking: true,
};

/** What stands around discovery. */
interface Shell {
  readonly log: FakeLogger;
  readonly knock: (address: string) => void;
}

describe("beacon", () => {
  it("is read as it was written, by those who know the secret", () => {
    expect(readBeacon(writeBeacon(beacon, "hush"), "hush")).to.deep.equal(beacon);
    expect(refusalOf(() => readBeacon(writeBeacon(beacon, "hush"), "other")).code).to.equal(
      "DENIED",
    );
    expect(readBeacon(writeBeacon(beacon))).to.deep.equal(beacon);
  });

  it("is refused when it is cut, changed or too long", () => {
    const written = writeBeacon(beacon, "hush");
    for (let length = 0; length < written.length; length++) {
      const { code } = refusalOf(() => readBeacon(written.subarray(0, length), "hush"));
      expect(code, String(length)).to.be.oneOf(["BAD_FRAME", "DENIED"]);
    }
    const changed = Buffer.from(written);
    changed[40] = (changed[40] ?? 0) ^ 1;
    expect(refusalOf(() => readBeacon(changed, "hush")).code).to.equal("DENIED");
    expect(refusalOf(() => readBeacon(Buffer.alloc(1025))).code).to.equal("BAD_FRAME");
  });

  it("is refused when its address is none that can be connected to", () => {
    for (const pub of ["tcp://-a:1", "tcp://_a:1", "tcp://a:0", "ipc:///tmp/x", "127.0.0.1:5455"]) {
      const { code } = refusalOf(() => readBeacon(writeBeacon({ ...beacon, pub })));
      expect(code, pub).to.equal("BAD_PAYLOAD");
    }
    const named = { ...beacon, pub: "tcp://transmitter_1.internal:5455" };
    expect(readBeacon(writeBeacon(named))).to.deep.equal(named);
  });
});

describe("discovery", () => {
  const open: Discovery[] = [];
  afterEach(() => {
    for (const discovery of open.splice(0)) discovery.close();
  });

  it("finds each other within a second, and nobody of another mesh", async () => {
    const mesh = `m${Date.now()}`;
    const knocks = await Promise.all([find(mesh, 1), find(mesh, 2), find(`${mesh}x`, 3)]);

    await eventually(() => {
      expect(knocks[0]).to.deep.equal(["tcp://127.0.0.1:2"]);
      expect(knocks[1]).to.deep.equal(["tcp://127.0.0.1:1"]);
    });
    expect(knocks[2]).to.deep.equal([]);
  });

  it("counts what is no beacon, and survives it", async () => {
    const knocks = await find(`m${Date.now()}`, 1);
    const stranger = createSocket("udp4");
    await new Promise<void>((resolve) => stranger.bind(0, resolve));
    stranger.setMulticastInterface("127.0.0.1");

    for (const bytes of [0, 1, 32, 33, 64, 1025]) {
      stranger.send(Buffer.alloc(bytes, 0xc1), beaconPort, beaconGroup);
    }

    await eventually(() => expect(open[0]?.refusedCount).to.be.at.least(6));
    stranger.close();
    expect(knocks).to.deep.equal([]);
  });

  it("goes on when a beacon cannot be dealt with, and says so", async () => {
    const mesh = `m${Date.now()}`;
    const log = new FakeLogger();
    await find(mesh, 1, {
      log,
      knock() {
        throw new Error("Invalid argument");
      },
    });

    await find(mesh, 2);
    await eventually(() => expect(log.lines("error")).to.have.length(1));
    await find(mesh, 3);

    await eventually(() => expect(log.lines("error")).to.have.length(2));
    expect(open[0]?.refusedCount).to.equal(2);
  });

  async function find(mesh: string, port: number, shell: Partial<Shell> = {}): Promise<string[]> {
    const knocked: string[] = [];
    const { log = new FakeLogger(), knock = (at: string) => void knocked.push(at) } = shell;
    const knocker = { knock, unknock: () => undefined };
    const terms = { id: randomThid(), mesh, address: "127.0.0.1", pub: `tcp://127.0.0.1:${port}` };
    const discovery = new Discovery(terms, { clock: systemClock, knocker, log: log.asLogger });
    open.push(discovery);
    await discovery.open();
    return knocked;
  }
});
