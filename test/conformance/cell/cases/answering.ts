import { expect } from "chai";

import type { Cases } from "../rule.js";
import { realHome } from "../home.js";

const timeoutMs = 10_000;

/** Cells that ask and answer each other, through a real transmitter. */
export const answeringCases: Cases = (driver, rule) => {
  rule("ask and answer (§12.2)", async () => {
    const home = await realHome();
    const [asker, worker] = [await driver.begin([home]), await driver.begin([home])];
    await worker.anycatch("sum", {}, { outcome: "ack", result: { sum: 3 } });

    const answer = await asker.ask(
      { channel: "sum", data: [1, 2], headers: { h: "1" } },
      { timeoutMs },
    );

    expect(answer).to.deep.equal({ data: { sum: 3 } });
    expect(await worker.handled.next()).to.deep.include({ data: [1, 2], headers: { h: "1" } });
  });

  rule("are told at once that nobody listens (§12.2)", async () => {
    const home = await realHome();
    const asker = await driver.begin([home]);

    expect(await asker.ask({ channel: "nobody" }, { timeoutMs })).to.deep.equal({
      code: "NO_LISTENER",
    });
  });

  rule("are told that the handler failed, or try again where they said so (§12.3)", async () => {
    const home = await realHome();
    const [asker, worker] = [await driver.begin([home]), await driver.begin([home])];
    const nack = { outcome: "nack", reason: "boom" } as const;
    await worker.anycatch("a", {}, nack, nack, { outcome: "ack", result: "at last" });

    const first = await asker.ask({ channel: "a" }, { timeoutMs });
    const second = await asker.ask({ channel: "a" }, { timeoutMs, retry: true });

    expect(first).to.deep.equal({ code: "HANDLER_FAILED" });
    expect(second).to.deep.equal({ data: "at last" });
  });

  rule("are told that the event was rejected (§12.3)", async () => {
    const home = await realHome();
    const [asker, worker] = [await driver.begin([home]), await driver.begin([home])];
    await worker.anycatch("a", {}, { outcome: "reject", reason: "never" });

    expect(await asker.ask({ channel: "a" }, { timeoutMs })).to.deep.equal({ code: "REJECTED" });
  });

  rule("give up when their time is over (§12.2)", async () => {
    const home = await realHome();
    const [asker, worker] = [await driver.begin([home]), await driver.begin([home])];
    await worker.anycatch("a", {}, { outcome: "hold" });

    const answer = await asker.ask({ channel: "a" }, { timeoutMs: 200 });

    expect(answer).to.deep.equal({ code: "TIMEOUT" });
  });

  rule("get an answer in parts (§12.4)", async () => {
    const home = await realHome();
    const [asker, worker] = [await driver.begin([home]), await driver.begin([home])];
    await worker.anycatch("a", {}, { outcome: "ack", parts: [1, 2, 3], result: "end" });

    const answer = await asker.ask({ channel: "a" }, { timeoutMs, parts: true });

    expect(answer).to.deep.equal({ parts: [1, 2, 3, "end"] });
  });

  rule("are answered by another cell when the first one dies (§9.3)", async () => {
    const home = await realHome();
    const [asker, first, second] = [
      await driver.begin([home]),
      await driver.begin([home], { service: "pair" }),
      await driver.begin([home], { service: "pair" }),
    ];
    await first.anycatch("a", { credit: 9 }, { outcome: "hold" });
    const asked = asker.ask({ channel: "a" }, { timeoutMs });
    await first.handled.next();
    await second.anycatch("a", {}, { outcome: "ack", result: "second" });

    await first.kill();

    expect(await asked).to.deep.equal({ data: "second" });
  });

  rule("gather from all that listen, the same service or not (§12.5)", async () => {
    const home = await realHome();
    const asker = await driver.begin([home]);
    const cells = [
      await driver.begin([home]),
      await driver.begin([home]),
      await driver.begin([home], { service: "other" }),
    ];
    for (const [index, cell] of cells.entries()) await cell.multicatch("who", { data: index });

    const { replies, failed, missing } = await asker.gather({ channel: "who" }, timeoutMs);

    const expected = cells.map(({ id }, data) => ({ from: id, data }));
    expect(replies).to.have.deep.members(expected);
    expect([failed, missing]).to.deep.equal([[], []]);
  });

  rule("gather from those that fail and those that die as well (§12.5)", async () => {
    const home = await realHome();
    const asker = await driver.begin([home]);
    const [good, failing, dying] = [
      await driver.begin([home]),
      await driver.begin([home]),
      await driver.begin([home]),
    ];
    await good.multicatch("who", { data: "here" });
    await failing.multicatch("who", { failure: "boom" });
    await dying.multicatch("who");

    const gathered = asker.gather({ channel: "who" }, timeoutMs);
    await dying.handled.next();
    await dying.kill();

    const { replies, failed } = await gathered;
    expect(replies.filter(({ data }) => data === "here")).to.deep.equal([
      { from: good.id, data: "here" },
    ]);
    expect(failed).to.deep.equal([failing.id]);
  });

  rule("ask the transmitter itself (§14)", async () => {
    const home = await realHome();
    const cell = await driver.begin([home]);

    const { data } = await cell.ask({ channel: "$mesh.cells" }, { timeoutMs });

    expect((data as { id: string }[]).map(({ id }) => id)).to.deep.equal([cell.id]);
  });
};
