import { expect } from "chai";

import type { CoreBench } from "../core-bench.js";
import { isEvent } from "./apart.js";
import { SiteNet } from "./site-net.js";

describe("transmitter core: fences between transmitters (§18.6)", () => {
  it("drop the outputs of a delivery that its origin has given to another site meanwhile", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const { topic } = a.cell("audit").catch("done", "multi");
    const first = b.cell("worker");
    first.catch("a", "any", { credit: 1 });
    sender.send("a");
    const early = first.takeOne("DLVR");
    const second = c.cell("worker");
    second.catch("a", "any", { credit: 1 });

    // The first site is only cut off from the origin, and knows nothing of that.
    net.bury(0, 1);
    net.pass(1100);
    const late = second.takeOne("DLVR");
    net.dig(0, 1);
    first.settle(early, "ack", { outputs: [{ channel: "done", data: "first" }] });
    second.settle(late, "ack", { outputs: [{ channel: "done", data: "second" }] });

    const outputs = a.stream(topic).filter(isEvent);
    expect(outputs.map(({ fields }) => fields["data"])).to.deep.equal(["second"]);
    expect(a.core.counters.values.outputsFenced).to.equal(1);
    expect(first.take("ERRO").map(({ fields }) => fields["code"])).to.deep.equal(["STALE_ATTEMPT"]);
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });

  it("tell deliveries of one number apart by their origins", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const [one, other] = [a.cell("sender"), c.cell("sender")];
    const worker = b.cell("worker");
    worker.catch("a", "any", { credit: 2 });
    one.send("a");
    other.send("a");
    const [first, second] = worker.take("DLVR");
    expect([first?.fields["number"], second?.fields["number"]]).to.deep.equal([1, 1]);

    worker.settle(second!);

    expect(one.confirms()).to.deep.equal(["1 accepted 1"]);
    expect(other.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });

  it("give nothing out again that a cell had which is no more, if redeliver is false (§10.7)", () => {
    const options = { credit: 1, redeliver: false };
    const net = new SiteNet(2);
    const [near, far] = net.benches as [CoreBench, CoreBench];
    const sender = near.cell("sender");
    const worker = far.cell("worker");
    worker.catch("a", "any", options);
    sender.send("a");
    const delivery = worker.takeOne("DLVR");

    // It is settled, with outputs, when the two are cut off from each other, and its cell leaves.
    net.isHeld = true;
    worker.settle(delivery, "ack", { outputs: [{ channel: "done", data: 1 }] });
    net.sent.length = 0;
    net.bury(0, 1);
    net.bury(1, 0);
    net.isHeld = false;
    const other = far.cell("worker");
    other.catch("a", "any", options);
    worker.say("GBYE");
    net.dig(0, 1);
    net.dig(1, 0);
    net.pass(1500);

    expect(other.take("DLVR")).to.deep.equal([]);
    expect(sender.confirms()).to.deep.equal(["1 accepted 1", "1 handled"]);
  });
});
