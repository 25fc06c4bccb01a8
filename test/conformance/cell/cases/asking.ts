import { expect } from "chai";

import { type Fields, packedBody } from "../../transmitter/frames.js";
import type { CellDriver, CellUnderTest } from "../cell-under-test.js";
import { eventsOf, type SaidEvent } from "../said.js";
import type { Cases } from "../rule.js";
import { ScriptedTransmitter } from "../scripted-transmitter.js";
import { reattach } from "./multicatch.js";

const from = { id: "cd".repeat(20), service: "answering" };

/** What a cell does about its own asks. */
export const askingCases: Cases = (driver, rule) => {
  rule("asks by an event with its terms, and takes the result (§12.1, §12.2)", async () => {
    const { script, cell, answer } = await asking(driver);
    const asked = cell.ask({ channel: "a", data: 1 }, { timeoutMs: 5000, retry: true });

    const { seq, ask } = await question(script);
    expect(ask).to.include({ timeoutMs: 5000, retry: true });
    answer(seq, "result", { from }, { sum: 3 });

    expect(await asked).to.deep.equal({ data: { sum: 3 } });
  });

  for (const code of ["NO_LISTENER", "HANDLER_FAILED", "REJECTED", "TIMEOUT"]) {
    rule(`fails with ${code} when it is answered by that (§12.2, §12.3)`, async () => {
      const { script, cell, answer } = await asking(driver);
      const asked = cell.ask({ channel: "a" }, { timeoutMs: 5000 });

      const { seq } = await question(script);
      answer(seq, "error", { code, message: "as told" });

      expect(await asked).to.deep.equal({ code });
    });
  }

  rule("takes an end without a result for an answer (§12.2)", async () => {
    const { script, cell, answer } = await asking(driver);
    const asked = cell.ask({ channel: "a" }, { timeoutMs: 5000 });

    const { seq } = await question(script);
    answer(seq, "end");

    expect((await asked).data).to.equal(undefined);
  });

  rule("waits no longer than it said, also when nobody answers at all (§12.2)", async () => {
    const { script, cell } = await asking(driver);
    const startMs = performance.now();

    const asked = cell.ask({ channel: "a" }, { timeoutMs: 300 });
    await question(script);

    expect(await asked).to.deep.equal({ code: "TIMEOUT" });
    expect(performance.now() - startMs).to.be.within(250, 3000);
  });

  rule("takes the answers to its asks by their numbers, in whatever order (§12.2)", async () => {
    const { script, cell, answer } = await asking(driver);
    const [one, two] = [1, 2].map((data) => cell.ask({ channel: "a", data }, { timeoutMs: 5000 }));
    const seqs = new Map<unknown, number>();
    while (seqs.size < 2) {
      for (const { seq, data } of eventsOf(await script.command("EVNT"), 1)) seqs.set(data, seq);
    }

    answer(seqs.get(2) as number, "result", { from }, "second");
    answer(999, "result", { from }, "nobody's");
    answer(seqs.get(1) as number, "result", { from }, "first");

    expect([await one, await two]).to.deep.equal([{ data: "first" }, { data: "second" }]);
  });

  rule("takes an answer in parts, of the highest attempt only (§12.4)", async () => {
    const { script, cell, answer } = await asking(driver);
    const asked = cell.ask({ channel: "a" }, { timeoutMs: 5000, parts: true });
    const { seq, ask } = await question(script);
    expect(ask).to.include({ parts: true });

    answer(seq, "part", { from, attempt: 1, index: 0 }, "lost");
    answer(seq, "part", { from, attempt: 2, index: 0 }, "one");
    answer(seq, "part", { from, attempt: 2, index: 1 }, "two");
    answer(seq, "result", { from }, "last");

    const { parts } = await asked;
    expect(parts?.slice(-3)).to.deep.equal(["one", "two", "last"]);
  });

  rule("is answered on the connection that it has then (§9.7, §12.2)", async () => {
    const { script, cell, answer } = await asking(driver);
    const asked = cell.ask({ channel: "a" }, { timeoutMs: 5000 });
    const { seq } = await question(script);

    reattach(script);
    await script.hellos.next();
    await cell.welcomes.take(2);
    answer(seq, "result", { from }, "late");

    expect(await asked).to.deep.equal({ data: "late" });
  });

  rule("gathers: those to expect, each reply, who failed and who is gone (§12.5)", async () => {
    const { script, cell, answer } = await asking(driver);
    const gathered = cell.gather({ channel: "a" }, 5000);
    const { seq, ask } = await question(script);
    expect(ask).to.include({ gather: true, timeoutMs: 5000 });
    const cells = ["1", "2", "3", "4"].map((digit) => ({ id: digit.repeat(40), service: "x" }));

    answer(seq, "expect", { cells });
    answer(seq, "result", { from: cells[1] }, "two");
    answer(seq, "error", { from: cells[2], code: "HANDLER_FAILED", message: "boom" });
    answer(seq, "result", { from: cells[0] }, "one");
    answer(seq, "gone", { cells: [cells[3]] });
    answer(seq, "end");

    const { replies, failed, missing } = await gathered;
    expect(replies).to.deep.equal([
      { from: cells[1]?.id, data: "two" },
      { from: cells[0]?.id, data: "one" },
    ]);
    expect(failed).to.deep.equal([cells[2]?.id]);
    expect(missing).to.deep.equal([cells[3]?.id]);
  });

  rule("gathers nothing where nobody is expected (§12.5)", async () => {
    const { script, cell, answer } = await asking(driver);
    const gathered = cell.gather({ channel: "a" }, 5000);
    const { seq } = await question(script);

    answer(seq, "expect", { cells: [] });
    answer(seq, "end");

    expect((await gathered).replies).to.deep.equal([]);
  });
};

type Answering = (seq: number, state: string, fields?: Fields, data?: unknown) => void;

/** A cell that can be asked nothing yet, and what answers it. */
async function asking(
  driver: CellDriver,
): Promise<{ script: ScriptedTransmitter; cell: CellUnderTest; answer: Answering }> {
  const script = await ScriptedTransmitter.open();
  const cell = await driver.begin([script]);
  const { encoding } = await script.hellos.next();
  const answer: Answering = (seq, state, fields = {}, data) => {
    const body = encoding === "J" ? { data } : { body: packedBody(data) };
    script.say("ANSR", { seq, state, ...fields, ...(data !== undefined && body) });
  };
  return { script, cell, answer };
}

async function question(script: ScriptedTransmitter): Promise<SaidEvent> {
  const [event] = eventsOf(await script.command("EVNT"), 1);
  return event as SaidEvent;
}
