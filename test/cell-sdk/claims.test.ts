import { encodeMessagePack, type FieldMap } from "@thynapse/protocol";
import { expect } from "chai";

import type { Anycatch } from "../../cell-sdk/src/core/anycatch.js";
import type { HeldDelivery } from "../../cell-sdk/src/core/delivery.js";
import { cellId, CoreRig, type MadeRun, NotedWaiter, senderId } from "./core-rig.js";

const wish = {
  pattern: "work.*",
  concurrency: 2,
  credit: 100,
  redeliver: undefined,
  affinity: undefined,
  attemptsMax: undefined,
  ackTimeoutMs: undefined,
};

interface Working {
  readonly rig: CoreRig;
  readonly supply: Anycatch;
}

function working(): Working {
  const rig = CoreRig.welcome();
  const supply = rig.act((core) => core.anycatch(wish, new NotedWaiter()));
  rig.grant();
  return { rig, supply };
}

function deliver(rig: CoreRig, fields: FieldMap, run: MadeRun): void {
  rig.hear("DLVR", { origin: "o1", number: 1, attempt: 1, repeat: false, ...fields }, run);
}

function take(supply: Anycatch): HeldDelivery {
  const delivery = supply.take();
  if (delivery === undefined) throw new Error("nothing to take");
  return delivery;
}

function settle(supply: Anycatch, delivery: HeldDelivery): void {
  delivery.ack();
  supply.finished(delivery);
}

/** Loses the connection and comes back to a transmitter that has just started; the catch is 2. */
function comeBack({ rig }: Working): FieldMap {
  rig.lose();
  rig.said.length = 0;
  rig.attach({ incarnation: 2, origin: "o2" });
  const hello = rig.last("HELO").map;
  rig.grant();
  return hello;
}

function settledRows(rig: CoreRig): unknown[] {
  return rig.all("SETL").flatMap(({ map }) => map["settled"]);
}

