import { expect } from "chai";

import type { MulticatchSupply } from "../../cell-sdk/src/core/multicatch-supply.js";
import { wish } from "./catching.js";
import { ack, deliver, settled, wish as anyWish } from "./working.js";
import { CoreRig, NotedWaiter } from "./core-rig.js";

interface Wished {
  readonly ref: unknown;
  readonly supply: MulticatchSupply;
  readonly waiter: NotedWaiter;
}

function wished(rig: CoreRig, pattern: string): Wished {
  const waiter = new NotedWaiter();
  const supply = rig.act((core) => core.multicatch({ ...wish, pattern }, waiter));
  return { ref: rig.last("CTCH").map["ref"], supply, waiter };
}

function grant(rig: CoreRig, { ref, supply }: Wished, caught: number): void {
  const { pattern } = supply;
  rig.hear("CGHT", { catch: caught, ref, pattern, mode: "multi", topic: `s-${pattern}`, next: 1 });
}

describe("cell: grants that come late (§5.8)", () => {
  it("are told apart by their reference, in whatever order they come", () => {
    const rig = CoreRig.welcome();
    const [one, two] = [wished(rig, "a"), wished(rig, "b")];
    grant(rig, two, 2);
    rig.mark("s-b", 1);
    expect([one.waiter.state, two.waiter.state]).to.deep.equal(["waiting", "resolved"]);

    grant(rig, one, 1);
    rig.mark("s-a", 1);
    rig.stream("s-b", 1, { channel: "b", bodies: ["to b"] });

    expect(one.waiter.state).to.equal("resolved");
    expect(one.supply.take()).to.equal(undefined);
    expect(two.supply.take()?.data).to.equal("to b");
  });

  it("do not hold up confirms, nor the sends behind them", () => {
    const rig = CoreRig.welcome();
    const { waiter } = wished(rig, "a");
    rig.act(({ outbox }) => outbox.send("x", 1));
    rig.hear("CNFM", { accepted: [[1, 1, 0, false]], handled: [[1, 1]] });

    expect(rig.core.outbox.pendingEvents).to.equal(0);
    expect(waiter.state).to.equal("waiting");
  });

  it("end a catch that was released meanwhile", () => {
    const rig = CoreRig.welcome();
    const one = wished(rig, "a");
    rig.act((core) => core.catches.releaseMulticatch(one.supply));
    grant(rig, one, 7);

    expect(rig.last("DROP").map).to.deep.equal({ catch: 7 });
  });

  it("do not end a catch that was released and made again: it has the same number (§5.6)", () => {
    const rig = CoreRig.welcome();
    const one = wished(rig, "a");
    rig.act((core) => core.catches.releaseMulticatch(one.supply));
    const again = wished(rig, "a");
    grant(rig, one, 7);
    grant(rig, again, 7);
    rig.mark("s-a", 1);

    expect(rig.all("DROP")).to.deep.equal([]);
    expect(again.waiter.state).to.equal("resolved");
  });

  it("of an anycatch that was released and made again bring deliveries that are for it (§5.8)", () => {
    const rig = CoreRig.welcome();
    const waiter = new NotedWaiter();
    const first = rig.act((core) => core.anycatch(anyWish, waiter));
    const { ref } = rig.last("CTCH").map;
    rig.act((core) => core.catches.releaseAnycatch(first, waiter));
    const second = rig.act((core) => core.anycatch(anyWish, waiter));
    const { ref: again } = rig.last("CTCH").map;
    const { pattern } = anyWish;

    rig.hear("CGHT", { catch: 1, ref, pattern, mode: "any" });
    deliver(rig, {}, { bodies: ["one"] });
    rig.hear("CGHT", { catch: 1, ref: again, pattern, mode: "any" });
    deliver(rig, { number: 2 }, { first: 2, bodies: ["two"] });

    expect([ack(second).data, ack(second).data]).to.deep.equal(["one", "two"]);
    rig.act(() => {});
    expect(settled(rig)).to.deep.equal([[0, 1, 2, 1]]);
    expect(rig.all("DROP")).to.deep.equal([]);
  });
});

describe("cell: streams of another home (§8.11)", () => {
  const other = { id: "7b".repeat(20), incarnation: 4 };
  const gaps = (rig: CoreRig): unknown[] =>
    rig.statuses.flatMap((status) => (status.kind === "gap" ? [status.count] : []));

  /** A cell that had `events` of its sender at one home and is armed at another. */
  function moved(bodies: readonly unknown[]): { rig: CoreRig; supply: MulticatchSupply } {
    const rig = CoreRig.welcome();
    const { supply } = wished(rig, "a");
    rig.grant({ topic: "s-one" });
    rig.mark("s-one", 1);
    if (bodies.length > 0) rig.stream("s-one", 1, { bodies });
    rig.pass(2100);
    rig.attach(other);
    rig.grant({ topic: "s-two", next: 700 });
    rig.mark("s-two", 700);
    return { rig, supply };
  }

  it("begin with a gap without a count, once", () => {
    const { rig } = moved([1, 2]);
    expect(gaps(rig)).to.deep.equal([undefined]);

    rig.stream("s-two", 700, { first: 3, bodies: [3] });
    expect(gaps(rig)).to.deep.equal([undefined]);
    expect(rig.all("MISS")).to.deep.equal([]);
  });

  it("begin with a gap although nothing was ever heard on the old one but its mark", () => {
    expect(gaps(moved([]).rig)).to.deep.equal([undefined]);
  });

  it("begin without one where the cell was never armed: it was promised nothing", () => {
    const rig = CoreRig.welcome();
    wished(rig, "a");
    rig.grant({ topic: "s-one" });
    rig.pass(400);
    rig.hear("BEAT", {});
    rig.act((core) => core.disconnected("cut", rig.nowMs));
    rig.pass(50);
    rig.attach(other);
    rig.grant({ topic: "s-two", next: 700 });
    rig.mark("s-two", 700);

    expect(gaps(rig)).to.deep.equal([]);
  });

  it("bring repeats that are dropped, and no event of a sender behind a later one", () => {
    const { rig, supply } = moved([1, 2, 3]);
    rig.stream("s-two", 700, { first: 2, floor: 2, bodies: [2, 3, 4, 5] });
    rig.stream("s-two", 704, { first: 6, floor: 2, bodies: [6] });

    const data: unknown[] = [];
    for (let event = supply.take(); event !== undefined; event = supply.take()) {
      data.push(event.data);
      supply.finished();
    }
    expect(data).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(
      rig.core.catches.all().map((each) => each.mode === "multi" && each.filter.repeats),
    ).to.deep.equal([2]);
  });

  it("are left behind again: what the old numbers say counts no more", () => {
    const { rig, supply } = moved([1]);
    rig.stream("s-one", 2, { first: 2, bodies: ["late"] });
    rig.mark("s-one", 900);

    expect(rig.all("MISS")).to.deep.equal([]);
    expect(supply.take()?.data).to.equal(1);
    supply.finished();
    expect(supply.take()).to.equal(undefined);
  });
});
