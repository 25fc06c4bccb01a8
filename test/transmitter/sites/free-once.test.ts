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
