import { expect } from "chai";

import { eventually } from "../../../support/eventually.js";
import type { Handled } from "../cell-under-test.js";
import { realHome } from "../home.js";
import type { Cases } from "../rule.js";
import { upTo } from "./multicatch.js";

/** Several cells of one kind, at a real transmitter. */
export const meshCases: Cases = (driver, rule) => {
  rule("all cells that multicatch get an event, each once (§1.3)", async () => {
    const home = await realHome();
    const cells = [
      await driver.begin([home]),
      await driver.begin([home]),
      await driver.begin([home]),
    ];
    for (const cell of cells) await cell.multicatch("hello.*");
    const sender = await driver.begin([home], { service: "hello" });

    const sent = await sender.send({ channel: "hello.world", data: { n: 1 } }, "handled");

    expect(sent).to.include({ state: "handled" });
    for (const cell of cells) {
      const from = { id: sender.id, service: "hello" };
      expect(await cell.handled.next()).to.deep.include({
        channel: "hello.world",
        data: { n: 1 },
        from,
        seq: 1,
      });
    }
    await sender.send({ channel: "hello.world", data: "last" }, "handled");
    for (const cell of cells) expect((await cell.handled.next()).data).to.equal("last");
  });

  rule("exactly one cell of a service handles an event (§1.3)", async () => {
    const home = await realHome();
    const cells = [
      await driver.begin([home]),
      await driver.begin([home]),
      await driver.begin([home]),
    ];
    for (const cell of cells) await cell.anycatch("work", { credit: 4 });
    const sender = await driver.begin([home], { service: "sender" });

    await Promise.all(upTo(30).map((data) => sender.send({ channel: "work", data }, "handled")));

    const counts = cells.map((): Handled[] => []);
    await eventually(() => {
      for (const [index, cell] of cells.entries()) counts[index]?.push(...cell.handled.takeAll());
      const all = counts.flat().map(({ data }) => data as number);
      expect(all.sort((a, b) => a - b)).to.deep.equal(upTo(30));
    });
    for (const mine of counts) expect(mine.length).to.be.greaterThan(0);
  });

  rule("both modes and several services go together (§10.1)", async () => {
    const home = await realHome();
    const [one, two] = [await driver.begin([home]), await driver.begin([home])];
    const other = await driver.begin([home], { service: "other" });
    for (const cell of [one, two]) {
      await cell.multicatch("a");
      await cell.anycatch("a");
    }
    await other.anycatch("*");

    const { matched } = await other.send({ channel: "a" }, "handled");

    expect(matched).to.equal(3);
    const modes: Handled[] = [];
    await eventually(() => {
      for (const cell of [one, two]) modes.push(...cell.handled.takeAll());
      expect(modes.map(({ mode }) => mode).sort()).to.deep.equal(["any", "multi", "multi"]);
    });
    expect((await other.handled.next()).mode).to.equal("any");
  });

  rule("an event of a handler reaches others, and is its cell's (§7.6, §10.6)", async () => {
    const home = await realHome();
    const [first, second] = [await driver.begin([home]), await driver.begin([home])];
    const outputs = [{ channel: "done", data: { ok: true } }];
    await first.anycatch("work", {}, { outcome: "ack", outputs });
    await second.multicatch("done");

    await second.send({ channel: "work" });

    const done = await second.handled.next();
    expect(done).to.deep.include({
      data: { ok: true },
      from: { id: first.id, service: first.service },
    });
    expect(done.sender).to.not.equal(first.id);
  });

  rule("a thousand events come in their order, none lost and none twice (§8.9)", async () => {
    const home = await realHome();
    const [sender, listener] = [await driver.begin([home]), await driver.begin([home])];
    await listener.multicatch("a");

    await Promise.all(upTo(1000).map((data) => sender.send({ channel: "a", data })));

    const handled = await listener.handled.take(1000);
    expect(handled.map(({ data }) => data)).to.deep.equal(upTo(1000));
    expect(listener.gaps.takeAll()).to.deep.equal([]);
  });

  rule("a nacked event comes again, at last to the dead letters (§10.4, §10.5)", async () => {
    const home = await realHome();
    const [sender, worker] = [await driver.begin([home]), await driver.begin([home])];
    const nack = { outcome: "nack", reason: "no" } as const;
    await worker.anycatch("a", { attemptsMax: 2 }, nack);

    expect(await sender.send({ channel: "a" }, "handled")).to.include({ state: "handled" });

    const attempts = (await worker.handled.take(2)).map(({ attempt }) => attempt);
    expect(attempts).to.deep.equal([1, 2]);
    const { data } = await sender.ask({ channel: "$mesh.dead.list" }, { timeoutMs: 5000 });
    expect((data as { reason: string }[])[0]?.reason).to.contain("no");
  });

  rule("a released event goes to another cell (§10.4)", async () => {
    const home = await realHome();
    const [first, second] = [await driver.begin([home]), await driver.begin([home])];
    await first.anycatch("a", { credit: 9 }, { outcome: "release" });
    const sent = second.send({ channel: "a" }, "handled");
    await first.handled.next();
    await second.anycatch("a", { credit: 20 });

    expect(await sent).to.include({ state: "handled" });
    await second.handled.next();
  });

  rule("the events of a key keep their order (§10.10)", async () => {
    const home = await realHome();
    const cells = [await driver.begin([home]), await driver.begin([home])];
    const wish = { affinity: true, credit: 20, concurrency: 4 };
    for (const cell of cells) await cell.anycatch("a", wish);
    const sender = await driver.begin([home], { service: "sender" });

    const keys = upTo(40).map((n) => ({ channel: "a", data: n, key: `k${n % 5}` }));
    await Promise.all(keys.map((event) => sender.send(event, "handled")));

    const byKey = new Map<unknown, number[]>();
    await eventually(() => {
      for (const { key, data } of cells.flatMap((cell) => cell.handled.takeAll())) {
        byKey.set(key, [...(byKey.get(key) ?? []), data as number]);
      }
      expect([...byKey.values()].flat()).to.have.length(40);
    });
    for (const order of byKey.values())
      expect(order).to.deep.equal([...order].sort((a, b) => a - b));
  });

  rule("an idempotency key counts once, of whomever (§11.6)", async () => {
    const home = await realHome();
    const [one, two] = [await driver.begin([home]), await driver.begin([home])];
    await one.anycatch("a");

    await one.send({ channel: "a", data: "first", id: "order-1" }, "handled");
    await two.send({ channel: "a", data: "second", id: "order-1" }, "handled");
    await two.send({ channel: "a", data: "third", id: "order-2" }, "handled");

    expect((await one.handled.take(2)).map(({ data }) => data)).to.deep.equal(["first", "third"]);
  });

  rule("patterns match as they must, in both modes (§4.2)", async () => {
    const home = await realHome();
    const [any, multi] = [await driver.begin([home]), await driver.begin([home])];
    for (const pattern of ["a.*", "a.**", "**.z"]) await any.anycatch(pattern, { credit: 9 });
    for (const pattern of ["a.*", "a.**", "**.z"]) await multi.multicatch(pattern);
    const sender = await driver.begin([home], { service: "sender" });

    for (const channel of ["a", "a.b", "a.b.z", "z", "A.b"])
      await sender.send({ channel }, "handled");

    const expected = ["**.z a.b.z", "a.* a.b", "a.** a.b", "a.** a.b.z"];
    for (const cell of [any, multi]) {
      const handled = await cell.handled.take(4);
      const pairs = handled.map(({ pattern, channel }) => `${pattern} ${channel}`);
      expect(pairs.sort()).to.deep.equal(expected);
      expect(cell.handled.takeAll()).to.deep.equal([]);
    }
  });
};
