import type { FieldMap } from "@thynapse/protocol";
import { expect } from "chai";

import type { Anycatch } from "../../cell-sdk/src/core/anycatch.js";
import type { HeldDelivery } from "../../cell-sdk/src/core/delivery.js";
import { CoreRig, type MadeRun, NotedWaiter } from "./core-rig.js";

interface Working {
  readonly rig: CoreRig;
  readonly supply: Anycatch;
}

function working(concurrency = 2, affinity?: boolean): Working {
  const rig = CoreRig.welcome();
  const wish = {
    ...{ pattern: "work.*", concurrency, credit: 100, redeliver: undefined, affinity },
    ...{ attemptsMax: undefined, ackTimeoutMs: undefined },
  };
  const supply = rig.act((core) => core.anycatch(wish, new NotedWaiter()));
  rig.grant();
  return { rig, supply };
}

function deliver(rig: CoreRig, fields: FieldMap, run: MadeRun): void {
  const name = { catch: 1, origin: "o1", number: 1, attempt: 1, repeat: false };
  rig.hear("DLVR", { ...name, ...fields }, run);
}

/** The origin of deliveries has died, another one has taken them over, and this home says so. */
function rename(rig: CoreRig, run: MadeRun, fields: FieldMap = {}): void {
  deliver(rig, { origin: "o2", number: 40, repeat: true, claimed: true, ...fields }, run);
  rig.act(() => undefined);
}

function take(supply: Anycatch): HeldDelivery {
  const delivery = supply.take();
  if (delivery === undefined) throw new Error("nothing to take");
  return delivery;
}

/** [origin, outcome, first, count, attempt] of all that was settled, and forgets it. */
function settled(rig: CoreRig): unknown[] {
  const rows = rig.all("SETL").flatMap(({ map }) => {
    const { origin, settled: list } = map as { origin: string; settled: unknown[][] };
    return list.map((row) => [origin, ...row.slice(0, 4)]);
  });
  rig.said.length = 0;
  return rows;
}

