import { expect } from "chai";

import type { Sample } from "./run.js";
import { scenarioNamed, type Latency, type SystemName } from "./scenario.js";
import { missesOf, summarize, voidnessesOf, type Row } from "./summary.js";

describe("bench: summary", () => {
  it("divides the medians, and tells how far apart the single ratios are", () => {
    const row = rowOf("one-to-one-128", { thynapse: [3e6, 4e6, 5e6], nats: [1e6, 1e6, 1e6] });

    expect(row.thynapse).to.equal(4e6);
    expect(row.ratio).to.equal(4);
    expect(row.spread).to.equal(0.5);
  });

  it("leaves out a run that failed, and what nobody measured", () => {
    const row = rowOf("one-to-one-128", { thynapse: [undefined, 4e6], nats: [1e6, 2e6] });

    expect(row.thynapse).to.equal(4e6);
    expect(row.spread).to.equal(0);
    expect(row.redis).to.equal(null);
    expect(rowOf("one-to-one-128", { nats: [1e6] }).ratio).to.equal(null);
  });

  it("takes latencies as pairs", () => {
    const row = rowOf("ask-1", { thynapse: [{ p50: 0.2, p99: 1 }], nats: [{ p50: 0.4, p99: 1 }] });

    expect(row.ratio).to.deep.equal({ p50: 0.5, p99: 1 });
  });

  it("divides by the figure of one transmitter where a scenario spans two", () => {
    const row = rowOf("link-ask-1", {
      thynapse: [{ p50: 0.6, p99: 3 }],
      single: [{ p50: 0.4, p99: 1 }],
      nats: [{ p50: 0.1, p99: 0.1 }],
    });

    expect(row.ratio).to.deep.equal({ p50: 1.5, p99: 3 });
    expect(row.single).to.deep.equal({ p50: 0.4, p99: 1 });
    expect(missesOf(row, false)).to.deep.equal(["link-ask-1: p99 ratio 3 is over 2"]);
  });

  it("misses a target by a ratio that is too small, or a latency that is too large", () => {
    const slow = rowOf("one-to-one-128", { thynapse: [3e6], nats: [1e6] });
    const late = rowOf("ask-1", {
      thynapse: [{ p50: 2.4, p99: 2.9 }],
      nats: [{ p50: 1, p99: 1 }],
    });

    expect(missesOf(slow, false)).to.deep.equal(["one-to-one-128: ratio 3 is under 3.5"]);
    expect(missesOf(slow, true)).to.deep.equal([]);
    expect(missesOf(late, false)).to.have.length(2);
    expect(missesOf(late, true)).to.deep.equal([]);
  });

  it("takes what is within reach for the target in CI, and the target itself elsewhere", () => {
    const reached = { ...rowOf("one-to-one-128", { thynapse: [2e6], nats: [1e6] }), reached: 2.4 };

    expect(missesOf(reached, true)).to.deep.equal([]);
    expect(missesOf({ ...reached, reached: 2.6 }, true)).to.have.length(1);
    expect(missesOf(reached, false)).to.deep.equal(["one-to-one-128: ratio 2 is under 3.5"]);
  });

  it("misses a target by shares that are further than 10 % from equal", () => {
    const scenario = scenarioNamed("group-4-128");
    const uneven = { value: 2e6, count: 1, deviation: 0.11 };
    const row = summarize(
      scenario,
      new Map([
        ["thynapse", [uneven]],
        ["nats", [{ ...uneven, value: 1e6 }]],
      ]),
      [],
    );

    expect(missesOf(row, true)).to.deep.equal([]);
    expect(missesOf(row, false)).to.deep.equal([
      "group-4-128: a share is 0.11 from equal, more than 0.1",
    ]);
  });

  it("is void below half of what NATS is known for", () => {
    const scenario = scenarioNamed("one-to-one-128");

    expect(voidnessesOf(rowOf("one-to-one-128", { nats: [388_000] }), scenario)).to.have.length(1);
    expect(voidnessesOf(rowOf("one-to-one-128", { nats: [389_000] }), scenario)).to.deep.equal([]);
    expect(voidnessesOf(rowOf("one-to-one-128", {}), scenario)).to.deep.equal([]);
  });

  it("is void where a run did not end, and says where that stood", () => {
    const failure = {
      system: "nats",
      repeat: 2,
      why: "did not end within 80 s: it was warming up",
    };
    const late = summarize(link, new Map(), [{ ...failure, system: "nats", isOverdue: true }]);
    const lossy = summarize(link, new Map(), [{ ...failure, system: "nats", isOverdue: false }]);

    expect(voidnessesOf(late, link)).to.deep.equal([
      "link-ask-1: nats, run 2, did not end within 80 s: it was warming up",
    ]);
    expect(voidnessesOf(lossy, link)).to.deep.equal([]);
  });
});

const link = scenarioNamed("link-ask-1");

function rowOf(
  name: string,
  values: Partial<Record<SystemName, readonly (number | Latency | undefined)[]>>,
): Row {
  const samples = Object.entries(values).map(
    ([system, list]): [SystemName, (Sample | undefined)[]] => [
      system as SystemName,
      list.map((value) => (value === undefined ? undefined : { value, count: 1 })),
    ],
  );
  return summarize(scenarioNamed(name), new Map(samples), []);
}
