import { expect } from "chai";

import { medianOf, percentileOf } from "../../bench/statistics.js";
import type { LogRecord } from "../../simulation/log.js";
import type { Actor } from "./actor.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import { handledEvents, lostOf, twiceOf } from "./handlings.js";

const pattern = "orders.*";

describe("faults: a cell is killed", () => {
  afterEach(endMeshes);

  it("in its handler, 40 times: the event is at another cell within 100 ms, as attempt 2", async function () {
    this.timeout(60_000);
    const mesh = await FaultMesh.start();
    const sender = await mesh.seatOne("shop");
    const pings: number[] = [];
    for (let round = 0; round < 5; round++) {
      // One more than is killed: somebody must be left.
      const cells = await mesh.seatGroup("billing", round === 0 ? 9 : 8, { pattern });
      expect(cells.length).to.be.greaterThan(7);
      for (let kill = 0; kill < 8; kill++) {
        for (let ping = 0; ping < 3; ping++) pings.push(await sendOne(sender, "orders.ping"));
        await sender.tell("send", { channel: "orders.kill", count: 1, data: { deed: "die" } });
      }
    }

    expect(await mesh.violations()).to.deep.equal([]);
    const records = [...mesh.records()];
    const moved = [...handledEvents(records).values()].filter((it) => it.channel === "orders.kill");
    expect(moved).to.have.length(40);
    for (const { begun } of moved) {
      expect(begun.map(({ attempt }) => attempt)).to.deep.equal([1, 2]);
      expect(begun[1]?.repeat).to.equal(true);
      expect(begun[1]?.cell).not.to.equal(begun[0]?.cell);
    }
    const latencies = moved.map(({ begun }) => begun[1]!.timeMs - diedMs(records, begun[0]!.cell));
    const [p50, p99] = [medianOf(latencies), percentileOf(sorted(latencies), 0.99)];
    const slack = slackOf(pings);
    const figures = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, slack × ${slack.toFixed(1)}`;
    console.log(`      kill -9 to the next cell, 40 kills: ${figures}`);
    expect(p50).to.be.at.most(20 * slack);
    expect(p99).to.be.at.most(100 * slack);
  });

  it("between its work and its ack: it is done again, marked, and its outputs go out once", async () => {
    const mesh = await FaultMesh.start();
    const [audit] = await mesh.seat("audit", 1);
    await audit!.tell("multicatch", { pattern: "billed.*" });
    await mesh.seatGroup("billing", 4, { pattern });
    const sender = await mesh.seatOne("shop");
    const data = { deed: "die", output: "billed.one" } as const;

    for (let kill = 0; kill < 3; kill++) {
      await sender.tell("send", { channel: "orders.created", count: 1, data });
    }

    expect(await mesh.violations()).to.deep.equal([]);
    const records = [...mesh.records()];
    const events = handledEvents(records);
    const again = twiceOf(events);
    expect(again.map(({ begun }) => begun.map(({ attempt }) => attempt))).to.deep.equal(
      Array.from({ length: 3 }, () => [1, 2]),
    );
    expect(again.every(({ begun }) => begun[1]?.repeat === true)).to.equal(true);
    const causes = records.filter(({ action }) => action === "caught").map(({ cause }) => cause);
    expect(causes).to.deep.equal(again.map(({ id }) => `${id} billing ${pattern} 2 0`));
  });

  it("right after its ack: nobody handles the event again", async () => {
    const mesh = await FaultMesh.start();
    const cells = await mesh.seatGroup("billing", 4, { pattern });
    const sender = await mesh.seatOne("shop");

    for (let kill = 0; kill < 3; kill++) {
      await sendOne(sender, "orders.created");
      const { begun } = [...handledEvents(mesh.records()).values()].at(-1)!;
      await mesh.kill(cells.find(({ id }) => id === begun[0]?.cell)!);
    }
    await sendOne(sender, "orders.created");

    expect(await mesh.violations()).to.deep.equal([]);
    const events = handledEvents(mesh.records());
    expect(events.size).to.equal(4);
    expect(lostOf(events)).to.deep.equal([]);
    expect(twiceOf(events)).to.deep.equal([]);
  });
});

/** @returns how long it took from the send to the confirm that it is handled, in ms. */
async function sendOne(sender: Actor, channel: string): Promise<number> {
  return (await sender.tell("send", { channel, count: 1 })).p50Ms;
}

/** When a cell killed itself. */
function diedMs(records: readonly LogRecord[], cell: string): number {
  return records.find((record) => record.cell === cell && record.action === "fault")!.timeMs;
}

/** A quiet machine takes at most this long for a send, a delivery, an ack and a confirm. */
const quietPingMs = 10;

/** How much slower than a quiet machine this one is, by what 99 of 100 undisturbed events took meanwhile. */
function slackOf(pings: readonly number[]): number {
  return Math.max(1, percentileOf(sorted(pings), 0.99) / quietPingMs);
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}
