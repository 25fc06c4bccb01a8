import { expect } from "chai";

import { Arrivals, checkUnion, deviationOf, type Share } from "./arrivals.js";
import { Load } from "./load.js";
import { scenarioNamed, type FlowScenario } from "./scenario.js";

describe("bench: arrivals", () => {
  it("are complete when every number came in a row", () => {
    const { take, faults, completions } = receiverOf("one-to-one-128", 3);

    take(0, 1, 2);

    expect(faults).to.deep.equal([]);
    expect(completions()).to.equal(1);
  });

  it("fail on a loss", () => {
    const { take, faults } = receiverOf("one-to-one-128", 3);

    take(0, 2);

    expect(faults).to.deep.equal(["event 2 came where 1 of 3 was due"]);
  });

  it("fail on a repeat, also after the last", () => {
    const { take, faults } = receiverOf("one-to-one-128", 2);

    take(0, 0, 1, 1);

    expect(faults).to.have.length(2);
  });

  it("fail on a body of another length", () => {
    const { arrivals, faults } = receiverOf("one-to-one-128", 2);

    arrivals.takeBytes(Buffer.alloc(127));

    expect(faults).to.deep.equal(["a body has 127 bytes instead of 128"]);
  });

  it("may come in any order across channels, but not within one", () => {
    const { takeOn, faults } = receiverOf("channels-10k-128", 20_002);

    takeOn(1, 0, 10_000);
    expect(faults).to.deep.equal([]);

    takeOn(20_001);
    expect(faults).to.have.length(1);
  });

  it("fail on an event that came on another's channel", () => {
    const { arrivals, load, faults } = receiverOf("channels-10k-128", 10);

    arrivals.takeOn(load.channelAt(1), load.bytesAt(0));

    expect(faults).to.deep.equal(["event 0 came on bench.load.c1: bench.load.c0"]);
  });

  it("of a group are exact as a union, whoever got what", () => {
    const [one, other] = [sharerOf(9, 0, 3, 8), sharerOf(9, 1, 2, 4, 5, 6, 7)];

    expect(() => checkUnion([one, other], 9)).not.to.throw();
    expect(() => checkUnion([one], 9)).to.throw("3 events came of 9");
    expect(() => checkUnion([one, other, sharerOf(9, 8)], 9)).to.throw("came twice");
  });

  it("of a group fail on a repeat at one receiver", () => {
    const { take, faults } = receiverOf("group-4-128", 9);

    take(4, 4);

    expect(faults).to.deep.equal(["event 4 of 9 came twice"]);
  });

  it("of a group deviate from equal by the share that is furthest", () => {
    expect(deviationOf([100, 100, 110, 90])).to.be.closeTo(0.1, 1e-9);
  });
});

function receiverOf(name: string, count: number) {
  const scenario = scenarioNamed(name) as FlowScenario;
  const load = new Load(scenario);
  const faults: string[] = [];
  let completionCount = 0;
  const arrivals = new Arrivals(scenario, {
    onComplete: () => completionCount++,
    onFailed: (why) => faults.push(why),
  });
  arrivals.begin(count);
  return {
    arrivals,
    load,
    faults,
    completions: () => completionCount,
    take: (...numbers: number[]) => {
      for (const number of numbers) arrivals.takeBytes(load.bytesAt(number));
    },
    takeOn: (...numbers: number[]) => {
      for (const number of numbers) {
        arrivals.takeOn(load.channelAt(number), load.bytesAt(number));
      }
    },
  };
}

function sharerOf(count: number, ...numbers: number[]): Share {
  const { arrivals, take } = receiverOf("group-4-128", count);
  take(...numbers);
  return arrivals.share();
}
