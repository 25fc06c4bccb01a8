import { expect } from "chai";

import { startTestMesh, type TestMesh } from "../../transmitter/src/testing.js";

describe("test mesh", () => {
  let mesh: TestMesh;
  beforeEach(async () => {
    mesh = await startTestMesh();
  });
  afterEach(() => mesh.close());

  it("carries events between real cells without a socket", async () => {
    const [shop, billing] = [
      await mesh.connect({ service: "shop" }),
      await mesh.connect({ service: "billing" }),
    ];
    const billed: unknown[] = [];
    await billing.anycatch("orders.created", (event) => void billed.push(event.data));

    const receipt = await shop.send("orders.created", { id: 7 }, { until: "handled" });

    expect(billed).to.deep.equal([{ id: 7 }]);
    expect(receipt).to.include({ matched: 1 });
  });

  it("carries events to every cell that multicatches", async () => {
    const cells = await Promise.all(["one", "two"].map((service) => mesh.connect({ service })));
    const heard: string[] = [];
    for (const cell of cells) {
      await cell.multicatch("config.*", (event) => void heard.push(`${cell.service} ${event.seq}`));
    }

    await cells[0]!.send("config.changed", {});
    await mesh.settle();

    expect(heard.sort()).to.deep.equal(["one 1", "two 1"]);
  });

  it("lets time pass only when it is told to", async () => {
    const shop = await mesh.connect({ service: "shop" });
    const slow = await mesh.connect({ service: "slow" });
    await slow.anycatch("price.get", () => new Promise(() => {}));
    let outcome = "waiting";

    shop.ask("price.get", {}, { timeoutMs: 60_000 }).catch((error: Error) => {
      outcome = error.message;
    });
    await mesh.advance(59_000);
    expect(outcome).to.equal("waiting");
    await mesh.advance(2000);

    expect(outcome).to.match(/TIMEOUT/);
    expect(mesh.nowMs).to.be.at.least(61_000);
  });

  it("redelivers after the back-off of virtual time, not of ours", async () => {
    const cell = await mesh.connect({ service: "billing" });
    const attempts: number[] = [];
    await cell.anycatch("orders", (event) => {
      attempts.push(event.attempt);
      if (event.attempt < 3) throw new Error("not yet");
    });

    void cell.send("orders", {});
    await mesh.settle();
    expect(attempts).to.deep.equal([1]);
    await mesh.advance(1000);

    expect(attempts).to.deep.equal([1, 2, 3]);
  });

  it("gives the same course for the same seed, and another one for another", async () => {
    const ids = async (seed: number): Promise<string> => {
      const one = await startTestMesh({ seed });
      const cell = await one.connect({ service: "a" });
      const { id } = one.status();
      await one.close();
      return `${String(id)} ${cell.id}`;
    };

    expect(await ids(7)).to.equal(await ids(7));
    expect(await ids(7)).to.not.equal(await ids(8));
  });

  it("keeps its cells alive for a virtual minute", async () => {
    const cell = await mesh.connect({ service: "patient" });

    await mesh.advance(60_000);

    expect(mesh.status()).to.include({ cells: 1 });
    expect((await cell.send("nobody.listens", {})).matched).to.equal(0);
  });
});
