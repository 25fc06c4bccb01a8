import { expect } from "chai";

import type { LogRecord } from "../../simulation/log.js";
import type { Violation } from "../../simulation/checker.js";
import { eventually } from "../../support/eventually.js";
import type { Actor } from "./actor.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import { handledEvents, lostOf, twiceOf } from "./handlings.js";
import type { Tally } from "./instructions.js";
import { Observer } from "./observer.js";

const pattern = "orders.*";
const channel = "orders.created";
const frozenMs = 5000;
const blockedMs = 10_000;

/* The faults take seconds in which nobody uses a core, so all run at once, each in a mesh of its own. */
describe("faults: a cell that stands still", function () {
  this.timeout(60_000);
  let running: Readonly<Record<"zombie" | "blocked" | "gap" | "repair", Promise<StallRun>>>;

  before(() => {
    running = {
      zombie: freezeInHandler(),
      blocked: blockInHandler(),
      gap: freezeListener("1MiB"),
      repair: freezeListener("64MiB"),
    };
    // Each is awaited by its own test.
    for (const run of Object.values(running)) run.catch(() => {});
  });
  after(endMeshes);

  it("frozen in its handler, loses the event to another within 2.5 s, and its late ack and outputs count for nothing", async () => {
    const { records, violations, tally } = await running.zombie;

    expect(violations).to.deep.equal([]);
    const [event] = twiceOf(handledEvents(records));
    expect(event?.begun.map(({ attempt }) => attempt)).to.deep.equal([1, 2]);
    const movedMs = event!.begun[1]!.timeMs - timeOf(records, "fault");
    console.log(`      a frozen cell's event moved in ${Math.round(movedMs)} ms`);
    expect(movedMs).to.be.at.most(2500);
    const outputs = records.filter(({ action }) => action === "caught");
    expect(outputs.map(({ cause }) => cause)).to.deep.equal([
      `${event!.id} billing ${pattern} 2 0`,
    ]);
    expect(tally.statuses).to.include({ welcome: 2 });
  });

  it("blocked for 10 s, keeps its event and gets no other", async () => {
    const { records, violations, tally } = await running.blocked;

    expect(violations).to.deep.equal([]);
    const events = handledEvents(records);
    expect(events.size).to.equal(21);
    expect(lostOf(events)).to.deep.equal([]);
    expect(twiceOf(events)).to.deep.equal([]);
    expect(tally.begun).to.equal(1);
    // It was suspected and never given up: it is still attached as it was.
    expect(tally.statuses).to.include({ welcome: 1 }).and.not.have.property("reconnecting");
  });

  it("frozen as a listener, costs the others nothing and is told how many events it lost", async () => {
    const { records, violations, tally } = await running.gap;

    expect(violations).to.deep.equal([]);
    expect(tally.gone).to.be.above(0);
    expect(tally.caught + tally.gone).to.equal(sentCount(records));
  });

  it("frozen as a listener, has every event afterwards where the ring holds them", async () => {
    const { records, violations, tally } = await running.repair;

    expect(violations).to.deep.equal([]);
    expect(tally.gone).to.equal(0);
    expect(tally.caught).to.equal(sentCount(records));
  });
});

interface StallRun {
  readonly records: readonly LogRecord[];
  readonly violations: readonly Violation[];
  /** Of the cell that stood still. */
  readonly tally: Tally;
}

async function freezeInHandler(): Promise<StallRun> {
  const mesh = await FaultMesh.start();
  const cells = await mesh.seatGroup("billing", 2, { pattern });
  const [audit, sender] = [await mesh.seatOne("audit"), await mesh.seatOne("shop")];
  await audit.tell("multicatch", { pattern: "billed.*" });
  const data = { deed: "hold", output: "billed.one" } as const;
  const sending = sender.tell("send", { channel, count: 1, data });
  const cell = await eventually(() => holderOf(cells));

  const freezing = mesh.freeze(cell, frozenMs);
  // Read at the moment in which it wakes: the handler ends before anything else is known.
  const finished = cell.tell("finish");
  await Promise.all([sending, freezing, finished]);

  const tally = await eventually(async () => {
    const now = await cell.tell("tally");
    expect(now.statuses).to.include({ armed: 2 });
    return now;
  });
  return endOf(mesh, tally);
}

async function blockInHandler(): Promise<StallRun> {
  const mesh = await FaultMesh.start();
  const cells = await mesh.seatGroup("billing", 2, { pattern, options: { credit: 4 } });
  const sender = await mesh.seatOne("shop");
  await using observer = await Observer.of(mesh);
  const data = { deed: "block", ms: blockedMs } as const;
  const blocking = sender.tell("send", { channel, count: 1, data });
  const suspect = await eventually(async () => {
    const found = (await observer.cells()).find(({ state }) => state === "suspect");
    if (found === undefined) throw new Error("no cell is suspect");
    return found;
  });

  const others = await sender.tell("send", { channel, count: 20 });
  expect(others.p99Ms).to.be.below(blockedMs / 2);
  await blocking;

  const blocked = cells.find(({ id }) => id === suspect.id);
  return endOf(mesh, await blocked!.tell("tally"));
}

async function freezeListener(ring: string): Promise<StallRun> {
  const mesh = await FaultMesh.start({ flags: ["--ring", ring] });
  const listeners = await mesh.seat("audit", 3);
  await Promise.all(listeners.map((cell) => cell.tell("multicatch", { pattern })));
  const sender = await mesh.seatOne("shop");
  const [perSecond, seconds] = [250, frozenMs / 1000 + 1];
  const load = { channel, count: perSecond * seconds, perSecond, padBytes: 16_384 };
  const frozen = listeners[0]!;

  const sending = sender.tell("send", load);
  await eventually(async () => expect((await frozen.tell("tally")).caught).to.be.above(0));
  await mesh.freeze(frozen, frozenMs);
  await sending;

  const tally = await eventually(async () => {
    const now = await frozen.tell("tally");
    expect(now.caught + now.gone).to.equal(load.count);
    return now;
  });
  return endOf(mesh, tally);
}

async function endOf(mesh: FaultMesh, tally: Tally): Promise<StallRun> {
  const violations = await mesh.violations();
  return { records: [...mesh.records()], violations, tally };
}

function holderOf(cells: readonly Actor[]): Actor {
  const holder = cells.find(({ holding }) => holding.length > 0);
  if (holder === undefined) throw new Error("nobody has begun");
  return holder;
}

function timeOf(records: readonly LogRecord[], action: LogRecord["action"]): number {
  return records.find((record) => record.action === action)!.timeMs;
}

function sentCount(records: readonly LogRecord[]): number {
  return records.filter(({ action }) => action === "sent").length;
}
