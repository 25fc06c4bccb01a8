import { expect } from "chai";

import type { BenchCell } from "../bench-cell.js";
import type { CoreBench } from "../core-bench.js";
import { die } from "../core-work.js";
import { SiteNet } from "./site-net.js";

interface Moving {
  readonly net: SiteNet;
  readonly old: CoreBench;
  readonly next: CoreBench;
  readonly cell: BenchCell;
  readonly sender: BenchCell;
}

/**
 * The only cell of a group, at one transmitter, is to go to another one. A sender is at a third one,
 * which does not hear what is caught at the new home.
 */
function moving(): Moving {
  const net = new SiteNet(3, { drainTimeoutMs: 10_000 });
  const [old, next, third] = net.benches as [CoreBench, CoreBench, CoreBench];
  const cell = old.cell("worker");
  cell.catch("a", "any", { credit: 1 });
  net.deafen(2, 1);
  return { net, old, next, cell, sender: third.cell("sender") };
}

function drain(bench: CoreBench): void {
  bench.turn(() => bench.core.drain(bench.nowMs));
}

/** The cell is attached to the new home, too, and catches there what it caught. */
function move({ next, cell }: Moving): BenchCell {
  const moved = next.cell("worker", { id: cell.id, session: 2 });
  moved.catch("a", "any", { credit: 1 });
  return moved;
}

/** An event is sent that only waits for its group, and the group gets it as soon as it is known. */
function expectWaiting({ net, sender }: Moving, moved: BenchCell): void {
  const seq = sender.send("a");
  expect(sender.confirms()).to.deep.equal([`${seq} accepted 1`]);
  net.hear(2, 1);
  moved.settle(moved.takeOne("DLVR"));
  expect(sender.confirms()).to.deep.equal([`${seq} handled`]);
}

describe("transmitter core: groups whose cells move (§10.8)", () => {
  it("stand where the farewell of their only cell comes before the news of its new home", () => {
    const made = moving();
    drain(made.old);
    const moved = move(made);
    made.cell.say("GBYE");

    expectWaiting(made, moved);
  });

  it("stand until that news has come by way of others, when more cells come to the new home", () => {
    const made = moving();
    drain(made.old);
    const moved = move(made);
    made.cell.say("GBYE");
    made.next.cell("worker").catch("a", "any", { credit: 0 });
    made.net.pass(1500);

    expectWaiting(made, moved);
  });

  it("stand as long when their only cell was lost before it came to the new home", () => {
    const made = moving();
    die(made.old, made.cell);
    const moved = move(made);
    made.net.pass(1500);

    expectWaiting(made, moved);
  });

  it("end 2 s after the move when the cell leaves its new home", () => {
    const made = moving();
    drain(made.old);
    const moved = move(made);
    made.cell.say("GBYE");
    moved.say("GBYE");
    made.net.hear(2, 1);
    made.net.pass(2100);

    made.sender.send("a");
    expect(made.sender.confirms()).to.deep.equal(["1 accepted 0", "1 handled"]);
  });

  it("keep what waits at a home that drains, and has not heard of the new one yet", () => {
    const made = moving();
    made.net.deafen(0, 1);
    const late = made.old.cell("late");
    for (let n = 0; n < 2; n++) late.send("a");
    drain(made.old);
    const moved = move(made);
    made.cell.settle(made.cell.takeOne("DLVR"));
    made.cell.say("CRED", { catch: 1, credit: 0 });
    made.cell.say("GBYE");
    expect(made.old.core.counters.values.deadLetters).to.equal(0);

    made.net.hear(0, 1);
    moved.settle(moved.takeOne("DLVR"));
    expect(late.confirms()).to.include("2 handled");
  });

  it("stand when each of two homes has lost their cells, and hears later that the other had some", () => {
    const made = moving();
    const { net, old, next, cell, sender } = made;
    net.hear(2, 1);
    net.deafen(0, 1);
    net.bury(1, 0);
    die(next, move(made));
    net.dig(1, 0);
    die(old, cell);
    net.hear(0, 1);
    net.pass(2500);

    const seq = sender.send("a");
    expect(sender.confirms()).to.deep.equal([`${seq} accepted 1`]);
  });

  it("end at once when their only cell says farewell to a home that stays", () => {
    const made = moving();
    made.cell.say("GBYE");

    made.sender.send("a");
    expect(made.sender.confirms()).to.deep.equal(["1 accepted 0", "1 handled"]);
  });
});
