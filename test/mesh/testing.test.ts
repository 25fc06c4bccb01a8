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

describe("test mesh of three", () => {
  let mesh: TestMesh;
  beforeEach(async () => {
    mesh = await startTestMesh({ transmitters: 3 });
  });
  afterEach(() => mesh.close());

  it("is whole when it has started", () => {
    for (const at of [0, 1, 2]) expect(mesh.status(at)).to.include({ state: "running" });
    expect(new Set([0, 1, 2].map((at) => mesh.status(at)["id"])).size).to.equal(3);
  });

  it("carries events from any transmitter to any other", async () => {
    const heard: string[] = [];
    for (const transmitter of [0, 1, 2]) {
      const cell = await mesh.connect({ service: `s${transmitter}`, transmitter });
      await soon(
        mesh,
        cell.multicatch("news", ({ data }) => void heard.push(`all ${data}`)),
      );
    }
    const worker = await mesh.connect({ service: "worker", transmitter: 1 });
    await soon(
      mesh,
      worker.anycatch("news", ({ data }) => void heard.push(`one ${data}`)),
    );
    const sender = await mesh.connect({ service: "sender", transmitter: 2 });

    const receipt = await soon(mesh, sender.send("news", 7, { until: "handled" }));

    expect(receipt.matched).to.be.at.least(2);
    expect(heard.toSorted()).to.deep.equal(["all 7", "all 7", "all 7", "one 7"]);
  });

  it("has cells of one that is killed go on at another", async () => {
    const cell = await mesh.connect({ service: "worker", transmitter: 1 });
    const handled: unknown[] = [];
    await soon(
      mesh,
      cell.anycatch("work", ({ data }) => void handled.push(data)),
    );
    const sender = await mesh.connect({ service: "sender", transmitter: 2 });

    await mesh.kill(1);
    const sent = sender.send("work", "later", { until: "handled" });
    await soon(mesh, sent);

    expect(handled).to.deep.equal(["later"]);
    expect(Number(mesh.status(0)["cells"]) + Number(mesh.status(2)["cells"])).to.equal(2);
  });

  it("takes one back that starts again", async () => {
    await mesh.kill(2);
    await mesh.advance(3000);
    await mesh.restart(2);
    await mesh.advance(3000);
    expect(mesh.status(2)).to.include({ state: "running" });
    const [first, last] = [
      await mesh.connect({ service: "first" }),
      await mesh.connect({ service: "last", transmitter: 2 }),
    ];
    const heard: unknown[] = [];
    await soon(
      mesh,
      last.multicatch("news", ({ data }) => void heard.push(data)),
    );

    await soon(mesh, first.send("news", 1, { until: "handled" }));

    expect(heard).to.deep.equal([1]);
  });
});

/** Lets time pass until it is done; of virtual time that is nothing. */
async function soon<T>(mesh: TestMesh, doing: PromiseLike<T>): Promise<T> {
  let isDone = false;
  const mark = (): void => {
    isDone = true;
  };
  doing.then(mark, mark);
  for (let left = 200; left > 0 && !isDone; left--) await mesh.advance(50);
  return await doing;
}
