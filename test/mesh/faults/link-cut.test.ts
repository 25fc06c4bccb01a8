import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";

import type { LogRecord } from "../../simulation/log.js";
import { eventually } from "../../support/eventually.js";
import type { Actor } from "./actor.js";
import type { FaultTransmitter } from "./fault-transmitter.js";
import { handledEvents, lostOf } from "./handlings.js";
import type { Notice } from "./instructions.js";
import { bothWays, type Way } from "./network.js";
import { endNetworkMeshes, NetworkMesh } from "./network-mesh.js";

const channel = "orders.created";
const cutMs = 3000;
/** Longer than it takes to find one dead, and than a sender keeps what was handled. */
const longCutMs = 6000;
/** How long views may take to be equal, and gaps to be repaired, after the heal of a link. */
const healMs = 2000;
/** The shortest time between two changes of what a transmitter says of another one. */
const flapMsMin = 2000;

/* Real cuts, in network namespaces: needs root, iproute2 and nftables, and says so where they are missing. */
describe("faults: the link between two transmitters", function () {
  this.timeout(90_000);
  afterEach(endNetworkMeshes);

  it("cut for 3 s on both ways: each side serves its own, and nothing is lost after the heal", async () => {
    const run = await cutUnderLoad(bothWays);

    expectAllThere(run);
  });

  it("cut for 3 s on one way: the same, and nobody is called dead and alive again and again", async () => {
    const run = await cutUnderLoad((one, other) => [[one, other]]);

    expectAllThere(run);
    for (const times of changesOf(run.notices)) {
      const gaps = times.slice(1).map((timeMs, at) => timeMs - times[at]!);
      expect(Math.min(...gaps, Number.POSITIVE_INFINITY)).to.be.at.least(flapMsMin);
    }
  });

  it("cut for 6 s, in which the one with all senders dies: what others missed they report as a gap", async () => {
    const net = await NetworkMesh.start(3);
    const { mesh } = net;
    const [origin, ...others] = mesh.transmitters as [FaultTransmitter, ...FaultTransmitter[]];
    const listeners: Actor[] = [];
    for (const home of others) {
      const listener = await mesh.seatOne("audit", net.beside(home));
      await listener.tell("multicatch", { pattern: "orders.*" });
      listeners.push(listener);
    }
    const sender = await mesh.seatOne("shop", net.beside(origin));
    const sending = sender.tell("send", { channel, count: 400, perSecond: 50 });
    await eventually(async () => expect((await listeners[0]!.tell("tally")).caught).to.be.above(0));

    const ways = others.flatMap((other) => bothWays(...net.way(origin, other)));
    for (const { id } of others) mesh.note({ home: origin.id, peer: id, count: longCutMs });
    await net.network.cut(...ways);
    await delay(longCutMs);
    await origin.kill();
    await net.network.heal(...ways);
    await sending;
    await net.whole();

    expect(await mesh.violations()).to.deep.equal([]);
    const gaps = [...mesh.records()].filter(
      ({ action, count }) => action === "gap" && count === undefined,
    );
    expect(gaps.map(({ cell }) => cell).toSorted()).to.deep.equal(
      listeners.map(({ id }) => id).toSorted(),
    );
  });
});

interface CutRun {
  readonly records: readonly LogRecord[];
  readonly violations: readonly unknown[];
  readonly notices: readonly Notice[];
  readonly sent: number;
  readonly refused: readonly string[];
  /** From the heal until all views were equal, and until every listener had every event. */
  readonly viewsMs: number;
  readonly repairedMs: number;
}

/** One cell of a group, one listener and one sender at each of three transmitters; the link of two of them is cut. */
async function cutUnderLoad(
  waysOf: (one: string, other: string) => readonly Way[],
): Promise<CutRun> {
  const net = await NetworkMesh.start(3);
  const { mesh } = net;
  const [one, other] = mesh.transmitters as [
    (typeof mesh.transmitters)[0],
    typeof mesh.transmitter,
  ];
  const listeners: Actor[] = [];
  const senders: Actor[] = [];
  for (const home of mesh.transmitters) {
    await mesh.seatGroup("billing", 1, { pattern: "orders.*", ...net.beside(home) });
    const listener = await mesh.seatOne("audit", net.beside(home));
    await listener.tell("multicatch", { pattern: "orders.*" });
    listeners.push(listener);
    senders.push(await mesh.seatOne("shop", net.beside(home)));
  }
  const load = { channel, count: 250, perSecond: 50 };
  const sending = senders.map((sender) => sender.tell("send", load));
  await eventually(async () => expect((await listeners[0]!.tell("tally")).caught).to.be.above(0));

  const ways = waysOf(...net.way(one, other));
  mesh.note({ home: one.id, peer: other.id, count: cutMs });
  await net.network.cut(...ways);
  await delay(cutMs);
  await net.network.heal(...ways);
  const healedMs = performance.now();
  const viewsMs = await net.whole();
  const reports = await Promise.all(sending);
  const sent = load.count * senders.length;
  await eventually(() => allCaught(listeners, sent), { withinMs: 20_000 }).catch(
    async (error: Error) => {
      // Whoever was called dead meanwhile, on a machine that is too busy, explains it.
      const told = (await net.notices()).map((it) => `${it.channel} ${JSON.stringify(it.data)}`);
      throw new Error([error.message, ...told].join("\n"), { cause: error });
    },
  );
  const repairedMs = performance.now() - healedMs;

  const notices = await net.notices();
  const violations = await mesh.violations();
  const refused = reports.flatMap((report) => report.refused);
  return { records: [...mesh.records()], violations, notices, sent, refused, viewsMs, repairedMs };
}

function expectAllThere({ records, violations, sent, refused, ...times }: CutRun): void {
  const { viewsMs, repairedMs } = times;
  console.log(
    `      views equal after ${viewsMs.toFixed(0)} ms, all caught after ${repairedMs.toFixed(0)}`,
  );
  expect(refused).to.deep.equal([]);
  expect(violations).to.deep.equal([]);
  const events = handledEvents(records);
  expect(events.size).to.equal(sent);
  expect(lostOf(events)).to.deep.equal([]);
  expect(viewsMs).to.be.at.most(healMs);
}

async function allCaught(listeners: readonly Actor[], sent: number): Promise<void> {
  for (const listener of listeners) {
    const { caught, gone } = await listener.tell("tally");
    expect({ caught, gone }).to.deep.equal({ caught: sent, gone: 0 });
  }
}

/** When each transmitter was told to be in another state, by transmitter. */
function changesOf(notices: readonly Notice[]): number[][] {
  const times = new Map<string, number[]>();
  for (const { channel: told, data, timeMs } of notices) {
    if (!/^\$mesh\.transmitter\.(?:dead|alive)$/.test(told)) continue;
    const id = String(data["id"]);
    times.set(id, [...(times.get(id) ?? []), timeMs]);
  }
  return [...times.values()];
}
