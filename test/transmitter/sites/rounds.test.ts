import { expect } from "chai";

import type { BenchCell } from "../bench-cell.js";
import type { CoreBench } from "../core-bench.js";
import { isEvent } from "./apart.js";
import { SiteNet } from "./site-net.js";

interface Moving {
  readonly net: SiteNet;
  readonly old: CoreBench;
  readonly sender: BenchCell;
  readonly cell: BenchCell;
  readonly caught: Record<string, unknown>;
}

/** A cell with a stream at one transmitter, and a sender at another one. */
function moving(): Moving {
  const net = new SiteNet(3);
  const [old, far] = net.benches as [CoreBench, CoreBench];
  const cell = old.cell("listener");
  const caught = cell.catch("x", "multi");
  return { net, old, sender: far.cell("sender"), cell, caught };
}

describe("transmitter core: a stream that is left (§8.12, §18.10)", () => {
  it("is said to be whole when all is on it that others sent before", () => {
    const { net, old, sender, cell, caught } = moving();
    net.isHeld = true;
    for (let n = 0; n < 3; n++) sender.send("x");
    cell.say("CTCH", { pattern: "x", mode: "multi", ref: 9 });
    expect(cell.take("CGHT")).to.deep.equal([]);
    net.pump();

    const { fields } = cell.takeOne("CGHT");
    expect(fields).to.deep.include({ catch: caught["catch"], topic: caught["topic"], ref: 9 });
    expect(fields["next"]).to.equal(4);
    expect(old.stream(caught["topic"]).filter(isEvent)).to.have.length(3);
  });

  it("is answered at once where there is nobody else", () => {
    const net = new SiteNet(1);
    const cell = (net.benches[0] as CoreBench).cell("listener");
    cell.catch("x", "multi");

    expect(cell.catch("x", "multi")["next"]).to.equal(1);
  });

  it("is not waited for longer than 2 s, and then nothing is promised", () => {
    const { net, cell } = moving();
    net.isHeld = true;
    cell.say("CTCH", { pattern: "x", mode: "multi" });
    net.pass(1900);
    expect(cell.take("CGHT")).to.deep.equal([]);
    net.pass(200);

    expect(cell.takeOne("CGHT").fields).to.not.have.property("next");
    net.isHeld = false;
    net.pump();
    expect(cell.take("CGHT")).to.deep.equal([]);
  });

  it("does not wait for a transmitter that dies meanwhile, and then nothing is promised", () => {
    const { net, cell } = moving();
    net.isHeld = true;
    cell.say("CTCH", { pattern: "x", mode: "multi" });
    net.kill(1);
    net.pump();
    expect(cell.takeOne("CGHT").fields).to.not.have.property("next");

    // Of one that is dead since before nothing can be on its way.
    net.isHeld = false;
    expect(cell.catch("x", "multi")["next"]).to.equal(1);
  });

  it("is said to be whole when a transmitter has left", () => {
    const { net, cell } = moving();
    net.leave(1);

    expect(cell.catch("x", "multi")["next"]).to.equal(1);
  });

  it("promises nothing if a word was lost with its link", () => {
    const { net, cell } = moving();
    net.isHeld = true;
    cell.say("CTCH", { pattern: "x", mode: "multi" });
    net.sent.splice(0, 1);
    net.isHeld = false;
    net.pump();
    expect(cell.take("CGHT")).to.deep.equal([]);
    net.pass(2100);

    expect(cell.takeOne("CGHT").fields).to.not.have.property("next");
  });
});
