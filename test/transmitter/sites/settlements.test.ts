import { expect } from "chai";

import {
  readSettlementRows,
  readSiteWord,
  writeSiteWord,
} from "../../../transmitter/src/core/sites/site-words.js";
import type { BenchCell } from "../bench-cell.js";
import type { Heard } from "../bench-heard.js";
import type { CoreBench } from "../core-bench.js";
import { apart, isEvent } from "./apart.js";
import { SiteNet } from "./site-net.js";

const count = 6000;

describe("transmitter core: what sites tell of deliveries", () => {
  it("comes to the origin, however many settlements of a turn have a result (§18.2)", () => {
    const { sender, worker, far, given } = busy();

    settleAll(far, worker, given, { result: [0, Buffer.alloc(1)] });

    expect(handled(sender)).to.equal(count);
    expect(far.core.counters.values.internalErrors).to.equal(0);
  });

  it("comes to the origin, however many settlements of a turn have a reason (§18.2)", () => {
    const { sender, worker, near, far, given } = busy();

    settleAll(far, worker, given, { reason: "no" }, 3);

    expect(handled(sender)).to.equal(count);
    expect(near.core.counters.values.deadLetters).to.equal(count);
    expect(far.core.counters.values.settlementsUnwritable).to.equal(0);
  });

  it("comes to the origin, however many headers the outputs of a turn have (§18.2)", () => {
    const { sender, worker, near, far, given } = busy(4);
    const audit = near.cell("audit", { encoding: "M" });
    audit.catch("done", "any", { credit: 1000 });

    far.turn(() => {
      for (const { fields } of given) worker.say("SETL", settlement(fields, 150, 8));
    });

    const runs = audit.take("DLVR").map(({ run }) => run?.count ?? 0);
    expect(runs.reduce((sum, one) => sum + one, 0)).to.equal(given.length * 151);
    expect(handled(sender)).to.equal(4);
  });

  it("is a reject where it cannot be written, and costs no other its own (§18.6)", () => {
    const { sender, worker, near, far, given } = busy(3);
    const { topic } = near.cell("watch").catch("$mesh.dead.worker", "multi");

    // A word on a link has two keys more than the longest that a cell can write.
    far.turn(() => {
      for (const { fields } of given) {
        const isLong = fields["number"] === 2;
        const plain = { ...named(fields), settled: [[0, fields["number"], 1, 1]] };
        worker.say("SETL", isLong ? settlement(fields, 153, 49) : plain);
      }
    });

    expect(handled(sender)).to.equal(3);
    expect(far.core.counters.values.settlementsUnwritable).to.equal(1);
    const [letter, ...more] = near.stream(topic).filter(isEvent);
    expect(letter?.fields["data"]).to.include({
      seq: 2,
      reason: "its settlement cannot be passed on",
    });
    expect(more).to.deep.equal([]);
  });

  it("is answered by the origin of the event, and by no other transmitter (§18.6)", () => {
    const net = new SiteNet(3);
    const [near, far] = net.benches as [CoreBench, CoreBench];
    const worker = far.cell("worker", { encoding: "M" });
    worker.catch("b", "any", { credit: 1 });
    near.cell("sender").send("b");
    const { fields } = worker.takeOne("DLVR");
    net.isHeld = true;
    net.sent.splice(0);
    worker.say("SETL", settlement(fields, 0, 0));
    const [{ ref } = {}] = net.sent.flatMap(({ part }) => {
      return readSettlementRows(readSiteWord(part).map);
    });
    for (const answer of ["stale", "done"]) {
      const word = writeSiteWord("STLD", { [answer]: ref });
      far.turn(() => far.core.sites.word(net.ids[2]!, word, far.nowMs));
    }
    expect(far.core.counters.values.answersUnasked).to.equal(2);

    net.isHeld = false;
    net.pump();
    net.pass(100);
    expect(worker.take("ERRO")).to.deep.equal([]);
    expect(worker.takeOne("CNFM").fields["settled"]).to.deep.equal([[1, 1]]);
  });
});

/** A worker at another transmitter that holds so many events, that were sent one by one or at once. */
function busy(single = 0): ReturnType<typeof apart> & { readonly given: Heard[] } {
  const events = single === 0 ? count : single;
  const stand = apart({ credit: 65_535 });
  const { net, near, far } = stand;
  const worker = far.cell("worker", { encoding: "M" });
  worker.catch("b", "any", { credit: events });
  const sender = near.cell("sender", { encoding: "M" });
  net.pass(100);
  if (single === 0) sender.sendRun(Array.from({ length: events }, () => ({ channel: "b" })));
  for (let left = single; left > 0; left--) sender.send("b");
  const given = worker.take("DLVR");
  expect(given.reduce((sum, { run }) => sum + (run?.count ?? 0), 0)).to.equal(events);
  sender.take("CNFM");
  return { ...stand, sender, worker, given };
}

/** How many events were confirmed as handled. */
function handled(sender: BenchCell): number {
  return sender
    .take("CNFM")
    .flatMap(({ fields }) => (fields["handled"] ?? []) as [number, number][])
    .reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

function settleAll(
  far: ReturnType<typeof apart>["far"],
  worker: BenchCell,
  given: readonly Heard[],
  detail: object,
  outcome = 0,
): void {
  far.turn(() => {
    for (const { fields, run } of given) {
      for (let at = 0; at < (run?.count ?? 0); at++) {
        const row = [outcome, (fields["number"] as number) + at, 1, fields["attempt"], detail];
        worker.say("SETL", { ...named(fields), settled: [row] });
      }
    }
  });
}

function named({ catch: number, origin }: Heard["fields"]): Record<string, unknown> {
  return { catch: number, origin, ref: 1 };
}

/** An ack with outputs that have 64 headers each, and one that has some. */
function settlement(
  fields: Heard["fields"],
  outputs: number,
  lastHeaders: number,
): Record<string, unknown> {
  const output = (headers: number): unknown[] => {
    const names = Array.from({ length: headers }, (_, at) => [`h${at}`, ""]);
    return ["done", 0, Buffer.alloc(1), { headers: Object.fromEntries(names) }];
  };
  const all = [...Array.from({ length: outputs }, () => output(64)), output(lastHeaders)];
  const row = [0, fields["number"], 1, fields["attempt"], { outputs: all }];
  return { ...named(fields), settled: [row] };
}
