import { expect } from "chai";

import type { BenchCell } from "../bench-cell.js";
import type { CoreBench } from "../core-bench.js";
import { SiteNet } from "./site-net.js";

/**
 * Two transmitters with a worker each. One event of a sender at the first is out at the worker
 * there; the sender has moved to the second one, and repeats it.
 */
function moving() {
  const net = new SiteNet(2);
  const [former, home] = net.benches as [CoreBench, CoreBench];
  const [busy, idle] = [former.cell("worker"), home.cell("worker")];
  busy.catch("a", "any", { credit: 5 });
  const sender = former.cell("sender");
  sender.send("a");
  const delivery = busy.takeOne("DLVR");
  idle.catch("a", "any", { credit: 5 });
  const repeat = (): BenchCell => {
    const moved = home.cell("sender", { id: sender.id, session: 2 });
    moved.send("a", { seq: 1, repeat: true });
    return moved;
  };
  return { net, former, home, busy, idle, delivery, repeat };
}

describe("transmitter core: links that begin anew between homes (§18.7, §18.9)", () => {
  it("leave to a living former home what it has answered for", () => {
    const { net, busy, idle, delivery, repeat } = moving();
    const moved = repeat();
    net.pass(1500);

    net.renew(0, 1);
    net.pass(1500);
    expect(idle.take("DLVR")).to.deep.equal([]);

    busy.settle(delivery);
    expect(moved.confirms()).to.include("1 handled");
    expect([...busy.take("DLVR"), ...idle.take("DLVR")]).to.deep.equal([]);
  });

  it("let it be asked again what it was not asked, or has not answered", () => {
    for (const answered of [false, true]) {
      const { net, idle, repeat } = moving();
      net.isHeld = true;
      repeat();
      if (answered) net.carryFirst(0);

      net.renew(0, 1);
      net.pass(1500);
      expect(idle.take("DLVR")).to.deep.equal([]);

      net.isHeld = false;
      net.pass(1500);
      expect(idle.take("DLVR")).to.deep.equal([]);
    }
  });

  it("let the former home say what was settled when the link began anew", () => {
    const { net, busy, delivery, repeat } = moving();
    const moved = repeat();
    net.pass(1500);
    net.isHeld = true;
    busy.settle(delivery);

    net.renew(0, 1);
    net.isHeld = false;
    net.pass(10);

    expect(moved.confirms()).to.include("1 handled");
  });

  it("leave with a cell what it has claimed at the other end, of a home that is dead", () => {
    const net = new SiteNet(3);
    const [dead, there, here] = net.benches as [CoreBench, CoreBench, CoreBench];
    const [sender, next] = [dead.cell("sender"), here.cell("sender")];
    const worker = dead.cell("worker");
    worker.catch("a", "any", { credit: 5 });
    sender.send("a");
    expect(worker.take("DLVR")).to.have.length(1);
    net.kill(0);
    const claims = [{ pattern: "a", held: [[sender.id, 1, 1]], settled: [] }];
    const again = there.cell("worker", { id: worker.id, session: 2, claims });
    again.catch("a", "any", { credit: 5 });
    // It holds something of the other transmitter, too.
    next.send("a");
    expect(again.take("DLVR")).to.have.length(1);
    const other = here.cell("worker");
    other.catch("a", "any", { credit: 5 });

    net.renew(1, 2);
    here.cell("sender", { id: sender.id, session: 2 }).send("a", { seq: 1, repeat: true });
    net.pass(1500);

    expect(other.take("DLVR")).to.deep.equal([]);
    const named = again.take("DLVR").map(({ fields }) => [fields["from"], fields["claimed"]]);
    expect(named).to.deep.equal([[{ id: sender.id, service: "sender" }, true]]);
  });
});