describe("cell: claims (§10.9)", () => {
  it("list what is held and what was acked above the floor of its sender", () => {
    const made = working();
    const { rig, supply } = made;
    deliver(rig, { catch: 1 }, { first: 5, floor: 3, bodies: [5, 6, 7, 8] });
    const [five, six] = [take(supply), take(supply)];
    rig.act(() => settle(supply, five));
    void six;

    expect(comeBack(made)["claims"]).to.deep.equal([
      { pattern: "work.*", held: [[senderId, 6, 8]], settled: [[senderId, 5, 5]] },
    ]);
  });

  it("say nothing in the first HELO, and nothing of what is below the floor", () => {
    const made = working();
    const { rig, supply } = made;
    deliver(rig, { catch: 1 }, { first: 1, bodies: [1] });
    rig.act(() => settle(supply, take(supply)));
    deliver(rig, { catch: 1, number: 2 }, { first: 2, floor: 2, bodies: [2] });
    rig.act(() => settle(supply, take(supply)));

    expect(comeBack(made)["claims"]).to.deep.equal([
      { pattern: "work.*", held: [], settled: [[senderId, 2, 2]] },
    ]);
  });

  it("give a delivery that runs its new name without a new start", () => {
    const made = working();
    const { rig, supply } = made;
    deliver(rig, { catch: 1 }, { bodies: ["x"] });
    const running = take(supply);
    comeBack(made);

    const name = { catch: 2, origin: "o2", number: 40, repeat: true, claimed: true };
    deliver(rig, name, { bodies: ["x"] });

    expect(supply.take()).to.equal(undefined);
    rig.act(() => settle(supply, running));
    expect(rig.last("SETL").map).to.deep.equal({
      catch: 2,
      origin: "o2",
      ref: 1,
      settled: [[0, 40, 1, 1]],
    });
  });

  it("let a handler that ends meanwhile wait with its settlement for the new name", () => {
    const made = working();
    const { rig, supply } = made;
    deliver(rig, { catch: 1 }, { bodies: ["x", "y"] });
    const [plain, sending] = [take(supply), take(supply)];
    sending.send("out", 1);
    comeBack(made);
    rig.act(() => {
      settle(supply, plain);
      settle(supply, sending);
    });
    expect(settledRows(rig)).to.deep.equal([]);

    const name = { catch: 2, origin: "o2", number: 40, repeat: true, claimed: true };
    deliver(rig, name, { bodies: ["x", "y"] });
    rig.act(() => undefined);

    const [ackRow, outputsRow] = settledRows(rig) as [unknown[], unknown[]];
    expect(ackRow).to.deep.equal([0, 40, 1, 1]);
    expect(outputsRow.slice(0, 4)).to.deep.equal([0, 41, 1, 1]);
    expect(outputsRow[4]).to.have.property("outputs");
    expect(supply.take()).to.equal(undefined);
  });

  it("have an ack with outputs that was not confirmed held, and settled again", () => {
    const made = working();
    const { rig, supply } = made;
    deliver(rig, { catch: 1 }, { bodies: ["x"] });
    const delivery = take(supply);
    delivery.send("out", 1);
    rig.act(() => settle(supply, delivery));

    expect(comeBack(made)["claims"]).to.deep.equal([
      { pattern: "work.*", held: [[senderId, 1, 1]], settled: [] },
    ]);
    deliver(rig, { catch: 2, origin: "o2", repeat: true }, { bodies: ["x"] });
    rig.act(() => undefined);
    expect(settledRows(rig)).to.have.length(1);
    expect(supply.take()).to.equal(undefined);
    rig.hear("CNFM", { settled: [[1, 1]] });
    expect(supply.keptCount).to.equal(0);
  });

  it("ack at once an event that comes again although this cell has acked it", () => {
    const made = working();
    const { rig, supply } = made;
    deliver(rig, { catch: 1 }, { bodies: ["x"] });
    rig.act(() => settle(supply, take(supply)));
    comeBack(made);

    deliver(rig, { catch: 2, origin: "o2", number: 9, repeat: true }, { bodies: ["x"] });
    rig.act(() => undefined);

    expect(supply.take()).to.equal(undefined);
    expect(settledRows(rig)).to.deep.equal([[0, 9, 1, 1]]);
  });

  it("settle nothing that this cell has not acked, however much of its sender it has (§10.9)", () => {
    const made = working();
    const { rig, supply } = made;
    const count = 50_000;
    const bodies = Array.from({ length: count }, () => 0);
    const steps = Array.from({ length: count }, () => 2);
    const last = 2 * 4 * count - 1;
    for (let first = 1; first < last; first += 2 * count) {
      deliver(rig, { catch: 1, number: first }, { first, bodies, steps });
      rig.act(() => {
        for (let n = 0; n < count; n++) settle(supply, take(supply));
      });
    }
    const rows = comeBack(made)["claims"] as { settled: [string, number, number][] }[];
    expect(rows[0]?.settled.at(-1)).to.deep.equal([senderId, last, last]);
    expect(rows[0]?.settled.filter(([, first, end]) => first !== end)).to.deep.equal([]);

    const again = { catch: 2, origin: "o2", attempt: 2, repeat: true };
    deliver(rig, { ...again, number: 1 }, { first: 10, bodies: ["new here"] });
    deliver(rig, { ...again, number: 2 }, { first: last, bodies: ["acked here"] });

    expect(take(supply).data).to.equal("new here");
    expect(supply.take()).to.equal(undefined);
    rig.act(() => undefined);
    expect(settledRows(rig)).to.deep.equal([[0, 2, 1, 2]]);
  });

  it("fit into one HELO: what is held first, and the newest of each sender (§3.5)", () => {
    const rig = CoreRig.welcome();
    const patterns = ["a", "b", "c"];
    for (const [at, pattern] of patterns.entries()) {
      const supply = rig.act((core) => {
        return core.anycatch({ ...wish, pattern, credit: 60_000 }, new NotedWaiter());
      });
      rig.grant();
      const [count, heldCount] = [9000, at === 0 ? 1 : 5000];
      const bodies = Array.from({ length: count + heldCount }, () => 0);
      const run = { first: 2 ** 40, bodies, steps: bodies.map(() => 2) };
      deliver(rig, { catch: at + 1 }, run);
      deliver(rig, { catch: at + 1, number: 50_000 }, { sender: cellId, bodies: [0] });
      rig.act(() => {
        for (let n = 0; n < count; n++) settle(supply, take(supply));
      });
    }
    rig.lose();
    rig.attach({ incarnation: 2 });

    const hello = rig.last("HELO").map;
    expect(encodeMessagePack(hello)).to.have.length.within(600_000, 1024 * 1024);
    const claims = hello["claims"] as { held: unknown[]; settled: unknown[] }[];
    expect(claims.map(({ held }) => held.length)).to.deep.equal([2, 5001, 5001]);
    expect(claims.map(({ settled }) => settled.length)).to.deep.equal([665, 665, 666]);
    const newest = 2 ** 40 + 2 * 8999;
    for (const { settled } of claims) {
      expect(settled.at(-1)).to.deep.equal([senderId, newest, newest]);
    }
  });

  it("begin an ask again whose ack was confirmed: its result is not kept", () => {
    const made = working();
    const { rig, supply } = made;
    const ask = { bodies: ["q"], extras: { ask: { timeoutMs: 9 } } };
    deliver(rig, { catch: 1 }, ask);
    rig.act(() => settle(supply, take(supply)));
    rig.hear("CNFM", { settled: [[1, 1]] });
    comeBack(made);

    deliver(rig, { catch: 2, origin: "o2", repeat: true }, ask);

    expect(take(supply).data).to.equal("q");
  });

  it("begin what was not begun only under its new name, and not at all without one", () => {
    const made = working();
    const { rig, supply } = made;
    deliver(rig, { catch: 1 }, { bodies: [1, 2, 3, 4] });
    const running = [take(supply), take(supply)];
    comeBack(made);
    for (const delivery of running) rig.act(() => settle(supply, delivery));
    expect(supply.take()).to.equal(undefined);

    const name = { catch: 2, origin: "o2", number: 50, repeat: true, claimed: true };
    deliver(rig, name, { first: 4, bodies: [4] });
    const adopted = take(supply);
    expect(adopted.data).to.equal(4);
    expect(adopted.name).to.deep.equal({ origin: "o2", number: 50, attempt: 1 });
    for (let n = 0; n < 20; n++) {
      rig.hear("BEAT", {});
      rig.pass(300);
    }
    expect(supply.take()).to.equal(undefined);
  });

  it("are taken to be another cell's after 5 s without a new name: the signal aborts", () => {
    const made = working();
    const { rig, supply } = made;
    deliver(rig, { catch: 1 }, { bodies: [1] });
    const running = take(supply);
    const { signal } = running;
    comeBack(made);
    for (let n = 0; n < 20; n++) {
      rig.hear("BEAT", {});
      rig.pass(300);
    }

    expect(signal.aborted).to.equal(true);
    rig.act(() => settle(supply, running));
    expect(settledRows(rig)).to.deep.equal([]);
    expect(supply.heldCount).to.equal(0);
  });

  it("know nothing of a nack: its event begins again", () => {
    const made = working();
    const { rig, supply } = made;
    deliver(rig, { catch: 1 }, { bodies: [1] });
    const failed = take(supply);
    rig.act(() => {
      failed.nack("no");
      supply.finished(failed);
    });
    rig.hear("CNFM", { settled: [[1, 1]] });

    deliver(rig, { catch: 1, attempt: 2, repeat: true }, { bodies: [1] });

    expect(take(supply).attempt).to.equal(2);
  });
});