describe("cell: new names in an attachment that stands (§10.12)", () => {
  it("are those by which a running delivery is settled", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: ["x"] });
    const running = take(supply);
    rename(rig, { bodies: ["x"] });

    expect(supply.take()).to.equal(undefined);
    expect(supply.heldCount).to.equal(1);
    rig.act(() => {
      running.ack();
      supply.finished(running);
    });
    expect(settled(rig)).to.deep.equal([["o2", 0, 40, 1, 1]]);
    expect(supply.heldCount).to.equal(0);
  });

  it("are those by which deliveries in line begin, in their order", () => {
    const { rig, supply } = working(1);
    deliver(rig, {}, { bodies: [1, 2, 3] });
    const first = take(supply);
    rename(rig, { bodies: [1, 2, 3] });
    expect(supply.heldCount).to.equal(3);

    const names: unknown[] = [];
    for (let next: HeldDelivery | undefined = first; next !== undefined; next = supply.take()) {
      names.push([next.data, next.name.origin, next.name.number]);
      rig.act(() => {
        next?.ack();
        supply.finished(next as HeldDelivery);
      });
    }

    expect(names).to.deep.equal([
      [1, "o2", 40],
      [2, "o2", 41],
      [3, "o2", 42],
    ]);
    expect(supply.heldCount).to.equal(0);
  });

  it("are those of deliveries whose key is busy", () => {
    const { rig, supply } = working(2, true);
    const run = { bodies: [1, 2], extras: { key: "k" } };
    deliver(rig, {}, run);
    const first = take(supply);
    expect(supply.take()).to.equal(undefined);
    rename(rig, run);
    rig.act(() => {
      first.ack();
      supply.finished(first);
    });

    expect(take(supply).name).to.deep.equal({ origin: "o2", number: 41, attempt: 1 });
  });

  for (const outcome of ["ack", "nack", "release", "reject"] as const) {
    it(`settle again a delivery whose ${outcome} is not confirmed`, () => {
      const { rig, supply } = working();
      deliver(rig, {}, { bodies: ["x"] });
      const delivery = take(supply);
      rig.act(() => {
        delivery[outcome]();
        supply.finished(delivery);
      });
      const [[, code]] = settled(rig) as [[string, number]];

      rename(rig, { bodies: ["x"] });

      expect(supply.take()).to.equal(undefined);
      expect(settled(rig)).to.deep.equal([["o2", code, 40, 1, 1]]);
    });
  }

  it("settle again an ask that was acked without a result", () => {
    const { rig, supply } = working();
    const ask = { bodies: ["q"], extras: { ask: { timeoutMs: 9 } } };
    deliver(rig, {}, ask);
    const delivery = take(supply);
    rig.act(() => {
      delivery.ack();
      supply.finished(delivery);
    });
    settled(rig);

    rename(rig, ask);

    expect(supply.take()).to.equal(undefined);
    expect(settled(rig)).to.deep.equal([["o2", 0, 40, 1, 1]]);
  });

  it("are not forgotten when the settlement by the old one is refused", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: ["x"] });
    const delivery = take(supply);
    delivery.send("out", 1);
    rig.act(() => {
      delivery.ack();
      supply.finished(delivery);
    });
    rename(rig, { bodies: ["x"] });
    expect(supply.keptCount).to.equal(1);

    rig.hear("ERRO", { code: "STALE_ATTEMPT", message: "old", command: "SETL", ref: 1 });
    rig.hear("CNFM", { settled: [[1, 1]] });
    expect(supply.keptCount).to.equal(1);

    rig.hear("CNFM", { settled: [[2, 2]] });
    expect(supply.keptCount).to.equal(0);
  });

  it("are taken in by tens of thousands, of what is in line and of orphans", function () {
    // Those that are searched for one by one take minutes.
    this.timeout(15_000);
    const count = 65_535;
    const { rig, supply } = working();
    const run = { bodies: Array.from({ length: count }, () => 0) };
    deliver(rig, {}, run);
    rename(rig, run);
    expect(supply.heldCount).to.equal(count);
    const running = take(supply);

    rig.lose();
    rig.attach({ incarnation: 2 });
    rig.grant();
    rename(rig, run, { catch: 2, origin: "o3", number: 1 });
    expect(supply.heldCount).to.equal(count);
    const names = [running, take(supply)].map(({ name }) => name);
    expect(names).to.deep.equal([
      { origin: "o3", number: 1, attempt: 1 },
      { origin: "o3", number: 2, attempt: 1 },
    ]);
    expect(supply.take()).to.equal(undefined);
  });

  it("are taken in by thousands that wait for their key, and are orphans then", function () {
    // A note of all others for each of them takes minutes, and gigabytes.
    this.timeout(15_000);
    const count = 20_000;
    const { rig, supply } = working(2, true);
    const run = { bodies: Array.from({ length: count }, () => 0), extras: { key: "k" } };
    deliver(rig, {}, run);
    const running = take(supply);
    expect(supply.take()).to.equal(undefined);

    rig.lose();
    rig.attach({ incarnation: 2 });
    rig.grant();
    rename(rig, run, { catch: 2 });
    expect(supply.heldCount).to.equal(count);
    expect(running.name.number).to.equal(40);
    running.ack();
    supply.finished(running);
    expect(take(supply).name.number).to.equal(41);
  });

  it("give back what the cell does not have, and begin nothing", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: ["x"] });
    const held = take(supply);
    rename(rig, { bodies: ["x", "y", "z"] });

    expect(supply.take()).to.equal(undefined);
    expect(settled(rig)).to.deep.equal([["o2", 2, 41, 2, 1]]);
    expect(supply.heldCount).to.equal(1);
    expect(held.name.number).to.equal(40);
  });

  it("give back what was taken back while its handler still runs", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: ["x"] });
    const running = take(supply);
    rig.hear("BACK", { catch: 1, origin: "o1", number: 1, count: 1, attempt: 1 });
    rename(rig, { bodies: ["x"] }, { attempt: 2 });

    expect(supply.take()).to.equal(undefined);
    expect(settled(rig)).to.deep.equal([["o2", 2, 40, 1, 2]]);
    rig.act(() => {
      running.ack();
      supply.finished(running);
    });
    expect(settled(rig)).to.deep.equal([]);
  });

  it("make a delivery that was given back begin when it comes again", () => {
    const { rig, supply } = working();
    rename(rig, { bodies: ["x"] });
    settled(rig);
    deliver(rig, { origin: "o2", number: 40, attempt: 2, repeat: true }, { bodies: ["x"] });

    expect(take(supply).repeat).to.equal(true);
  });

  it("are not taken for the attempt after a nack", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: ["x"] });
    const failed = take(supply);
    rig.act(() => {
      failed.nack("no");
      supply.finished(failed);
    });
    deliver(rig, { attempt: 2, repeat: true }, { bodies: ["x"] });

    expect(take(supply).attempt).to.equal(2);
  });
});
