import { expect } from "chai";

import type { BenchCell } from "./bench-cell.js";
import { CoreBench } from "./core-bench.js";

const data = '{"n":12345678901234567890,"list":[1e400,0.1234567890123456789],"text":"1e400"}';

/*
 * Goal:   a number that no double has goes from `J` to `J` as it was written (§3.7).
 * Method: raw frames in, and the text of the frames that come out.
 */
describe("transmitter core: numbers of JSON that no double has", () => {
  it("reach a handler, and as a reply the asker, as they were written", () => {
    const bench = new CoreBench();
    const asker = bench.cell("asker");
    const worker = bench.cell("worker");
    worker.catch("a", "any");
    const [asked, told] = [heardBy(worker), heardBy(asker)];
    asker.sayPart(`J EVNT {"channel":"a","seq":1,"data":${data},"ask":{"timeoutMs":1000}}`);

    const delivery = asked.find((part) => part.startsWith("J DLVR")) ?? "";
    expect(delivery).to.include(`"data":${data},`);
    const { catch: number, origin } = JSON.parse(delivery.slice(7)) as Record<string, unknown>;
    const name = JSON.stringify({ catch: number, origin, number: 1, attempt: 1, outcome: "ack" });
    worker.sayPart(`J SETL ${name.slice(0, -1)},"result":${data}}`);
    expect(told.find((part) => part.includes('"state":"result"'))).to.include(`"data":${data}`);
  });

  it("reach a cell in M in the text that they stood in", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const packed = bench.cell("packed", { encoding: "M" });
    packed.catch("a", "any");
    sender.sayPart(`J EVNT {"channel":"a","seq":1,"data":${data}}`);

    const { run } = packed.takeOne("DLVR");
    expect(Buffer.from(run?.bodyAt(0) ?? []).toString()).to.equal(data);
  });
});

/** The text of all that a cell is sent from now on. */
function heardBy(cell: BenchCell): string[] {
  const parts: string[] = [];
  cell.hear = (part) => parts.push(part.toString());
  return parts;
}
