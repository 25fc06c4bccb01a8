import { expect } from "chai";

import { eventually } from "../../../support/eventually.js";
import type { CellUnderTest } from "../cell-under-test.js";
import { realHome } from "../home.js";
import type { Cases } from "../rule.js";
import { upTo } from "./multicatch.js";

const withinMs = 20_000;

/** Cells and transmitters that leave and die, at real transmitters. */
export const survivalCases: Cases = (driver, rule) => {
  rule("what a killed cell had goes to another one, and none is lost (§9.3)", async () => {
    const home = await realHome();
    const [first, second] = [await driver.begin([home]), await driver.begin([home])];
    await first.anycatch("a", { credit: 5, concurrency: 5 }, { outcome: "hold" });
    const sender = await driver.begin([home], { service: "sender" });
    const sent = upTo(5).map((data) => sender.send({ channel: "a", data }, "handled"));
    await first.handled.take(5);
    await second.anycatch("a", { credit: 5 });

    await first.kill();

    await Promise.all(sent);
    const handled = await second.handled.take(5);
    expect(handled.map(({ data }) => data).sort()).to.deep.equal(upTo(5));
    for (const { attempt, repeat } of handled) expect([attempt, repeat]).to.deep.equal([2, true]);
  });

  rule("a cell that closes gets nothing more, and leaves nothing behind (§9.5)", async () => {
    const home = await realHome();
    const [first, second] = [await driver.begin([home]), await driver.begin([home])];
    await first.anycatch("a", { credit: 20 });
    await second.anycatch("a", { credit: 1 });
    const sender = await driver.begin([home], { service: "sender" });
    await sender.send({ channel: "a", data: 0 }, "handled");

    await first.close();
    first.handled.takeAll();
    second.handled.takeAll();
    const sent = await Promise.all(
      upTo(10).map((data) => sender.send({ channel: "a", data }, "handled")),
    );

    expect(sent).to.have.length(10);
    expect(await second.handled.take(10)).to.have.length(10);
    expect(first.handled.takeAll()).to.deep.equal([]);
    const { data } = await sender.ask({ channel: "$mesh.cells" }, { timeoutMs: 5000 });
    expect((data as { id: string }[]).map(({ id }) => id)).to.not.include(first.id);
  });

  rule(
    "a cell that ends a catch gets nothing more of it, and keeps the others (§5.5)",
    async () => {
      const home = await realHome();
      const cell = await driver.begin([home]);
      const sender = await driver.begin([home], { service: "sender" });
      await cell.multicatch("a");
      await cell.multicatch("b");
      await sender.send({ channel: "a" });
      await cell.handled.next();

      await cell.release("a", "multi");
      // The DROP travels on another connection than the event.
      await eventually(async () => {
        expect((await sender.send({ channel: "a" })).matched).to.equal(0);
      });
      cell.handled.takeAll();
      await sender.send({ channel: "a", data: "late" }, "handled");
      await sender.send({ channel: "b", data: "here" }, "handled");

      expect((await cell.handled.next()).data).to.equal("here");
    },
  );

  rule(
    "cells move to another transmitter when theirs dies, and events flow again (§9.4)",
    async () => {
      const [first, second] = [await realHome(), await realHome()];
      const [listener, sender] = [
        await driver.begin([first, second]),
        await driver.begin([first, second]),
      ];
      await listener.multicatch("a");
      await listener.anycatch("a", { credit: 9 });
      await sender.send({ channel: "a", data: "before" }, "handled");
      await listener.handled.take(2);
      await moved(listener, sender, () => first.die());

      await eventually(
        async () => {
          const { matched } = await sender.send({ channel: "a", data: "after" });
          expect(matched).to.equal(2);
        },
        { withinMs },
      );

      for (const mode of ["any", "multi"]) {
        await listener.handled.next((one) => one.mode === mode && one.data === "after", {
          withinMs,
        });
      }
    },
  );

  rule(
    "nothing that was accepted is lost with a transmitter, and little comes twice (§11.3, §11.5)",
    async () => {
      const [first, second] = [await realHome(), await realHome()];
      const [worker, sender] = [
        await driver.begin([first, second]),
        await driver.begin([first, second]),
      ];
      await worker.anycatch(
        "a",
        { credit: 4, concurrency: 4 },
        ...Array.from({ length: 10 }, () => ack),
        hold,
      );
      const sent = upTo(20).map((data) => sender.send({ channel: "a", data }, "handled"));
      const before = (await worker.handled.take(14)).map(({ data }) => data as number);

      await moved(worker, sender, () => first.die());
      // Those that it held go on here; their names come with the next transmitter.
      for (const seq of before.slice(10)) await worker.settle("a", seq, ack);
      const after = new Set<number>();
      await eventually(
        async () => {
          for (const { data, seq } of worker.handled.takeAll()) {
            after.add(data as number);
            await worker.settle("a", seq, ack);
          }
          expect(after.size).to.be.at.least(6);
        },
        { withinMs },
      );
      await Promise.all(sent);

      expect([...new Set([...before, ...after])].sort((a, b) => a - b)).to.deep.equal(upTo(20));
      for (const seq of after) expect(before.slice(10)).to.not.include(seq);
    },
  );

  rule("cells move away from a transmitter that drains, and lose nothing (§9.6)", async () => {
    const [first, second] = [await realHome(), await realHome()];
    const [worker, sender] = [
      await driver.begin([first, second]),
      await driver.begin([first, second]),
    ];
    await worker.anycatch("a", {}, hold, ack);
    const held = sender.send({ channel: "a", data: 1 }, "handled");
    await worker.handled.next();

    await moved(worker, sender, async () => {
      const drained = first.drain();
      await eventually(() => worker.settle("a", 1, ack));
      await drained;
    });

    expect(await held).to.include({ state: "handled" });
    await eventually(
      async () => expect((await sender.send({ channel: "a", data: 2 })).matched).to.equal(1),
      { withinMs },
    );
    await worker.handled.next(({ data }) => data === 2, { withinMs });
  });

  rule("what is sent while nobody is there is sent when somebody is (§5.3, §11.3)", async () => {
    const [first, second] = [await realHome(), await realHome()];
    const [cell, listener] = [await driver.begin([first, second]), await driver.begin([second])];
    await listener.multicatch("a");
    await first.die();

    const sent = await Promise.all(
      upTo(3).map((data) => cell.send({ channel: "a", data }, "handled")),
    );

    expect(sent.map(({ seq }) => seq)).to.deep.equal(upTo(3));
    expect((await listener.handled.take(3)).map(({ data }) => data)).to.deep.equal(upTo(3));
  });
};

const ack = { outcome: "ack" } as const;
const hold = { outcome: "hold" } as const;

/** Does something that makes both cells leave their transmitter, and waits until they are elsewhere. */
async function moved(
  one: CellUnderTest,
  other: CellUnderTest,
  act: () => Promise<void>,
): Promise<void> {
  for (const cell of [one, other]) cell.welcomes.takeAll();
  await act();
  for (const cell of [one, other]) await cell.welcomes.next(undefined, { withinMs });
}
