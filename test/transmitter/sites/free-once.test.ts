import { expect } from "chai";

import type { CoreBench } from "../core-bench.js";
import { SiteNet } from "./site-net.js";

describe("transmitter core: that a former home has given out nothing (§18.7)", () => {
  for (const redeliver of [true, false]) {
    const what = redeliver ? "marked, to" : "not at all to";
    it(`is no answer for what was given out since: it comes again ${what} a cell that comes anew`, () => {
      const net = new SiteNet(2);
      const [a, b] = net.benches as [CoreBench, CoreBench];
      const worker = b.cell("worker");
      const catching = { credit: 0, redeliver };
      const { catch: number } = worker.catch("a", "any", catching);
      const sender = a.cell("sender");
      sender.send("a");
      b.cell("sender", { id: sender.id, session: 2 }).send("a", { seq: 1, repeat: true });
      net.pass(1500);
      worker.say("CRED", { catch: number, credit: 5 });
      expect(worker.takeOne("DLVR").fields).to.include({ attempt: 1, repeat: false });

      const secret = String(worker.welcome["secret"]);
      const anew = b.cell("worker", { id: worker.id, session: 2, secret });
      anew.catch("a", "any", { credit: 5, redeliver });
      net.pass(3000);

      const given = anew.take("DLVR").map(({ fields }) => [fields["attempt"], fields["repeat"]]);
      expect(given).to.deep.equal(redeliver ? [[2, true]] : []);
    });
  }
});

describe("transmitter core: two homes of a sender that ask each other (§18.7)", () => {
  it("do not both wait for what each of them holds back", () => {
    const net = new SiteNet(3);
    const [first, earlier, later] = net.benches as [CoreBench, CoreBench, CoreBench];
    const worker = first.cell("worker");
    const { catch: number } = worker.catch("a", "any", { credit: 0 });
    const { id } = first.cell("sender");
    const event = { seq: 1, id: "key", repeat: true };
    // The later home hears late what the earlier one asks, and is the home of the sender by then.
    net.isHeld = true;
    earlier.cell("sender", { id, session: 2 }).send("a", event);
    // With this one waiting for it the earlier home leaves it to nobody.
    const other = earlier.cell("other");
    other.send("a", { id: "key" });
    net.pumpPast(2);
    const moved = later.cell("sender", { id, session: 3 });
    moved.send("a", event);
    net.pumpPast(2);
    net.isHeld = false;
    net.pass(3000);

    worker.say("CRED", { catch: number, credit: 5 });
    net.pass(100);
    worker.settle(worker.takeOne("DLVR"));
    net.pass(100);

    expect(moved.confirms()).to.include("1 handled");
    expect(other.confirms()).to.include("1 handled");
    expect(worker.take("DLVR")).to.deep.equal([]);
  });
});
