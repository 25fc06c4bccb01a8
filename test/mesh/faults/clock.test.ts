import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";

import { whole } from "../proofs/views.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import { handledEvents, lostOf, twiceOf } from "./handlings.js";

const library = [
  "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
].find((path) => existsSync(path));
const folder = mkdtempSync(join(tmpdir(), "thynapse-clock-"));
const hourSeconds = 3600;
/** How long each setting of the clock is watched: the length of a fault. */
const settingMs = 2500;

describe("faults: the wall clock of a transmitter is set an hour on, and an hour back", () => {
  after(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(endMeshes);

  it("nothing expires, nobody is suspected, and events keep their order", async function () {
    this.timeout(60_000);
    expect(library, "libfaketime is missing: apt-get install faketime").to.be.a("string");
    const clock = join(folder, "clock");
    set(clock, 0);
    const mesh = await FaultMesh.start({ env: fakeClock(clock) }, {}, { env: fakeClock(clock) });
    await whole(mesh.transmitters.map(({ command }) => command));
    const watcher = await mesh.seatOne("watcher", { isLogged: false });
    await watcher.tell("watch");
    const [audit] = await mesh.seat("audit", 1, { home: mesh.transmitters[1]! });
    await audit!.tell("multicatch", { pattern: "orders.*" });
    for (const home of mesh.transmitters) {
      await mesh.seatGroup("billing", 1, { pattern: "orders.*", home });
    }
    const senders = await Promise.all(
      mesh.transmitters.map((home) => mesh.seatOne("shop", { home })),
    );
    const [perSecond, count] = [100, (100 * 4 * settingMs) / 1000];
    const load = { channel: "orders.created", count, perSecond, options: { ttlMs: 20_000 } };
    const sending = senders.map((sender) => sender.tell("send", load));

    for (const seconds of [hourSeconds, -hourSeconds, 0]) {
      await delay(settingMs);
      set(clock, seconds);
    }
    const reports = await Promise.all(sending);

    expect(reports.flatMap(({ refused }) => refused)).to.deep.equal([]);
    const told = (await watcher.tell("watched")).map(({ channel }) => channel);
    expect(told.filter((channel) => /suspect|dead/.test(channel))).to.deep.equal([]);
    expect(await mesh.violations()).to.deep.equal([]);
    const events = handledEvents(mesh.records());
    expect(events.size).to.equal(count * senders.length);
    expect([lostOf(events), twiceOf(events)]).to.deep.equal([[], []]);
  });
});

/** A process with these variables has the wall clock that stands in the file, and the monotonic clock as it is. */
function fakeClock(path: string): Record<string, string> {
  return {
    LD_PRELOAD: library!,
    FAKETIME_TIMESTAMP_FILE: path,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    DONT_FAKE_MONOTONIC: "1",
  };
}

function set(path: string, seconds: number): void {
  writeFileSync(path, `${seconds < 0 ? "" : "+"}${seconds}\n`);
}
