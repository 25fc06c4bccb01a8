import { expect } from "chai";

import { SeededRandom } from "../../simulation/random.js";
import type { BenchCell } from "../bench-cell.js";
import { commandOf, readSiteWord } from "../../../transmitter/src/core/sites/site-words.js";
import type { Heard } from "../bench-heard.js";
import { die } from "../core-work.js";
import { apart } from "./apart.js";
import { SiteNet } from "./site-net.js";

interface Worker {
  readonly cell: BenchCell;
  readonly credit: number;
  readonly held: Heard[];
}

const seeds = Array.from({ length: 10 }, (_, at) => at + 1);

/** What a word of leases grants. */
function countOf({ part }: { readonly part: Buffer }): number {
  return readSiteWord(part).map["count"] as number;
}

/*
 * Goal:   credit that is leased and spent by several origins at once is never more than cells gave, and no event is
 *         handed out twice or forgotten.
 * Method: senders and cells at three transmitters, sends and settlements drawn from the seed; then all is settled.
 */
describe("transmitter core: leases", () => {
  it("are counted anew on both sides when a cell has gone and another one has come (§18.5)", () => {
    const { net, far, sender, worker } = apart({ credit: 3 });
    for (let n = 0; n < 9; n++) sender.send("a");
    for (let round = 0; round < 3; round++) {
      for (const delivery of worker.take("DLVR")) worker.settle(delivery);
    }
    die(far, worker);
    net.pass(500);
    const other = far.cell("worker");
    other.catch("a", "any", { credit: 1 });

    sender.send("a");
    expect(other.takeOne("DLVR").fields).to.deep.include({ seq: 10, attempt: 1 });
  });

  it("are asked for again where the group of a site has ended and begun anew unseen (§18.5)", () => {
    const { net, far, sender, worker } = apart({ credit: 0 });
    for (let n = 0; n < 3; n++) sender.send("a");
    net.deafen(0, 1);
    worker.say("GBYE", {});
    const other = far.cell("worker");
    other.catch("a", "any", { credit: 5 });
    net.hear(0, 1, "last");

    expect(other.take("DLVR")).to.have.length(3);
  });

  it("are asked for also for what has no key, in a group with affinity (§18.4)", () => {
    const { sender, worker } = apart({ credit: 1, affinity: true });

    sender.send("a");
    worker.settle(worker.takeOne("DLVR"));
    sender.send("a", { key: "k" });

    expect(worker.takeOne("DLVR").fields).to.deep.include({ seq: 2, key: "k" });
  });

  it("are granted in steps for what is yet to come: one word for many deliveries (§18.5)", () => {
    const { net, sender, worker } = apart({ credit: 64 });
    const once = (): void => {
      sender.send("a");
      worker.settle(worker.takeOne("DLVR"));
    };
    // The origin asks for twice as much each time, until that is more than there is.
    for (let n = 0; n < 100; n++) once();
    const before = net.carried.get("LEAS") ?? 0;
    for (let n = 0; n < 400; n++) once();

    expect(net.carried.get("DLVR")).to.equal(500);
    expect((net.carried.get("LEAS") ?? 0) - before).to.be.within(1, 30);
  });

  it("are granted at once for what waits: no credit is idle meanwhile (§18.5)", () => {
    const { net, sender, worker } = apart({ credit: 24 });
    for (let n = 0; n < 96; n++) sender.send("a");
    net.isHeld = true;

    for (const delivery of worker.take("DLVR")) worker.settle(delivery);

    const granted = net.sent.filter(({ part }) => commandOf(part) === "LEAS").map(countOf);
    expect(granted.reduce((sum, count) => sum + count, 0)).to.equal(24);
  });

  it("are asked for again before an origin has none left (§18.5)", () => {
    const { net, sender, worker } = apart({ credit: 300 });
    net.isHeld = true;
    let waited = 0;
    for (let n = 0; n < 300; n++) {
      sender.send("a");
      if (!net.sent.some(({ part }) => commandOf(part) === "DLVR")) waited++;
      net.pump();
      for (const delivery of worker.take("DLVR")) worker.settle(delivery);
    }

    expect(net.carried.get("DLVR")).to.equal(300);
    expect(waited).to.be.at.most(3);
  });

  it("are not asked back from those whose events wait: a word for each grant (§18.5)", () => {
    const net = new SiteNet(3);
    const worker = net.benches[0]!.cell("worker");
    worker.catch("a", "any", { credit: 8 });
    const senders = net.benches.map((bench) => bench.cell("sender"));
    for (const sender of senders) for (let n = 0; n < 100; n++) sender.send("a");
    net.carried.clear();

    for (let round = 0; round < 20; round++) {
      for (const delivery of worker.take("DLVR")) worker.settle(delivery);
    }
    expect(net.carried.get("LEAS")).to.be.at.most(net.carried.get("DLVR")!);
  });

  for (const seed of seeds) {
    it(`never exceed the credit of a cell, and leave no event behind (seed ${seed})`, () => {
      const random = new SeededRandom(seed);
      const net = new SiteNet(3);
      const workers = net.benches.flatMap((bench) =>
        Array.from({ length: 1 + random.int(0, 2) }, (): Worker => {
          const credit = 1 + random.int(0, 5);
          const cell = bench.cell("worker");
          cell.catch("a", "any", { credit });
          return { cell, credit, held: [] };
        }),
      );
      const senders = net.benches.map((bench) => bench.cell("sender"));
      const seen = new Map<string, number>();
      let sent = 0;

      const look = (): void => {
        for (const { cell, credit, held } of workers) {
          held.push(...cell.take("DLVR"));
          expect(held.length).to.be.at.most(credit);
        }
      };
      const settle = ({ cell, held }: Worker): void => {
        const [delivery] = held.splice(random.int(0, Math.max(0, held.length - 1)), 1);
        if (delivery === undefined) return;
        const { from, seq } = delivery.fields as { from: { id: string }; seq: number };
        seen.set(`${from.id} ${seq}`, (seen.get(`${from.id} ${seq}`) ?? 0) + 1);
        cell.settle(delivery);
      };

      for (let step = 0; step < 300; step++) {
        if (random.int(0, 1) === 0) {
          senders[random.int(0, 2)]?.send("a");
          sent++;
        } else settle(workers[random.int(0, workers.length - 1)] as Worker);
        if (random.int(0, 9) === 0) net.pass(10 + random.int(0, 199));
        look();
      }
      for (let rest = 0; rest < 1000 && seen.size < sent; rest++) {
        for (const worker of workers) settle(worker);
        net.pass(10);
        look();
      }

      expect(seen.size).to.equal(sent);
      expect([...seen.values()].every((count) => count === 1)).to.equal(true);
      for (const sender of senders) {
        const handled = sender.confirms().filter((line) => line.endsWith("handled"));
        expect(new Set(handled).size).to.equal(handled.length);
      }
    });
  }
});
