import { expect } from "chai";

import type { BenchCell } from "../bench-cell.js";
import type { CoreBench } from "../core-bench.js";
import { SiteNet } from "./site-net.js";

/** What a connection hears that says hello. */
function answer(
  cell: BenchCell,
  fields: { id: string; session?: number; secret?: string },
): string {
  cell.say("HELO", { service: "worker", ...fields });
  const { command, fields: heard } = cell.take().at(-1)!;
  return command === "ERRO" ? String(heard["code"]) : command;
}

describe("transmitter core: one id in a mesh (§2.6)", () => {
  it("refuses a second cell with the id of one that is attached elsewhere", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const worker = a.cell("worker");
    worker.catch("a", "any", { credit: 1 });

    expect(answer(b.stranger(), { id: worker.id })).to.equal("ID_TAKEN");
    expect(answer(b.stranger(), { id: worker.id, session: 1 })).to.equal("ID_TAKEN");

    // The first one has not noticed, and is given what is sent at either.
    b.cell("sender").send("a");
    const delivery = worker.takeOne("DLVR");
    worker.settle(delivery);
    expect(worker.take("GBYE")).to.deep.equal([]);
    expect(b.core.counters.values.cellsWelcomed).to.equal(1);
  });

  it("welcomes one that moves, by its higher session, while its old home has it", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const { id } = a.cell("worker");

    expect(answer(b.stranger(), { id, session: 2 })).to.equal("WLCM");
    expect(answer(c.stranger(), { id, session: 2 })).to.equal("ID_TAKEN");
    expect(answer(c.stranger(), { id, session: 3 })).to.equal("WLCM");
  });

  it("takes no more for taken than the home does that says so", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const left = a.cell("worker");
    const lost = c.cell("worker");
    left.say("GBYE");
    net.kill(2);

    expect(answer(b.stranger(), { id: left.id })).to.equal("WLCM");
    expect(answer(b.stranger(), { id: lost.id })).to.equal("WLCM");
  });

  it("gives way to whoever shows the secret of this very home", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const { id, welcome } = a.cell("worker");
    const secret = String(welcome["secret"]);
    expect(answer(b.stranger(), { id, session: 2 })).to.equal("WLCM");

    expect(answer(a.stranger(), { id, session: 3 })).to.equal("ID_TAKEN");
    expect(answer(a.stranger(), { id, session: 3, secret })).to.equal("WLCM");
  });

  it("lets one of two stay that came at the same time, at the transmitter of the lower id", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    net.isHeld = true;
    const first = a.cell("worker");
    const second = b.cell("worker", { id: first.id });
    net.isHeld = false;
    net.pump();

    expect(second.takeOne("GBYE").fields).to.deep.equal({ reason: "fenced" });
    expect(first.take("GBYE")).to.deep.equal([]);
    second.say("BEAT");
    expect(second.takeOne("ERRO").fields).to.include({ code: "NOT_WELCOME" });
    expect(b.core.counters.values.cellsFenced).to.equal(1);
    expect(answer(b.stranger(), { id: first.id })).to.equal("ID_TAKEN");
  });
});
