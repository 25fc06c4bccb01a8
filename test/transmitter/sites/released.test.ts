import { expect } from "chai";

import { apart } from "./apart.js";

describe("transmitter core: what cells of a mesh release", () => {
  it("goes from the only cell here to one elsewhere, also before that has leased any (§10.4)", () => {
    const { net, sender, worker, near } = apart();
    const here = near.cell("worker");
    here.catch("a", "any", { credit: 1 });
    sender.send("a");

    here.settle(here.takeOne("DLVR"), "release");
    net.pass(20);

    expect(worker.takeOne("DLVR").fields).to.include({ seq: 1, attempt: 2, repeat: true });
    expect(here.take("DLVR")).to.deep.equal([]);
  });

  it("goes from the only cell elsewhere to one here at once (§10.4)", () => {
    const { sender, worker, near } = apart();
    sender.send("a");
    const here = near.cell("worker");
    here.catch("a", "any", { credit: 1 });

    worker.settle(worker.takeOne("DLVR"), "release");

    expect(here.takeOne("DLVR").fields).to.include({ seq: 1, attempt: 2 });
  });

  for (const releases of ["here", "elsewhere"]) {
    it(`comes back to the cell ${releases} every 20 ms while the other has no credit (§10.4)`, () => {
      const isHere = releases === "here";
      const { net, sender, worker, near } = apart({ credit: isHere ? 0 : 2 });
      const here = near.cell("worker");
      here.catch("a", "any", { credit: isHere ? 2 : 0 });
      const cell = isHere ? here : worker;
      sender.send("a");

      const attempts: unknown[] = [];
      for (let ms = 0; ms <= 60; ms++) {
        for (const delivery of cell.take("DLVR")) {
          attempts.push(delivery.fields["attempt"]);
          cell.settle(delivery, "release");
        }
        net.pass(1);
      }

      expect(attempts).to.deep.equal([1, 2, 3, 4]);
    });
  }
});
