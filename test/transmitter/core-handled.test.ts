import { RangeSet } from "@thynapse/protocol";
import { expect } from "chai";

import { CoreBench } from "./core-bench.js";

describe("transmitter core: what its sender knows to be handled", () => {
  it("goes to streams, is confirmed at once, and is given to no group (§7.10)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 2, encoding: "M" });
    const worker = bench.cell("worker", { encoding: "M" });
    worker.catch("a", "any", { credit: 5 });
    const { topic } = bench.cell("listener", { encoding: "M" }).catch("a", "multi");
    bench.pass(1000);
    const handled = new RangeSet();
    handled.add(1, 2);
    handled.add(4, 9);

    sender.sendRun(
      [1, 2, 3, 4].map((data) => ({ channel: "a", data })),
      { handled },
    );

    expect(sender.confirms()).to.include.members(["1-2 handled", "4-4 handled"]);
    expect(bench.stream(topic).map(({ count }) => count)).to.deep.equal([4]);
    bench.pass(1000);
    expect(worker.takeOne("DLVR").run).to.include({ count: 1, last: 3 });
  });

  it("is not known here yet: what comes again is a repeat from then on (§11.3)", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender", { session: 2 });
    const { topic } = bench.cell("listener").catch("a", "multi");
    bench.pass(1000);

    sender.send("a", { seq: 7, repeat: true, handled: true });
    expect(sender.confirms()).to.deep.equal(["7 accepted 1", "7 handled"]);
    sender.send("a", { seq: 7, repeat: true, handled: true });

    expect(sender.confirms()).to.deep.equal(["7 accepted 0 repeat", "7 handled"]);
    expect(bench.stream(topic)).to.have.length(1);
  });

  it("may be an ask, whose group is not asked again: there is a listener all the same (§12.2)", () => {
    const bench = new CoreBench();
    const asker = bench.cell("asker", { session: 2 });
    const worker = bench.cell("worker");
    worker.catch("a", "any");
    bench.pass(1000);

    asker.send("a", { ask: { timeoutMs: 500 }, repeat: true, handled: true });
    bench.pass(499);
    expect(asker.take("ANSR")).to.deep.equal([]);
    bench.pass(2);

    expect(asker.takeOne("ANSR").fields).to.include({ state: "error", code: "TIMEOUT" });
    expect(worker.take("DLVR")).to.deep.equal([]);
  });
});
